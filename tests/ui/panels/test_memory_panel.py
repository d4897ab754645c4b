from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from app.core import edits
from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryDecision
from app.session import Session
from app.tracking.backend import Direction
from app.ui.jobs.frame_loader import FrameLoader
from app.ui.panels.memory_entry import BankEntryView
from app.ui.panels.memory_panel import MemoryPanel
from app.ui.state.document_bridge import DocumentBridge
from app.ui.state.view_state import ViewState
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import write_numbered_clip
from tests.ui.timeline_stage import Stage, record

pytestmark = pytest.mark.gui

FRAME_COUNT = 24


def shown(stage: Stage, qtbot: QtBot) -> MemoryPanel:
    panel = MemoryPanel(stage, stage.bridge, stage.state, stage.loader)
    qtbot.addWidget(panel)
    panel.resize(360, 800)
    panel.show()
    return panel


@pytest.fixture
def stage() -> Stage:
    stage = Stage(200)
    stage.state.active_object = stage.add_object("dog")
    stage.put(
        1,
        {},
        {
            0: record(MemoryDecision.PROMPTED, (0,)),
            10: record(MemoryDecision.KEPT, (0, 10)),
            20: record(MemoryDecision.REFUSED, (0, 10), reason="quality 0.31 is below 0.50"),
        },
    )
    return stage


@pytest.fixture
def panel(stage: Stage, qtbot: QtBot) -> MemoryPanel:
    return shown(stage, qtbot)


def listed(panel: MemoryPanel) -> list[int]:
    return [view.frame for view in panel.entries if view.isVisible()]


def test_the_panel_follows_frame_and_object(stage: Stage, panel: MemoryPanel, qtbot: QtBot) -> None:
    assert listed(panel) == [0]
    stage.state.frame = 20
    qtbot.waitUntil(lambda: listed(panel) == [0, 10])
    assert panel.title.text().startswith("Frame 20: refused")
    assert panel.detail.text().startswith(
        "Quality 0.31 is below 0.50. Novelty against the memory bank: 23"
    )
    assert panel.meter.isVisible()
    assert "498 of 7,168 (6.9\N{NO-BREAK SPACE}%)" in panel.meter.accessibleName()
    assert panel.bank_title.text() == "In memory after frame 20: 2 frames"
    assert {0, 10} <= set(stage.loader.asked)
    stage.state.active_object = None
    qtbot.waitUntil(lambda: panel.title.text() == "No object selected")
    assert listed(panel) == []
    assert not panel.meter.isVisible()


def test_the_panel_follows_a_stroke(stage: Stage, panel: MemoryPanel, qtbot: QtBot) -> None:
    stage.state.frame = 10
    qtbot.waitUntil(lambda: panel.title.text() == "Frame 10: kept")
    stroke = RleMask.encode(np.ones(stage.size_hw, dtype=np.bool_))
    stage.document.apply(edits.paint(stage.document, 1, 10, stroke))
    qtbot.waitUntil(lambda: panel.title.text() == "Frame 10: edited by hand")


def test_the_panel_follows_tracking_and_undo(
    stage: Stage, panel: MemoryPanel, qtbot: QtBot
) -> None:
    stage.state.frame = 30
    qtbot.waitUntil(lambda: "not tracked here" in panel.title.text())
    rows = {(1, 30): record(MemoryDecision.KEPT, (0, 10, 30))}
    edit = edits.set_masks(stage.document, {}, "Track", rows)
    stage.document.apply(edit)
    qtbot.waitUntil(lambda: listed(panel) == [0, 10, 30])
    stage.document.apply(edit.inverse())
    qtbot.waitUntil(lambda: listed(panel) == [])


def test_surviving_tokens_are_clear_and_dropped_ones_dark(panel: MemoryPanel, qtbot: QtBot) -> None:
    token_map = panel.entries[0].token_map
    image = token_map.grab().toImage()
    cell_px = token_map.width() / 8
    dropped, kept = (
        image.pixelColor(round((column + 0.5) * cell_px), round(token_map.height() / 16))
        for column in (0, 1)
    )
    assert dropped.lightness() < kept.lightness() / 2
    assert "42 of 64 locations" in token_map.toolTip()


def test_an_entry_shows_its_tokens_and_is_gray_without_any(
    stage: Stage, panel: MemoryPanel, qtbot: QtBot
) -> None:
    emptied = replace(record(MemoryDecision.KEPT, (0, 10)), tokens={0: 657, 10: 0})
    stage.put(1, {}, {30: emptied})
    stage.state.frame = 30
    qtbot.waitUntil(lambda: listed(panel) == [0, 10])
    full, empty = panel.entries[:2]
    assert [view.tokens.text() for view in (full, empty)] == ["657 tokens", "no tokens"]
    assert panel.bank_title.text().endswith("2 frames, 1 of them without tokens")

    def has_color(view: BankEntryView) -> bool:
        image = view.quality.grab().toImage()
        row = image.height() // 2
        return any(image.pixelColor(x, row).saturation() > 100 for x in range(image.width()))

    assert has_color(full)
    assert not has_color(empty)
    assert empty.title.property("role") == "muted"
    stage.state.frame = 10
    qtbot.waitUntil(lambda: empty.tokens.text() == "42 tokens")
    assert has_color(empty)


