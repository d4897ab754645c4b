"""Points are dragged and removed, boxes adjusted, polygons and lassos drawn and edited."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QApplication, QSlider, QSpinBox
from pytestqt.qtbot import QtBot

from app.core.document import FrameMask
from app.core.edits import paint, set_prompts, update_object
from app.core.history import History
from app.core.masks import RleMask
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt
from app.ui.canvas.brush_options import BrushOptions
from app.ui.state.gesture_keys import FINISH, STEP_BACK
from app.ui.state.view_state import Tool
from tests.ui.canvas.conftest import GRAY, LEFT, RIGHT, Stage

ALT = Qt.KeyboardModifier.AltModifier
POINTS = FramePrompts((PointPrompt(20, 20), PointPrompt(60, 40, False)))
SQUARE = [(20.5, 20.5), (40.5, 20.5), (40.5, 40.5), (20.5, 40.5)]


@pytest.fixture
def history(stage: Stage) -> History:
    """Carries out what the canvas asks for on the first object, as the window does."""
    history = History(stage.document)
    document = stage.document

    def repaint(
        over: tuple[FrameMask | None, FramePrompts], stroke: RleMask, is_erasing: bool
    ) -> None:
        history.execute(paint(document, 1, 0, stroke, is_erasing, over))

    stage.view.stroke_finished.connect(
        lambda stroke, is_erasing: history.execute(paint(document, 1, 0, stroke, is_erasing))
    )
    stage.view.stroke_replaced.connect(repaint)
    return history


def prompt(stage: Stage, prompts: FramePrompts) -> None:
    stage.document.apply(set_prompts(stage.document, 1, 0, prompts))


def drag(stage: Stage, start: tuple[float, float], end: tuple[float, float]) -> None:
    stage.press(*start)
    stage.move(*((a + b) / 2 for a, b in zip(start, end, strict=True)))
    stage.move(*end)
    stage.release(*end)


def double_click(stage: Stage, x: float, y: float) -> None:
    stage.press(x, y)
    stage.release(x, y)
    stage.mouse(QEvent.Type.MouseButtonDblClick, stage.widget_point(x, y), LEFT)
    stage.release(x, y)


def click(stage: Stage, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
    stage.press(x, y, button)
    stage.release(x, y, button)


def mask_of(stage: Stage) -> RleMask:
    row = stage.document.mask(1, 0)
    assert row is not None
    return row.mask


def test_a_point_is_dragged_and_drawn_where_it_is_held(stage: Stage) -> None:
    stage.listen("point_requested", "point_moved")
    prompt(stage, POINTS)
    empty, there = stage.color_at(80, 60), stage.color_at(60, 40)
    stage.press(60.2, 40.2)
    stage.move(80, 60)
    assert stage.color_at(80, 60) == there != empty
    stage.release(80, 60)
    assert stage.received == [("point_moved", (1, pytest.approx(80), pytest.approx(60)))]
    assert stage.document.prompts(1, 0) == POINTS


def test_a_point_is_not_moved_by_a_click_or_a_canceled_drag(qtbot: QtBot, stage: Stage) -> None:
    stage.listen("point_requested", "point_moved")
    prompt(stage, POINTS)
    drag(stage, (60, 40), (61, 40.5))
    assert stage.state.selected_point == 1
    stage.press(60, 40)
    stage.move(80, 60)
    qtbot.keyClick(stage.view, Qt.Key.Key_Escape)
    stage.release(80, 60)
    assert stage.received == []


def test_a_point_cannot_be_dragged_out_of_the_image(stage: Stage) -> None:
    stage.listen("point_moved")
    prompt(stage, POINTS)
    drag(stage, (20, 20), (-30, 500))
    ((_, (index, x, y)),) = stage.received
    assert (index, int(x), int(y)) == (0, 0, 79)


def test_alt_and_a_click_remove_a_point(stage: Stage) -> None:
    stage.listen("point_requested", "point_removed")
    prompt(stage, POINTS)
    stage.press(20, 20, LEFT, ALT)
    stage.release(20, 20)
    assert stage.received == [("point_removed", (0,))]
    stage.press(90, 70, LEFT, ALT)
    assert stage.received[1][0] == "point_requested"


@pytest.mark.parametrize(
    ("handle", "to", "box"),
    [
        ((20, 20), (10, 5), (10, 5, 60, 50)),
        ((60, 50), (80, 70), (20, 20, 80, 70)),
        ((40, 20), (99, 10), (20, 10, 60, 50)),
        ((60, 35), (5, 79), (5, 20, 20, 50)),
        ((20, 50), (-9, 95), (0, 20, 60, 80)),
    ],
)
def test_a_box_is_adjusted_by_its_handles(
    stage: Stage,
    handle: tuple[float, float],
    to: tuple[float, float],
    box: tuple[float, float, float, float],
) -> None:
    stage.listen("box_requested")
    stage.state.tool = Tool.BOX
    prompt(stage, FramePrompts(box=BoxPrompt(20, 20, 60, 50)))
    drag(stage, handle, to)
    ((_, found),) = stage.received
    assert found == pytest.approx(box)


def test_a_box_that_was_adjusted_does_not_come_back(stage: Stage) -> None:
    stage.listen("box_requested")
    stage.state.tool = Tool.BOX
    prompt(stage, FramePrompts(box=BoxPrompt(20, 20, 60, 50)))
    drag(stage, (60, 50), (80, 70))
    prompt(stage, FramePrompts())
    assert stage.color_at(40, 20) == QColor(GRAY, GRAY, GRAY)
    stage.press(5, 5)
    stage.release(5, 5)
    assert len(stage.received) == 1


def test_the_cursor_tells_what_can_be_dragged(stage: Stage) -> None:
    prompt(stage, FramePrompts(POINTS.points, BoxPrompt(20, 20, 60, 50)))
    stage.move(60, 40)
    assert stage.view.cursor().shape() is Qt.CursorShape.OpenHandCursor
    stage.state.tool = Tool.BOX
    stage.move(20, 20)
    assert stage.view.cursor().shape() is Qt.CursorShape.SizeFDiagCursor
    stage.move(40, 50)
    assert stage.view.cursor().shape() is Qt.CursorShape.SizeVerCursor
    stage.move(80, 10)
    assert stage.view.cursor().shape() is Qt.CursorShape.CrossCursor


def close_by_double_click(stage: Stage) -> None:
    double_click(stage, *SQUARE[-1])


def close_by_key(stage: Stage) -> None:
    click(stage, *SQUARE[-1])
    QApplication.sendEvent(
        stage.view,
        QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier),
    )


@pytest.mark.parametrize("close", [close_by_double_click, close_by_key])
def test_a_closed_polygon_is_painted(
    stage: Stage, history: History, close: Callable[[Stage], None]
) -> None:
    stage.state.tool = Tool.POLYGON
    for vertex in SQUARE[:-1]:
        click(stage, *vertex)
    assert stage.document.mask(1, 0) is None
    close(stage)
    assert mask_of(stage).box_xyxy == (20, 20, 41, 41)
    assert mask_of(stage).area == 21 * 21
    assert len(history) == 1


def test_the_right_button_draws_a_polygon_that_erases(stage: Stage, history: History) -> None:
    before = stage.add_mask(1, slice(0, 80), slice(0, 100))
    stage.state.tool = Tool.POLYGON
    for vertex in SQUARE[:-1]:
        click(stage, *vertex, RIGHT)
    double_click(stage, *SQUARE[-1])
    assert before.area - mask_of(stage).area == 21 * 21


def draw_square(stage: Stage) -> None:
    stage.state.tool = Tool.POLYGON
    for vertex in SQUARE[:-1]:
        click(stage, *vertex)
    double_click(stage, *SQUARE[-1])


def test_vertices_of_a_closed_polygon_move_with_undo(stage: Stage, history: History) -> None:
    draw_square(stage)
    drag(stage, (40.5, 40.5), (60.5, 40.5))
    assert mask_of(stage).box_xyxy == (20, 20, 61, 41)
    drag(stage, (20.5, 20.5), (20.5, 30.5))
    smaller = mask_of(stage)
    assert not smaller.covers(21, 21)
    history.undo()
    assert mask_of(stage).covers(21, 21)
    drag(stage, (20.5, 20.5), (10.5, 20.5))
    assert mask_of(stage).box_xyxy == (10, 20, 61, 41)
    for _ in range(3):
        history.undo()
    assert stage.document.mask(1, 0) is None
    history.redo()
    assert mask_of(stage).box_xyxy == (20, 20, 41, 41)
    drag(stage, (20.5, 20.5), (10.5, 20.5))
    assert mask_of(stage).box_xyxy == (10, 20, 41, 41)


def test_alt_and_a_click_remove_a_vertex_but_never_the_last_three(
    stage: Stage, history: History
) -> None:
    draw_square(stage)
    for at in (SQUARE[2], SQUARE[1]):
        stage.press(*at, LEFT, ALT)
        stage.release(*at)
    assert not mask_of(stage).covers(40, 40)
    assert mask_of(stage).covers(39, 21)
    assert len(history) == 2


def test_vertices_stay_until_another_polygon_starts_or_escape(
    qtbot: QtBot, stage: Stage, history: History
) -> None:
    draw_square(stage)
    qtbot.keyClick(stage.view, Qt.Key.Key_Escape)
    drag(stage, (40.5, 40.5), (60.5, 40.5))
    assert len(history) == 1
    qtbot.keyClick(stage.view, Qt.Key.Key_Escape)
    assert not stage.view.cancel_gesture()


def test_backspace_and_escape_in_an_open_polygon(
    qtbot: QtBot, stage: Stage, history: History
) -> None:
    stage.state.tool = Tool.POLYGON
    for vertex in (*SQUARE[:3], (90.5, 70.5)):
        click(stage, *vertex)
    qtbot.keyClick(stage.view, Qt.Key.Key_Backspace)
    click(stage, *SQUARE[3])
    qtbot.keyClick(stage.view, Qt.Key.Key_Enter)
    assert mask_of(stage).box_xyxy == (20, 20, 41, 41)
    qtbot.keyClick(stage.view, Qt.Key.Key_Escape)
    click(stage, 90, 70)
    qtbot.keyClick(stage.view, Qt.Key.Key_Escape)
    qtbot.keyClick(stage.view, Qt.Key.Key_Enter)
    assert len(history) == 1


def test_the_keys_of_a_polygon_are_those_of_the_keymap(
    qtbot: QtBot, stage: Stage, history: History
) -> None:
    stage.keymap.add(FINISH, "F")
    stage.keymap.clear(STEP_BACK)
    stage.keymap.add(STEP_BACK, "Ctrl+Z")
    stage.state.tool = Tool.POLYGON
    for vertex in (*SQUARE[:3], (90.5, 70.5)):
        click(stage, *vertex)
    qtbot.keyClick(stage.view, Qt.Key.Key_Backspace)
    qtbot.keyClick(stage.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    click(stage, *SQUARE[3])
    assert not len(history)
    qtbot.keyClick(stage.view, Qt.Key.Key_F)
    assert mask_of(stage).box_xyxy == (20, 20, 41, 41)


def test_an_unfinished_polygon_waits_on_its_frame_and_object(
    qtbot: QtBot, stage: Stage, history: History
) -> None:
    stage.listen("message")
    stage.state.tool = Tool.POLYGON
    for vertex in SQUARE[:3]:
        click(stage, *vertex)
    stage.state.frame = 5
    assert stage.received == [("message", ("The unfinished polygon waits on frame 0.",))]
    qtbot.keyClick(stage.view, Qt.Key.Key_Return)
    stage.state.active_object = 2
    stage.state.frame = 0
    stage.state.tool = Tool.POINT
    assert len(stage.received) == 1  # nothing was unfinished there
    stage.state.tool = Tool.POLYGON
    stage.state.active_object = 1
    click(stage, *SQUARE[3])
    qtbot.keyClick(stage.view, Qt.Key.Key_Return)
    assert mask_of(stage).box_xyxy == (20, 20, 41, 41)
    assert len(history) == 1


def test_keys_of_an_open_polygon_are_kept_from_the_shortcuts(stage: Stage) -> None:
    def is_kept() -> bool:
        plain = Qt.KeyboardModifier.NoModifier
        event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Return, plain)
        event.ignore()
        QApplication.sendEvent(stage.view, event)
        return event.isAccepted()

    stage.state.tool = Tool.POLYGON
    assert not is_kept()
    click(stage, 20, 20)
    assert is_kept()


def test_the_lasso_paints_what_it_encloses(stage: Stage, history: History) -> None:
    stage.state.tool = Tool.LASSO
    stage.press(*SQUARE[0])
    for vertex in SQUARE[1:]:
        stage.move(*vertex)
    stage.release(*SQUARE[-1])
    assert mask_of(stage).box_xyxy == (20, 20, 41, 41)
    stage.press(*SQUARE[0], RIGHT)
    for vertex in SQUARE[1:3]:
        stage.move(*vertex)
    stage.release(*SQUARE[2], RIGHT)
    assert not mask_of(stage).covers(39, 22)
    assert mask_of(stage).covers(22, 39)


def test_a_refused_press_says_why(stage: Stage) -> None:
    stage.listen("message", "point_requested")
    stage.document.apply(update_object(stage.document, 1, is_locked=True))
    stage.press(10, 10)
    assert stage.received == [("message", ("first is locked.",))]


def test_the_brush_radius_is_set_by_slider_and_number(stage: Stage) -> None:
    options = stage.view.findChild(BrushOptions)
    assert isinstance(options, BrushOptions)
    slider, number = options.findChild(QSlider), options.findChild(QSpinBox)
    assert isinstance(slider, QSlider)
    assert isinstance(number, QSpinBox)
    assert not options.isVisible()
    stage.state.tool = Tool.BRUSH
    assert options.isVisible()
    number.setValue(40)
    assert stage.state.brush_radius == 40
    slider.setValue(slider.maximum())
    assert stage.state.brush_radius == number.value() == 500
    stage.state.change_brush(-1)
    assert number.value() == 400
    assert slider.value() < slider.maximum()
    assert stage.view.rect().contains(options.geometry())


def test_the_zoom_is_in_screen_pixels(stage: Stage) -> None:
    stage.view.zoom_pan.zoom_to(2)
    assert stage.view.zoom_pan.zoom == pytest.approx(2)
    stage.wheel(QPointF(100, 100), 1)
    assert stage.view.zoom_pan.zoom == pytest.approx(2.5)
    stage.view.zoom_pan.zoom_to(None)
    assert stage.view.viewport == stage.view.viewport.fitted()


def test_a_point_that_is_undone_while_it_is_dragged_is_let_go(stage: Stage) -> None:
    stage.listen("point_requested", "point_moved")
    prompt(stage, POINTS)
    stage.press(60, 40)
    stage.move(80, 60)
    prompt(stage, FramePrompts(POINTS.points[:1]))
    stage.move(70, 60)
    stage.release(70, 60)
    assert stage.received == []
