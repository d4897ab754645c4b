"""The survival map on the canvas: which color is where, and which bank it shows."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor

from app.core import edits
from app.core.memory import MemoryDecision, MemoryRecord, MemoryScores
from app.ui.controllers.memory_inspection import MemoryInspection
from app.ui.style.memory_marks import bank_color
from tests.ui.canvas.conftest import GRAY, SIZE_HW, Stage

GRID_HW = (8, 10)  # locations of 10 x 10 image pixels
PLAIN = (GRAY, GRAY, GRAY)


def bits(*locations: tuple[int, int]) -> bytes:
    grid = np.zeros(GRID_HW, np.bool_)
    for row, column in locations:
        grid[row, column] = True
    return np.packbits(grid).tobytes()


def window_bits(*windows: tuple[int, int]) -> bytes:
    grid = np.zeros((GRID_HW[0] // 2, GRID_HW[1] // 2), np.bool_)
    for row, column in windows:
        grid[row, column] = True
    return np.packbits(grid).tobytes()


@pytest.fixture
def record() -> MemoryRecord:
    """Frame 3 holds tokens at (0, 4), (0, 6); frame 7 at (0, 6) and the window (2..3, 4..5)."""
    window = [(row, column) for row in (2, 3) for column in (4, 5)]
    return MemoryRecord(
        MemoryDecision.KEPT,
        "the bank had room",
        MemoryScores(0.9, 1.0, 0.9, 0.2),
        (3, 7),
        survivors={
            3: (*GRID_HW, bits((0, 4), (0, 6))),
            7: (*GRID_HW, bits((0, 6), *window)),
        },
        tokens={3: 2, 7: 2},
        pool=2,
        averaged={3: window_bits(), 7: window_bits((1, 2))},
    )


@pytest.fixture
def mapped(stage: Stage, record: MemoryRecord) -> Stage:
    """The map is shown on frame 7, after which the bank is that of ``record``."""
    rows = {(1, 7): record, (1, 8): replace(record, bank=(3,), survivors={}, tokens={})}
    stage.document.apply(edits.set_masks(stage.document, {}, "Track", rows))
    stage.state.frame = 7
    stage.state.show_memory_map = True
    return stage


def rgb(color: QColor) -> tuple[int, ...]:
    return color.red(), color.green(), color.blue()


def is_tinted(stage: Stage, x: float, y: float, color: QColor) -> bool:
    """Whether gray was blended towards a color."""
    seen = np.array(rgb(stage.color_at(x, y)), float)
    change, wanted = seen - GRAY, np.array(rgb(color), float) - GRAY
    return bool(np.abs(change - 0.65 * wanted).max() < 6)


def test_the_map_is_drawn_on_request(mapped: Stage) -> None:
    assert is_tinted(mapped, 44.5, 5.0, bank_color(0))
    assert rgb(mapped.color_at(54.5, 5.0)) == PLAIN  # no token there
    mapped.state.show_memory_map = False
    assert rgb(mapped.color_at(44.5, 5.0)) == PLAIN


def test_frames_that_hold_the_same_location_share_it(mapped: Stage) -> None:
    assert is_tinted(mapped, 63.0, 5.0, bank_color(0))
    assert is_tinted(mapped, 67.5, 5.0, bank_color(1))


def test_an_averaged_window_is_one_square_and_own_tokens_are_not(mapped: Stage) -> None:
    assert is_tinted(mapped, 50.0, 30.0, bank_color(1))  # where four locations meet
    assert is_tinted(mapped, 50.0, 22.5, bank_color(1))
    assert not is_tinted(mapped, 44.5, 9.8, bank_color(0))  # the gap between two locations


def test_the_pooling_grid_is_drawn_over_the_whole_frame(mapped: Stage) -> None:
    image = mapped.view.grab().toImage()
    y = mapped.widget_point(0, 45).toPoint().y()
    left, right = (round(mapped.widget_point(x, 0).x()) for x in (2, 98))
    light = [x for x in range(left, right) if image.pixelColor(x, y).lightness() > GRAY + 15]
    pooled_px = 2 * SIZE_HW[1] / GRID_HW[1] * mapped.view.viewport.scale
    assert len(light) == 4
    assert np.diff(light) == pytest.approx([pooled_px] * 3, abs=1.5)


def test_an_inspected_bank_shows_the_tokens_of_the_displayed_frame(mapped: Stage) -> None:
    inspection = MemoryInspection(mapped.document, mapped.state)
    inspection.inspect(7, 3)
    assert mapped.state.frame == 3
    assert is_tinted(mapped, 63.0, 5.0, bank_color(0))
    assert is_tinted(mapped, 67.5, 5.0, bank_color(0))
    assert rgb(mapped.color_at(52.5, 22.5)) == PLAIN  # a token of frame 7
    inspection.back()
    assert (mapped.state.frame, mapped.state.inspected_bank) == (7, None)


def test_an_inspection_ends_on_a_frame_that_the_bank_does_not_hold(mapped: Stage) -> None:
    inspection = MemoryInspection(mapped.document, mapped.state)
    inspection.inspect(7, 3)
    mapped.state.frame = 7
    assert mapped.state.inspected_bank == 7
    mapped.state.frame = 8
    assert mapped.state.inspected_bank is None
    inspection.inspect(7, 3)
    mapped.state.active_object = 2
    assert mapped.state.inspected_bank is None


def test_the_map_follows_tracking(mapped: Stage, record: MemoryRecord) -> None:
    moved = replace(record, survivors={**record.survivors, 3: (*GRID_HW, bits((5, 5)))})
    edit = edits.set_masks(mapped.document, {}, "Track", {(1, 7): moved})
    mapped.document.apply(edit)
    assert rgb(mapped.color_at(44.5, 5.0)) == PLAIN
    assert is_tinted(mapped, 54.5, 55.0, bank_color(0))


def test_a_tracked_frame_that_is_not_displayed_repaints_the_canvas_for_the_map_only(
    stage: Stage, record: MemoryRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    repaints: list[None] = []
    monkeypatch.setattr(stage.view, "update", lambda *args: repaints.append(None))

    def track(frame: int) -> None:
        memory = {(1, frame): record}
        stage.document.apply(edits.set_masks(stage.document, {}, "Track", memory))

    track(5)
    assert not repaints
    stage.state.show_memory_map = True
    repaints.clear()
    track(6)
    assert repaints
