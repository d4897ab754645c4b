import numpy as np
import pytest
from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.core.document import FrameMask, Origin, TrackedObject
from app.core.edits import set_masks, set_prompts, set_verified, update_object
from app.core.masks import RleMask
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt
from app.ui.canvas.mask_layer import outline, stamp
from app.ui.canvas.scene import LOADING_MESSAGE_DELAY_MS
from tests.ui.canvas.conftest import GRAY, SIZE_HW, Stage


def blend(tracked: TrackedObject, opacity: float) -> tuple[float, ...]:
    return tuple(channel * opacity + GRAY * (1 - opacity) for channel in tracked.color)


def rgb(color: QColor) -> tuple[int, ...]:
    return color.red(), color.green(), color.blue()


@pytest.mark.parametrize("opacity", [0.25, 0.5, 1.0])
def test_mask_is_drawn_in_the_color_of_its_object(stage: Stage, opacity: float) -> None:
    stage.add_mask(2, slice(20, 60), slice(30, 70))
    stage.state.overlay_opacity = opacity
    expected = blend(stage.document.object(2), opacity)
    assert rgb(stage.color_at(50.5, 40.5)) == pytest.approx(expected, abs=2)
    assert rgb(stage.color_at(10.5, 40.5)) == (GRAY, GRAY, GRAY)


def test_mask_of_another_frame_is_not_drawn(stage: Stage) -> None:
    stage.add_mask(2, slice(20, 60), slice(30, 70), frame=3)
    assert rgb(stage.color_at(50, 40)) == (GRAY, GRAY, GRAY)
    stage.state.frame = 3
    assert rgb(stage.color_at(50, 40)) != (GRAY, GRAY, GRAY)


def test_overlay_belongs_to_the_frame_on_screen(stage: Stage) -> None:
    stage.add_mask(2, slice(20, 60), slice(30, 70), frame=3)
    stage.loader.is_slow = True
    stage.state.frame = 3
    assert rgb(stage.color_at(50, 40)) == (GRAY, GRAY, GRAY)
    stage.loader.deliver(3)
    assert rgb(stage.color_at(50, 40)) != (GRAY, GRAY, GRAY)


def test_hidden_and_solo_objects(stage: Stage) -> None:
    stage.add_mask(1, slice(0, 30), slice(0, 100))
    stage.add_mask(2, slice(50, 80), slice(0, 100))
    plain = (GRAY, GRAY, GRAY)

    def drawn() -> list[bool]:
        return [rgb(stage.color_at(50, y)) != plain for y in (15, 65)]

    assert drawn() == [True, True]
    stage.document.apply(update_object(stage.document, 1, is_visible=False))
    assert drawn() == [False, True]
    stage.state.solo_object = 1
    assert drawn() == [True, False]
    stage.state.show_masks = False
    assert drawn() == [False, False]


def test_the_active_object_is_drawn_beside_one_that_is_shown_alone(stage: Stage) -> None:
    stage.add_mask(1, slice(0, 30), slice(0, 100))
    stage.add_mask(2, slice(50, 80), slice(0, 100))
    stage.state.solo_object = 1
    stage.state.active_object = 2
    assert rgb(stage.color_at(50, 65)) != (GRAY, GRAY, GRAY)


def test_active_object_is_on_top(stage: Stage) -> None:
    for each in (1, 2):
        stage.add_mask(each, slice(20, 60), slice(20, 60))
    for active in (2, 1):
        stage.state.active_object = active
        expected = blend(stage.document.object(active), 0.5)
        assert rgb(stage.color_at(40.5, 40.5)) == pytest.approx(expected, abs=2)


def test_outlines_do_not_fill_the_inside(stage: Stage) -> None:
    stage.add_mask(2, slice(20, 60), slice(20, 60))
    stage.state.show_outlines = True
    assert rgb(stage.color_at(40.5, 40.5)) == (GRAY, GRAY, GRAY)
    assert rgb(stage.color_at(20.5, 40.5)) == pytest.approx(stage.document.object(2).color, abs=40)


def test_outline_is_as_wide_at_any_zoom(stage: Stage) -> None:
    stage.add_mask(2, slice(20, 60), slice(20, 60))
    stage.state.show_outlines = True
    widths = []
    for factor in (1.0, 4.0):
        stage.view.zoom_pan.zoom_by(factor, stage.widget_point(20.5, 40.5))
        image = stage.view.grab().toImage()
        y = round(stage.widget_point(0, 40.5).y())
        row = [rgb(image.pixelColor(x, y)) for x in range(150)]
        widths.append(sum(pixel[2] > pixel[0] + 40 for pixel in row))
    assert widths[0] == pytest.approx(widths[1], abs=1)


def test_empty_mask_is_labeled(stage: Stage) -> None:
    before = stage.view.grab().toImage()
    empty = FrameMask(RleMask.empty(SIZE_HW), Origin.TRACKED, 0.1)
    stage.document.apply(set_masks(stage.document, {(2, 0): empty}, "Test"))
    assert stage.view.grab().toImage() != before
    assert [text for text, _ in stage.view._scene._labels(0)] == [
        "second is not visible on this frame"
    ]


