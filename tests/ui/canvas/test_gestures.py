import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from pytestqt.qtbot import QtBot

from app.core.edits import paint, remove_object, set_prompts, set_verified, update_object
from app.core.masks import RleMask
from app.core.prompts import FramePrompts, PointPrompt
from app.ui.state.view_state import Tool
from tests.ui.canvas.conftest import CTRL, LEFT, MIDDLE, PLAIN, RIGHT, SHIFT, SIZE_HW, Stage


def brushed(stage: Stage, is_erasing: bool = False) -> np.ndarray:
    (name, (stroke, erased)), *rest = stage.received
    assert (name, erased, rest) == ("stroke_finished", is_erasing, [])
    assert isinstance(stroke, RleMask)
    return stroke.decode()


@pytest.mark.parametrize("notches", [-3, 0, 5, 12])
def test_a_click_maps_to_the_pixel_under_the_pointer(stage: Stage, notches: int) -> None:
    stage.listen("point_requested")
    stage.wheel(stage.widget_point(30.5, 20.5), notches)
    stage.press(30.5, 20.5)
    stage.release(30.5, 20.5)
    ((_, (x, y, is_positive)),) = stage.received
    assert (x, y) == pytest.approx((30.5, 20.5))
    assert is_positive


@pytest.mark.parametrize(
    ("button", "modifiers", "is_positive"),
    [(LEFT, PLAIN, True), (RIGHT, PLAIN, False), (LEFT, CTRL, False), (LEFT, SHIFT, True)],
)
def test_the_button_decides_between_positive_and_negative(
    stage: Stage,
    button: Qt.MouseButton,
    modifiers: Qt.KeyboardModifier,
    is_positive: bool,
) -> None:
    stage.listen("point_requested")
    stage.press(10, 10, button, modifiers)
    assert [values[2] for _, values in stage.received] == [is_positive]


def test_click_outside_the_image_does_nothing(stage: Stage) -> None:
    stage.listen("point_requested")
    stage.press(-1, 10)
    assert stage.received == []


def test_click_before_the_frame_is_displayed_does_nothing(stage: Stage) -> None:
    stage.listen("point_requested")
    stage.loader.is_slow = True
    stage.state.frame = 5
    stage.press(10, 10)
    assert stage.received == []
    stage.loader.deliver(5)
    stage.press(10, 10)
    assert len(stage.received) == 1


def test_locked_and_verified_masks_take_no_gesture(stage: Stage) -> None:
    stage.listen("point_requested")
    stage.document.apply(update_object(stage.document, 1, is_locked=True))
    stage.press(10, 10)
    assert stage.view.cursor().shape() is Qt.CursorShape.ForbiddenCursor
    stage.document.apply(update_object(stage.document, 1, is_locked=False))
    stage.add_mask(1, slice(0, 5), slice(0, 5))
    stage.document.apply(set_verified(stage.document, 1, 0, True))
    stage.press(10, 10)
    assert stage.received == []


def test_click_on_a_point_selects_it(stage: Stage) -> None:
    stage.listen("point_requested")
    prompts = FramePrompts((PointPrompt(20, 20), PointPrompt(60, 40, False)))
    stage.document.apply(set_prompts(stage.document, 1, 0, prompts))
    stage.press(60.5, 40.5)
    assert (stage.state.selected_point, stage.received) == (1, [])
    stage.document.apply(set_prompts(stage.document, 1, 0, prompts.without_point(1)))
    assert stage.state.selected_point is None


def test_box_drag(stage: Stage) -> None:
    stage.state.tool = Tool.BOX
    stage.listen("box_requested")
    stage.press(60, 50)
    stage.move(30, 20)
    stage.move(20.25, -10)
    stage.release(20.25, -10)
    ((_, box),) = stage.received
    assert box == pytest.approx((20.25, 0, 60, 50))


def test_click_with_the_box_tool_draws_no_box(stage: Stage) -> None:
    stage.state.tool = Tool.BOX
    stage.listen("box_requested")
    stage.press(60, 50)
    stage.move(60.5, 50.5)
    stage.release(60.5, 50.5)
    assert stage.received == []


