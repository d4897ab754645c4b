"""The review panel on a document that tracking left weak frames in."""

import time
from collections.abc import Mapping
from itertools import pairwise

import pytest
from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.core import edits
from app.core.document import FrameMask, Origin
from app.ui.panels.review_panel import ReviewPanel
from app.ui.state.keymap import Keymap
from app.ui.state.preferences import Preferences
from app.ui.state.review_state import NOTIFY_MS
from tests.ui.timeline_stage import SOLID, Stage

pytestmark = pytest.mark.gui

FRAMES = 239


def track(stage: Stage, object_id: int, weak: Mapping[int, float]) -> None:
    rows = {
        (object_id, frame): FrameMask(SOLID, Origin.TRACKED, weak.get(frame, 0.9))
        for frame in range(FRAMES)
    }
    stage.document.apply(edits.set_masks(stage.document, rows, "Track"))


@pytest.fixture
def stage() -> Stage:
    stage = Stage(FRAMES)
    stage.state.active_object = stage.add_object("dog")
    return stage


def shown(stage: Stage, qtbot: QtBot) -> ReviewPanel:
    keymap = Keymap({"Verify this run of suggested frames": ("Ctrl+Shift+V",)}, Preferences())
    panel = ReviewPanel(stage, stage.review, stage.state, keymap)  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    panel.resize(300, 400)
    panel.show()
    settle(stage, qtbot)
    return panel


def settle(stage: Stage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(stage.review.changed):
        stage.review._start()
    qtbot.waitUntil(lambda: stage.review.is_complete)
    with qtbot.waitSignal(stage.review.changed):
        stage.review._start()


def rows(panel: ReviewPanel) -> list[str]:
    model = panel.list.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def test_the_worst_run_is_first_with_its_reason(stage: Stage, qtbot: QtBot) -> None:
    track(stage, 1, {10: 0.5, 11: 0.4, 50: 0.35})
    assert rows(shown(stage, qtbot)) == [
        "Frame 50, score 0.17\nPredicted IoU 0.35",
        "Frames 10 to 11, worst 11, score 0.23\nPredicted IoU 0.40",
    ]


def test_the_slider_moves_the_threshold(stage: Stage, qtbot: QtBot) -> None:
    track(stage, 1, {10: 0.5, 50: 0.7})
    panel = shown(stage, qtbot)
    assert len(rows(panel)) == 1
    panel.threshold.setValue(80)
    assert len(rows(panel)) == 2
    panel.threshold.setValue(10)
    assert rows(panel) == []
    assert panel.empty.isVisible()
    assert "all frames score at least 0.10" in panel.empty.text()


def test_all_objects_can_be_listed(stage: Stage, qtbot: QtBot) -> None:
    stage.add_object("cat")
    track(stage, 1, {10: 0.4})
    track(stage, 2, {20: 0.35})
    panel = shown(stage, qtbot)
    assert len(rows(panel)) == 1
    panel.scope.setCurrentIndex(1)
    assert [row.split(":")[0] for row in rows(panel)] == ["cat", "dog"]


def test_the_verified_fraction_is_shown_per_object_and_in_all(stage: Stage, qtbot: QtBot) -> None:
    stage.add_object("cat")
    track(stage, 1, {})
    track(stage, 2, {})
    stage.document.apply(edits.verify_frames(stage.document, 1, range(37)))
    panel = shown(stage, qtbot)
    assert panel.counts.text() == (
        "dog: 37 of 239 masks verified, 15 %\nAll objects: 37 of 478 masks verified, 8 %"
    )


def test_empty_states_say_why(stage: Stage, qtbot: QtBot) -> None:
    panel = shown(stage, qtbot)
    assert "there are no masks yet" in panel.empty.text()
    track(stage, 1, {})
    settle(stage, qtbot)
    assert "Nothing suggested" in panel.empty.text()
    stage.document.apply(edits.verify_frames(stage.document, 1, range(FRAMES)))
    settle(stage, qtbot)
    assert panel.empty.text() == "Nothing to review: all 239 masks are verified."


def test_empty_states_are_whole_in_the_smallest_panel(stage: Stage, qtbot: QtBot) -> None:
    stage.add_object("cat")
    panel = shown(stage, qtbot)
    panel.resize(panel.minimumSizeHint())
    assert panel.empty.height() >= panel.empty.heightForWidth(panel.empty.width())
    track(stage, 1, {})
    settle(stage, qtbot)
    assert "Nothing suggested" in panel.empty.text()
    assert panel.empty.height() >= panel.empty.heightForWidth(panel.empty.width())


def test_the_first_masks_are_noticed_at_once(stage: Stage, qtbot: QtBot) -> None:
    panel = shown(stage, qtbot)
    qtbot.wait(NOTIFY_MS)
    happened: list[str] = []
    stage.review.changed.connect(lambda: happened.append("changed"))
    QTimer.singleShot(NOTIFY_MS, lambda: happened.append("waited"))
    track(stage, 1, {})
    qtbot.waitUntil(lambda: len(happened) > 1)
    assert happened[0] == "changed"
    assert "there are no masks yet" not in panel.empty.text()


def test_signals_keep_their_distance_while_tracking_changes_frames(
    stage: Stage, qtbot: QtBot
) -> None:
    shown(stage, qtbot)
    times_s: list[float] = []
    stage.review.changed.connect(lambda: times_s.append(time.perf_counter()))
    for frame in range(30):
        stage.put(1, {frame: FrameMask(SOLID, Origin.TRACKED, 0.9)})
        qtbot.wait(NOTIFY_MS // 10)
    gaps_s = [later - earlier for earlier, later in pairwise(times_s)]
    assert gaps_s
    assert min(gaps_s) > 0.8 * NOTIFY_MS / 1000  # Qt's timers may be early by a twentieth


def test_enter_visits_the_selected_row_and_then_the_next(stage: Stage, qtbot: QtBot) -> None:
    track(stage, 1, {10: 0.4, 50: 0.35})
    panel = shown(stage, qtbot)
    visited, followed = [], []
    panel.run_requested.connect(lambda run: visited.append(run.worst))
    panel.next_requested.connect(lambda: followed.append(True))
    panel.list.setFocus()
    panel.list.setCurrentIndex(panel.list.model().index(1, 0))
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert (visited, followed) == ([10], [])
    stage.state.frame = 10
    assert panel.list.currentIndex().row() == 1
    assert panel.verify_run.isEnabled()
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert (visited, followed) == ([10], [True])
    stage.state.frame = 11
    assert panel.list.currentIndex() == QModelIndex()
    assert not panel.verify_run.isEnabled()
