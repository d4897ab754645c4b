"""The curves of a comparison: what they show, and how frames are reached through them."""

import re

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.tracking.backend import TrackRequest
from app.tracking.comparison import Comparison, ComparisonRequest, MemoryVariant
from app.ui.dialogs.comparison_curves import ComparisonCurves
from app.ui.dialogs.comparison_view import SIDE_RGB

pytestmark = pytest.mark.gui
FIRST, LAST, HIDDEN = 10, 50, 30
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def curves(qtbot: QtBot) -> ComparisonCurves:
    """Curves of the frames 10 to 50, in which frame 30 is not known."""
    variants = MemoryVariant("a"), MemoryVariant("b")
    compared = Comparison(ComparisonRequest(1, TrackRequest((), FIRST, FIRST, LAST), variants))
    frames = np.arange(FIRST, LAST + 1)
    compared.iou[:] = frames / 100
    compared.predicted_iou[0][:], compared.predicted_iou[1][:] = 0.75, 0.25
    compared.tokens[0][:], compared.tokens[1][:] = 4096, 12288
    for values in (compared.iou, *compared.predicted_iou, *compared.tokens):
        values[HIDDEN - FIRST] = np.nan
    widget = ComparisonCurves(compared)
    qtbot.addWidget(widget)
    widget.resize(700, 170)
    widget.frame_requested.connect(widget.set_frame)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def at(curves: ComparisonCurves, row: int, frame: float, value: float) -> QPoint:
    """Return where a value is plotted, in pixels of the row's viewport."""
    plot = curves.rows[row].plot
    return plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(frame, value)))


def color(curves: ComparisonCurves, row: int, frame: float, value: float) -> tuple[int, ...]:
    """Return the most visible color within a pixel above and below a value."""
    image = curves.rows[row].plot.viewport().grab().toImage()
    middle, base = at(curves, row, frame, value), np.array(background(curves))
    found = [image.pixelColor(middle + QPoint(0, y)).getRgb()[:3] for y in (-1, 0, 1)]
    return max(found, key=lambda rgb: int(np.abs(np.array(rgb) - base).sum()))


def background(curves: ComparisonCurves) -> tuple[int, ...]:
    return curves.palette().base().color().getRgb()[:3]


def texts(curves: ComparisonCurves) -> list[str]:
    plain = (re.sub("<br>|&nbsp;", " ", row.label.text()) for row in curves.rows)
    return [" ".join(re.sub("<.*?>|\N{BLACK SQUARE}", " ", text).split()) for text in plain]


def playheads(curves: ComparisonCurves) -> set[float]:
    return {row.playhead.value() for row in curves.rows}


def visible_frames(curves: ComparisonCurves) -> set[tuple[float, ...]]:
    return {
        tuple(round(end, 6) for end in row.plot.getViewBox().viewRange()[0]) for row in curves.rows
    }