def test_brush_stroke_covers_the_pixels_under_the_brush(stage: Stage) -> None:
    stage.add_mask(1, slice(0, 5), slice(0, 5))
    stage.state.tool, stage.state.brush_radius = Tool.BRUSH, 3
    stage.listen("stroke_finished")
    stage.press(20.5, 40.5)
    stage.move(60.5, 40.5)
    stage.release(60.5, 40.5)
    painted = brushed(stage)
    assert not painted[:5, :5].any()
    assert painted[40, 17:64].all()
    assert painted[37:44, 40].all()
    assert not painted[36, 40]
    assert not painted[44, 40]
    assert not painted[40, 65:].any()


@pytest.mark.parametrize(("tool", "button"), [(Tool.ERASER, LEFT), (Tool.BRUSH, RIGHT)])
def test_erasing(stage: Stage, tool: Tool, button: Qt.MouseButton) -> None:
    stage.add_mask(1, slice(20, 60), slice(20, 60))
    stage.state.tool, stage.state.brush_radius = tool, 2
    stage.listen("stroke_finished")
    stage.press(40.5, 30.5, button)
    stage.release(40.5, 30.5, button)
    erased = brushed(stage, is_erasing=True)
    assert erased[28:33, 40].all()
    assert erased.sum() < 30


def test_stroke_outside_the_image_emits_no_signal(stage: Stage) -> None:
    stage.state.tool, stage.state.brush_radius = Tool.BRUSH, 2
    stage.listen("stroke_finished")
    stage.press(-40, 30)
    stage.release(-40, 30)
    assert stage.received == []


def test_stroke_without_an_object_starts_from_an_empty_mask(stage: Stage) -> None:
    stage.state.active_object = None
    stage.state.tool, stage.state.brush_radius = Tool.BRUSH, 1
    stage.listen("stroke_finished")
    stage.press(40.5, 30.5)
    stage.release(40.5, 30.5)
    assert brushed(stage)[30, 40]


def test_stroke_is_visible_while_it_is_drawn(stage: Stage) -> None:
    stage.state.tool, stage.state.brush_radius = Tool.BRUSH, 6
    before = stage.color_at(50.5, 40.5)
    stage.press(20.5, 40.5)
    stage.move(80.5, 40.5)
    assert stage.color_at(50.5, 40.5) != before


@pytest.mark.parametrize("tool", [Tool.BOX, Tool.BRUSH, Tool.ERASER])
def test_escape_cancels_the_gesture(qtbot: QtBot, stage: Stage, tool: Tool) -> None:
    stage.add_mask(1, slice(20, 60), slice(20, 60))
    before = stage.view.grab().toImage()
    stage.state.tool = tool
    stage.listen("stroke_finished", "box_requested")
    stage.press(20, 20)
    stage.move(50, 50)
    qtbot.keyClick(stage.view, Qt.Key.Key_Escape)
    stage.move(70, 70)
    stage.release(70, 70)
    assert stage.received == []
    stage.state.tool = Tool.POINT
    assert stage.view.grab().toImage() == before


def test_cancel_returns_whether_there_was_a_gesture(stage: Stage) -> None:
    stage.state.tool = Tool.BRUSH
    assert not stage.view.cancel_gesture()
    stage.press(20, 20)
    assert stage.view.cancel_gesture()
    assert not stage.view.cancel_gesture()


@pytest.mark.parametrize("leave", ["frame", "active_object", "tool"])
def test_a_stroke_is_finished_where_it_was_painted(stage: Stage, leave: str) -> None:
    places: list[tuple[int, int | None]] = []
    stage.view.stroke_finished.connect(
        lambda *_: places.append((stage.state.frame, stage.state.active_object))
    )
    stage.state.tool = Tool.BRUSH
    stage.press(20, 20)
    stage.move(40, 20)
    setattr(stage.state, leave, {"frame": 3, "active_object": 2, "tool": Tool.BOX}[leave])
    stage.move(60, 60)
    stage.release(60, 60)
    assert places == [(0, 1)]


def test_a_stroke_on_an_object_that_is_deleted_meanwhile_paints_nothing(stage: Stage) -> None:
    stage.listen("stroke_finished")
    stage.state.tool = Tool.BRUSH
    stage.press(20, 20)
    stage.document.apply(remove_object(stage.document, 1))
    stage.state.active_object = 2
    assert stage.received == []


