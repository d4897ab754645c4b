"""The score curves of the timeline: values, thresholds, and the choice of curves."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.memory import MemoryDecision, MemoryScores
from app.ui.style.memory_marks import mark_color
from app.ui.timeline import TimelineView
from app.ui.timeline.hover import HoverPopup
from app.ui.timeline.raster import curve_pixels
from app.ui.timeline.scene import GUTTER_PX
from app.ui.timeline.scores import CURVES, CurveMenu, score_y
from tests.ui.timeline_stage import Stage, record

pytestmark = pytest.mark.gui

SCORES = MemoryScores(predicted_iou=0.9, object_presence=0.7, quality=0.63, novelty=0.2)


@pytest.fixture
def stage() -> Stage:
    """Frames 0 to 99 of 200 have scores; the policy asked for a quality of 0.4 on frame 60."""
    stage = Stage(200)
    stage.state.active_object = stage.add_object("dog")
    row = replace(record(MemoryDecision.KEPT), scores=SCORES)
    rows = dict.fromkeys(range(100), row)
    rows[60] = replace(row, policy="quality", thresholds={"quality": 0.4})
    stage.put(1, {}, rows)
    return stage


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> TimelineView:
    view = TimelineView(stage, stage.bridge, stage.state, stage.loader, stage.review)
    qtbot.addWidget(view)
    view.resize(1000 + GUTTER_PX + 8, 320)
    view.show()
    view.grab()
    return view


def close_to(seen: QColor, wanted: QColor) -> bool:
    pairs = zip(seen.getRgb()[:3], wanted.getRgb()[:3], strict=True)
    return max(abs(a - b) for a, b in pairs) < 40


def is_drawn(view: TimelineView, name: str, score: float, frames: range) -> bool:
    """Whether the color of a score is at the height of a value on any of some frames."""
    image = view.viewport().grab().toImage()
    y = score_y(view.scene.rows.quality, score)
    wanted = mark_color(CURVES[name].mark, view.scene.colors.dark)
    xs = range(int(view.scene.x_of(frames.start)), int(view.scene.x_of(frames.stop)))
    return any(
        close_to(image.pixelColor(x, round(y) + dy), wanted) for x in xs for dy in (-1, 0, 1)
    )


def test_each_score_is_a_curve_where_it_is_known(view: TimelineView) -> None:
    for name in ("predicted_iou", "object_presence", "novelty"):
        value = getattr(SCORES, name)
        assert is_drawn(view, name, value, range(20, 50)), name
        assert not is_drawn(view, name, value, range(120, 150)), name


def test_a_curve_can_be_hidden(view: TimelineView) -> None:
    menu = view.findChild(CurveMenu)
    menu.choices["predicted_iou"].setChecked(False)
    assert not is_drawn(view, "predicted_iou", SCORES.predicted_iou, range(20, 50))
    assert is_drawn(view, "novelty", SCORES.novelty, range(20, 50))


def test_the_threshold_of_the_policy_is_that_of_the_displayed_frame(
    stage: Stage, view: TimelineView
) -> None:
    assert not is_drawn(view, "quality", 0.4, range(120, 150))
    stage.state.frame = 60
    assert is_drawn(view, "quality", 0.4, range(120, 150))
    view.findChild(CurveMenu).choices["quality"].setChecked(False)
    assert not is_drawn(view, "quality", 0.4, range(120, 150))


def hover(view: TimelineView, frame: int) -> str:
    at = QPointF(view.scene.x_of(frame + 0.5), view.scene.rows.quality.center().y())
    none = Qt.MouseButton.NoButton
    everywhere = view.viewport().mapToGlobal(at)
    move = QMouseEvent(
        QEvent.Type.MouseMove, at, everywhere, none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(view.viewport(), move)
    return view.findChild(HoverPopup).caption.text()


def test_the_scores_of_a_frame_are_shown_under_the_pointer(view: TimelineView) -> None:
    first, second = hover(view, 40).split("\n")
    assert first.startswith("Frame 40")
    assert second == "Quality 0.63  ·  Predicted IoU 0.90  ·  Presence 0.70  ·  Novelty 0.20"
    assert "\n" not in hover(view, 150)


def test_new_scores_are_drawn(stage: Stage, view: TimelineView) -> None:
    row = replace(record(MemoryDecision.KEPT), scores=replace(SCORES, novelty=0.45))
    stage.put(1, {}, dict.fromkeys(range(120, 160), row))
    assert is_drawn(view, "novelty", 0.45, range(120, 150))
    assert "Novelty 0.45" in hover(view, 130)
    stage.state.active_object = stage.add_object("cat")
    assert not is_drawn(view, "novelty", 0.45, range(120, 150))


def test_curves_are_painted_in_few_calls_whatever_the_width(view: TimelineView) -> None:
    """A stroke per pixel column would take thousands."""

    def calls() -> int:
        count = 0

        def on_event(_frame: object, event: str, _argument: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        view.curves.changed.emit()  # paint everything again
        sys.setprofile(on_event)
        view.viewport().grab()
        sys.setprofile(None)
        return count

    view.curves.show_only(())
    without = calls()
    view.curves.show_only(CURVES)
    assert calls() - without < 300


def test_a_dashed_line_has_gaps_and_a_steep_one_is_joined() -> None:
    ys = np.array([10, 10, 10, 10, 2, 2, np.nan, 12], np.float32)
    inked = np.array([1, 1, 0, 1, 1, 1, 1, 1], bool)
    drawn = curve_pixels(ys, inked, 20, 2, 0xFF336699) != 0
    assert drawn[9:11, :2].all()
    assert not drawn[:, 2].any()
    assert drawn[1:11, 4].all(), "from the height before to its own"
    assert not drawn[4:, 5].any()
    assert not drawn[:, 6].any()
    assert np.flatnonzero(drawn[:, 7]).tolist() == [11, 12]