def test_a_fine_token_grid_does_not_hide_the_thumbnail(panel: MemoryPanel) -> None:
    token_map = panel.entries[0].token_map
    black = QImage(64, 36, QImage.Format.Format_RGB32)
    black.fill(0)
    token_map.set_image(black)
    brightest, clear = [], QColor(0, 0, 0, 0)
    for side in (8, 32):
        token_map.set_survivors((side, side, b"\xff" * (side * side // 8)), None, clear)
        image = token_map.grab().toImage()
        brightest.append(max(image.pixelColor(x, 30).lightness() for x in range(image.width())))
    assert brightest[0] > 0
    assert brightest[1] == 0


def test_long_frame_numbers_are_not_cut_at_the_edge(qtbot: QtBot) -> None:
    stage = Stage(100_000)
    stage.state.active_object = stage.add_object("dog")
    stage.put(1, {}, {99_999: record(MemoryDecision.KEPT, tuple(range(99_990, 100_000)))})
    stage.state.frame = 99_999
    panel = shown(stage, qtbot)
    panel.resize(panel.minimumSizeHint().width(), 500)
    qtbot.waitUntil(lambda: len(listed(panel)) == 10)
    scroll = panel.findChild(QScrollArea)
    assert scroll.verticalScrollBar().isVisible()
    assert scroll.viewport().width() >= scroll.widget().minimumSizeHint().width()


def test_marks_follow_the_theme(panel: MemoryPanel, qtbot: QtBot) -> None:
    def mark() -> QImage:
        return panel.entries[0].title.icon().pixmap(12, 12).toImage()

    palette, before = panel.palette(), mark()
    window, text = palette.window().color(), palette.windowText().color()
    palette.setColor(QPalette.ColorRole.Window, text)
    palette.setColor(QPalette.ColorRole.WindowText, window)
    panel.setPalette(palette)
    qtbot.waitUntil(lambda: mark() != before)


def test_an_entry_requests_its_frame(stage: Stage, panel: MemoryPanel, qtbot: QtBot) -> None:
    stage.state.frame = 20
    qtbot.waitUntil(lambda: listed(panel) == [0, 10])
    left = Qt.MouseButton.LeftButton
    with qtbot.waitSignal(panel.frame_requested) as asked:
        qtbot.mouseDClick(panel.entries[1].reason, left)
    assert asked.args == [10]
    with qtbot.waitSignal(panel.frame_requested) as asked:
        qtbot.mouseClick(panel.entries[0].title, left)
    assert asked.args == [0]


def test_an_entry_is_enlarged_and_the_panel_stays_with_its_bank(
    stage: Stage, panel: MemoryPanel, qtbot: QtBot
) -> None:
    stage.state.frame = 20
    qtbot.waitUntil(lambda: listed(panel) == [0, 10])
    with qtbot.waitSignal(panel.map_requested) as asked:
        qtbot.mouseDClick(panel.entries[0].token_map, Qt.MouseButton.LeftButton)
    assert asked.args == [20, 0]
    with qtbot.waitSignal(panel.map_requested) as asked:
        panel.entries[1].enlarge.click()
    assert asked.args == [20, 10]
    stage.state.inspected_bank = 20
    stage.state.frame = 0
    qtbot.waitUntil(panel.back.isVisible)
    assert panel.back.text() == "Back to frame 20"
    assert panel.title.text().startswith("Frame 20")
    assert listed(panel) == [0, 10]
    with qtbot.waitSignal(panel.back_requested):
        panel.back.click()
    stage.state.inspected_bank = None
    qtbot.waitUntil(lambda: listed(panel) == [0])
    assert not panel.back.isVisible()


def test_only_constraints_that_change_something_have_buttons(
    stage: Stage, panel: MemoryPanel, qtbot: QtBot
) -> None:
    asked: list[tuple[int, int, object]] = []
    panel.constraint_requested.connect(lambda *args: asked.append(args))
    stage.state.frame = 20
    qtbot.waitUntil(lambda: listed(panel) == [0, 10])
    own, entry = panel.constraint_buttons.buttons, panel.entries[1].constraint_buttons.buttons
    assert [own[d].isVisible() for d in (Constraint.PIN, Constraint.BAN, None)] == [
        True,
        True,
        False,
    ]
    own[Constraint.PIN].click()
    entry[Constraint.BAN].click()
    assert asked == [(1, 20, Constraint.PIN), (1, 10, Constraint.BAN)]
    stage.document.apply(edits.set_constraint(stage.document, 1, 20, Constraint.PIN))
    qtbot.waitUntil(own[None].isVisible)
    assert not own[Constraint.PIN].isVisible()
    own[None].click()
    assert asked[-1] == (1, 20, None)


def test_everything_that_can_be_pressed_has_a_name_and_a_tip(panel: MemoryPanel) -> None:
    pressable = [*panel.constraint_buttons.buttons.values(), panel.entries[0].title]
    pressable.append(panel.entries[0].enlarge)
    pressable += panel.entries[0].constraint_buttons.buttons.values()
    assert all(button.accessibleName() and button.toolTip() for button in pressable)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    clip = write_numbered_clip(tmp_path / "clip.mp4", FRAME_COUNT)
    opened = Session.open(clip, FakeBackend, tmp_path / "clip.tsam")
    yield opened
    opened.close()


def test_a_tracked_video_is_shown_with_thumbnails(session: Session, qtbot: QtBot) -> None:
    state, loader = ViewState(FRAME_COUNT), FrameLoader(session.source)
    bridge = DocumentBridge(session.document)
    panel = MemoryPanel(session, bridge, state, loader)
    qtbot.addWidget(panel)
    panel.show()
    driver = SessionDriver(session)
    state.active_object = driver.click_object()
    driver.track(Direction.FORWARD, 0)
    state.frame = FRAME_COUNT - 1
    record_now = session.document.memory(1, FRAME_COUNT - 1)
    assert record_now is not None
    qtbot.waitUntil(lambda: listed(panel) == list(record_now.bank))
    qtbot.waitUntil(lambda: all(v.token_map.has_image for v in panel.entries if v.isVisible()))
    loader.shutdown()
    bridge.close()