def test_pan_and_zoom_while_drawing(stage: Stage) -> None:
    stage.state.tool, stage.state.brush_radius = Tool.BRUSH, 1
    stage.listen("stroke_finished")
    stage.press(20.5, 40.5)
    start = stage.widget_point(20.5, 40.5)
    stage.mouse(QEvent.Type.MouseButtonPress, start, MIDDLE)
    stage.mouse(QEvent.Type.MouseMove, start + QPointF(30, 10))
    stage.mouse(QEvent.Type.MouseButtonRelease, start + QPointF(30, 10), MIDDLE)
    assert stage.widget_point(20.5, 40.5) == start + QPointF(30, 10)
    stage.wheel(stage.widget_point(20.5, 40.5), 4)
    stage.move(30.5, 40.5)
    stage.release(30.5, 40.5)
    painted = brushed(stage)
    assert painted[40, 20:31].all()
    assert set(np.flatnonzero(painted.any(1))) <= {38, 39, 40, 41, 42}


@pytest.mark.parametrize("modifiers", [PLAIN, CTRL])
def test_wheel_zooms_at_the_pointer(stage: Stage, modifiers: Qt.KeyboardModifier) -> None:
    at, scale = QPointF(150, 100), stage.view.viewport.scale
    under = stage.view.viewport.to_image(at.x(), at.y())
    stage.wheel(at, 2, modifiers)
    assert stage.view.viewport.scale > scale
    assert stage.view.viewport.to_image(at.x(), at.y()) == pytest.approx(under)


def test_fit_follows_the_size_of_the_widget_until_zoomed(stage: Stage) -> None:
    scale = stage.view.viewport.scale
    stage.view.resize(800, 600)
    assert stage.view.viewport.scale > scale
    stage.view.zoom_pan.zoom_to(1)
    assert stage.view.viewport.scale == pytest.approx(1)
    stage.view.resize(500, 400)
    assert stage.view.viewport.scale == pytest.approx(1)
    stage.view.zoom_pan.fit()
    assert stage.view.viewport.scale > 1


def test_pixel_under_the_pointer_is_reported(stage: Stage) -> None:
    stage.listen("cursor_moved")
    stage.move(12.9, 7.1)
    stage.move(-3, 7)
    assert [values for _, values in stage.received] == [((12, 7),), (None,)]


def test_preview_is_throttled_and_ends(qtbot: QtBot, stage: Stage) -> None:
    stage.listen("preview_requested", "preview_ended")
    for x in range(10, 50):
        stage.move(x + 0.5, 30.5, SHIFT)
    assert len(stage.received) == 1
    qtbot.waitUntil(lambda: len(stage.received) == 2)
    assert [values[0] for _, values in stage.received] == pytest.approx([10.5, 49.5])
    stage.move(50, 30)
    assert stage.received[-1] == ("preview_ended", ())


def test_preview_is_drawn_only_while_requested(stage: Stage) -> None:
    bitmap = np.zeros(SIZE_HW, dtype=np.bool_)
    bitmap[20:60, 20:60] = True
    mask = RleMask.encode(bitmap)
    before = stage.color_at(40, 40)
    stage.view.show_preview(mask)
    assert stage.color_at(40, 40) == before
    stage.move(30, 30, SHIFT)
    stage.view.show_preview(mask)
    assert stage.color_at(40, 40) != before
    stage.move(31, 30)
    assert stage.color_at(40, 40) == before


def test_gestures_never_change_the_document(stage: Stage) -> None:
    stage.document.subscribe(lambda _changes: pytest.fail("changed"))
    for tool in Tool:
        stage.state.tool = tool
        stage.press(20, 20)
        stage.move(50, 50)
        stage.release(50, 50)


def test_mask_drawn_by_a_stroke_stays_on_screen(stage: Stage) -> None:
    def store(stroke: RleMask, is_erasing: bool) -> None:
        stage.document.apply(paint(stage.document, 1, 0, stroke, is_erasing))

    stage.view.stroke_finished.connect(store)
    stage.state.tool, stage.state.brush_radius = Tool.BRUSH, 10
    background = stage.color_at(40.5, 40.5)
    stage.press(40.5, 40.5)
    stage.release(40.5, 40.5)
    stage.state.tool = Tool.POINT
    assert stage.color_at(40.5, 40.5) != background