def test_prompts_are_drawn(stage: Stage) -> None:
    points = (PointPrompt(20.5, 20.5), PointPrompt(60.5, 20.5, False))
    prompts = FramePrompts(points, BoxPrompt(30, 40, 70, 70))
    stage.document.apply(set_prompts(stage.document, 1, 0, prompts))
    include, exclude = (stage.color_at(x + 0.8, 21.3) for x in (20.5, 60.5))
    assert include.green() > include.red()
    assert exclude.red() > exclude.green()
    assert rgb(stage.color_at(50, 40)) != (GRAY, GRAY, GRAY)
    assert rgb(stage.color_at(50, 55)) == (GRAY, GRAY, GRAY)


def test_magnified_pixels_are_not_smoothed(stage: Stage) -> None:
    stage.add_mask(2, slice(20, 60), slice(20, 60))
    inside, outside = stage.color_at(21.8, 20.2), stage.color_at(21.8, 19.8)
    assert rgb(outside) == (GRAY, GRAY, GRAY)
    assert rgb(inside) == pytest.approx(blend(stage.document.object(2), 0.5), abs=2)


def test_late_frame_is_announced_and_a_broken_one_explained(qtbot: QtBot, stage: Stage) -> None:
    stage.loader.is_slow = True
    stage.state.frame = 5
    assert stage.view._displayed.message == ""
    qtbot.waitUntil(lambda: stage.view._displayed.message == "Loading frame 5 ...", timeout=2000)
    stage.loader.deliver(5)
    assert stage.view._displayed.message == ""
    stage.state.frame = 6
    stage.loader.failed.emit(6, "Frame 6 cannot be decoded.")
    assert stage.view._displayed.message == "Frame 6 cannot be decoded."
    qtbot.wait(LOADING_MESSAGE_DELAY_MS + 50)
    assert stage.view._displayed.message == "Frame 6 cannot be decoded."


@pytest.mark.parametrize("seed", range(8))
def test_stamp_writes_exactly_the_mask(seed: int) -> None:
    bitmap = np.random.default_rng(seed).random((9, 13)) < [0.0, 0.5, 1.0, 0.1][seed % 4]
    labels = np.full((9, 13), 7, dtype=np.uint8)
    stamp(labels, RleMask.encode(bitmap), 3)
    np.testing.assert_array_equal(labels, np.where(bitmap, 3, 7))


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(0, 80), slice(0, 100)),
        (slice(10, 20), slice(30, 50)),
        (slice(79, 80), slice(99, 100)),
    ],
)
def test_outline_runs_through_the_border_pixels(rows: slice, columns: slice) -> None:
    bitmap = np.zeros(SIZE_HW, dtype=np.bool_)
    bitmap[rows, columns] = True
    expected = QRectF(
        columns.start + 0.5,
        rows.start + 0.5,
        columns.stop - columns.start - 1,
        rows.stop - rows.start - 1,
    )
    assert outline(RleMask.encode(bitmap)).boundingRect() == expected


def test_outline_has_holes() -> None:
    bitmap = np.zeros(SIZE_HW, dtype=np.bool_)
    bitmap[10:40, 10:40] = True
    bitmap[20:30, 20:30] = False
    path = outline(RleMask.encode(bitmap))
    assert not path.contains(QRectF(23, 23, 4, 4))
    assert path.contains(QRectF(12, 12, 4, 4))
    assert outline(RleMask.empty(SIZE_HW)).isEmpty()


def test_hatched_masks_of_two_objects_differ_without_color(stage: Stage) -> None:
    for each, rows in ((1, slice(0, 40)), (2, slice(40, 80))):
        stage.document.apply(update_object(stage.document, each, color=(200, 200, 200)))
        stage.add_mask(each, rows, slice(0, 100))
    stage.state.active_object = None

    def shades(row: float) -> list[int]:
        image, y = stage.view.grab().toImage(), stage.widget_point(0, row).y()
        xs = [stage.widget_point(x / 2, 0).x() for x in range(20, 80)]
        return [image.pixelColor(round(x), round(y)).red() for x in xs]

    assert np.ptp(shades(20)) == np.ptp(shades(60)) == 0
    stage.state.show_patterns = True
    assert np.ptp(shades(20)) == 0, "the first pattern is none"
    assert np.ptp(shades(60)) > 40


def test_a_long_label_lies_below_the_badge_of_a_verified_mask(stage: Stage) -> None:
    stage.document.apply(update_object(stage.document, 2, name="an object of a long name"))
    stage.add_mask(2, slice(20, 60), slice(30, 70))
    stage.document.apply(set_verified(stage.document, 2, 0, True))

    def corner() -> QImage:
        start = stage.widget_point(60, 0).toPoint()
        return stage.view.grab(QRect(start, QSize(140, 32))).toImage()

    stage.state.active_object = 1
    badge = corner()
    stage.state.active_object = 2  # which cannot be edited, as a label says
    assert corner() == badge


def test_verified_masks_have_a_badge_in_the_corner(stage: Stage) -> None:
    stage.add_mask(2, slice(20, 60), slice(30, 70))

    def badge_pixels() -> int:
        colors = [rgb(stage.color_at(x, y)) for x in range(60, 100, 2) for y in range(1, 10)]
        return sum(color != (GRAY, GRAY, GRAY) for color in colors)

    assert badge_pixels() == 0
    stage.document.apply(set_verified(stage.document, 2, 0, True))
    assert badge_pixels() > 20
    stage.document.apply(update_object(stage.document, 2, is_visible=False))
    assert badge_pixels() == 0