def turn_wheel(curves: ComparisonCurves, row: int, frame: float, steps: int) -> None:
    viewport, place = curves.rows[row].plot.viewport(), QPointF(at(curves, row, frame, 0.5))
    event = QWheelEvent(
        place,
        QPointF(viewport.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)


def test_each_side_has_its_color_at_its_value_and_gaps_where_nothing_is_known(
    curves: ComparisonCurves,
) -> None:
    assert color(curves, 1, 20, 0.75) == pytest.approx(SIDE_RGB[0], abs=60)
    assert color(curves, 1, 20, 0.25) == pytest.approx(SIDE_RGB[1], abs=60)
    assert color(curves, 2, 20, 12288) == pytest.approx(SIDE_RGB[1], abs=60)
    for value in (0.75, 0.25):
        assert color(curves, 1, HIDDEN, value) == background(curves)


def test_values_that_come_later_are_plotted(curves: ComparisonCurves) -> None:
    compared = curves._comparison
    compared.predicted_iou[0][HIDDEN - FIRST] = 0.75
    compared.tokens[0][5] = 20000
    curves.refresh()
    assert color(curves, 1, HIDDEN, 0.75) == pytest.approx(SIDE_RGB[0], abs=60)
    assert curves.rows[2].plot.getViewBox().viewRange()[1][1] > 20000


@pytest.mark.parametrize("row", range(3))
def test_a_click_goes_to_a_frame(curves: ComparisonCurves, qtbot: QtBot, row: int) -> None:
    viewport = curves.rows[row].plot.viewport()
    for frame in (LAST, 17, FIRST):
        with qtbot.waitSignal(curves.frame_requested) as asked:
            qtbot.mouseClick(viewport, LEFT, pos=at(curves, row, frame, 0.5))
        assert asked.args == [frame]
        assert playheads(curves) == {frame}


def test_the_play_head_of_each_row_is_dragged_to_whole_frames(
    curves: ComparisonCurves, qtbot: QtBot
) -> None:
    curves.set_frame(20)
    asked: list[int] = []
    curves.frame_requested.connect(asked.append)
    before = visible_frames(curves)
    viewport = curves.rows[1].plot.viewport()
    qtbot.mouseMove(viewport, at(curves, 1, 20, 0.5))
    qtbot.mousePress(viewport, LEFT, pos=at(curves, 1, 20, 0.5))
    for tenth in range(200, 274):
        qtbot.mouseMove(viewport, at(curves, 1, tenth / 10, 0.5))
        qtbot.wait(1)
    qtbot.mouseRelease(viewport, LEFT, pos=at(curves, 1, 27.3, 0.5))
    assert asked == list(range(21, 28))
    assert playheads(curves) == {27}
    assert visible_frames(curves) == before


def test_the_labels_tell_the_values_under_the_pointer_else_of_the_displayed_frame(
    curves: ComparisonCurves, qtbot: QtBot
) -> None:
    curves.set_frame(20)
    assert curves.frame_label.text() == "Frame 20"
    assert texts(curves)[:2] == ["IoU of A and B 0.20", "Predicted IoU 0.75 0.25"]
    assert texts(curves)[2] == "Tokens 4,096 12,288"
    viewport = curves.rows[2].plot.viewport()
    for frame in (41, HIDDEN, 42):
        qtbot.mouseMove(viewport, at(curves, 2, frame, 0.5))
        qtbot.waitUntil(lambda f=frame: curves.frame_label.text() == f"Frame {f}")
        assert {row.pointer.value() for row in curves.rows if row.pointer.isVisible()} == {frame}
        assert texts(curves)[0].endswith("-" if frame == HIDDEN else f" 0.{frame}")
    assert playheads(curves) == {20}
    qtbot.mouseMove(curves.rows[2].label, QPoint(2, 2))
    qtbot.waitUntil(lambda: curves.frame_label.text() == "Frame 20")
    assert not any(row.pointer.isVisible() for row in curves.rows)


def test_zooming_one_row_zooms_all_within_the_compared_frames(curves: ComparisonCurves) -> None:
    whole = visible_frames(curves)
    assert whole == {(FIRST - 0.5, LAST + 0.5)}
    turn_wheel(curves, 0, 20, 5)
    ((low, high),) = visible_frames(curves)
    assert FIRST - 0.5 < low < 20 < high < LAST
    turn_wheel(curves, 2, 20, -50)
    assert visible_frames(curves) == whole


def test_a_frame_outside_of_the_zoomed_plots_is_panned_to(curves: ComparisonCurves) -> None:
    turn_wheel(curves, 0, 15, 8)
    ((low, high),) = visible_frames(curves)
    assert high < LAST
    curves.set_frame(LAST)
    ((new_low, new_high),) = visible_frames(curves)
    assert new_low <= LAST <= new_high
    assert new_high - new_low == pytest.approx(high - low)


def test_the_colors_follow_the_palette(curves: ComparisonCurves) -> None:
    for base in ("#101418", "#fafafa"):
        palette = QPalette(curves.palette())
        palette.setColor(QPalette.ColorRole.Base, QColor(base))
        curves.setPalette(palette)
        assert color(curves, 1, HIDDEN, 0.5) == QColor(base).getRgb()[:3]
