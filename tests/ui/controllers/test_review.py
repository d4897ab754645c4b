"""Going through suggestions and verifying them, in the real window with the fake tracker."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QSlider
from pytestqt.qtbot import QtBot

from app.core import edits
from app.core.document import FrameMask, Origin, Table
from app.ui.panels.review_panel import ReviewPanel
from tests.helpers.fake_backend import disk
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui
FRAMES = 30


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowDriver]:
    """The predicted IoU is low on frames 5 to 14 and 24 to 29, lowest on 28, then on 9."""
    with open_window(qtbot, small_clip(tmp_path, FRAMES)) as driver:
        driver.click_and_wait(20, 20)
        driver.press("T")
        driver.wait_until_idle()
        driver.wait(lambda: len(driver.mask_frames()) == FRAMES)
        driver.press("Home")
        yield driver


def verified(user: WindowDriver) -> list[int]:
    rows = user.document.of_object(Table.MASKS, 1).items()
    return sorted(frame for frame, row in rows if row.is_verified)


def shown_frame(user: WindowDriver) -> int:
    return user.workspace.view.frame


def status_text(user: WindowDriver) -> str:
    return str(user.window.status.currentMessage())


def test_enter_visits_the_runs_worst_first_and_starts_over(user: WindowDriver) -> None:
    user.press("Return")
    assert shown_frame(user) == 28
    user.press("Return")
    assert shown_frame(user) == 9
    user.press("Return")
    assert shown_frame(user) == 28


def test_v_verifies_and_visits_the_next_run_in_one_undo_step(user: WindowDriver) -> None:
    user.press("Return")
    steps = len(user.history)
    user.press("V")
    assert verified(user) == [28]
    assert shown_frame(user) == 9
    assert len(user.history) == steps + 1
    user.press("V")
    assert verified(user) == [9, 28]
    assert shown_frame(user) in range(24, 30)  # a rest of the first run
    user.press("Ctrl+Z")
    user.press("Ctrl+Z")
    assert verified(user) == []


def test_a_run_is_verified_at_once(user: WindowDriver) -> None:
    user.press("Return")
    steps = len(user.history)
    user.press("Ctrl+Shift+V")
    assert verified(user) == list(range(24, 30))
    assert len(user.history) == steps + 1
    assert "6 masks" in (user.history.undo_label or "")
    assert shown_frame(user) == 9
    user.press("Ctrl+Z")
    assert verified(user) == []


def test_the_range_is_verified_at_once(user: WindowDriver) -> None:
    user.do("Verify the in/out range")
    assert verified(user) == []
    user.workspace.controller.set_range(3, 6)
    user.do("Verify the in/out range")
    assert verified(user) == [3, 4, 5, 6]
    user.press("Ctrl+Z")
    assert verified(user) == []


def test_a_locked_object_is_not_verified(user: WindowDriver) -> None:
    user.history.execute(edits.update_object(user.document, 1, is_locked=True))
    user.press("Return")
    user.press("V")
    assert verified(user) == []
    assert shown_frame(user) == 28


def test_unverified_and_suggested_frames_are_found_in_time(user: WindowDriver) -> None:
    user.history.execute(edits.verify_frames(user.document, 1, range(1, 20)))
    user.press("Ctrl+Alt+Right")
    assert shown_frame(user) == 20
    user.press("Ctrl+Alt+Left")
    assert shown_frame(user) == 0
    user.press("Alt+Right")
    assert shown_frame(user) == 28
    user.press("Alt+Left")
    assert shown_frame(user) == 28


def test_directions_that_disagree_are_suggested_and_no_mask_changes(user: WindowDriver) -> None:
    size_hw = user.workspace.session.size_hw
    drifted = {
        (1, frame): FrameMask(disk(size_hw, (20 + 3 * frame, 20 + frame), 8), Origin.TRACKED, 0.9)
        for frame in range(15, FRAMES)
    }
    user.history.execute(edits.set_masks(user.document, drifted, "Drift"))
    masks = dict(user.document.of_object(Table.MASKS, 1))
    user.do("Compare directions")
    user.wait_until_idle()
    assert dict(user.document.of_object(Table.MASKS, 1)) == masks
    review = user.workspace.review_state
    user.wait(lambda: review.is_complete)
    assert any("the other way" in run.reason for run in review.runs_of(1))


def test_the_threshold_and_the_curves_are_remembered(user: WindowDriver, tmp_path: Path) -> None:
    (panel,) = user.window.findChildren(ReviewPanel)
    panel.threshold.setValue(83)
    user.workspace.timeline.curves.choices["novelty"].trigger()
    (tmp_path / "other").mkdir()
    user.open(small_clip(tmp_path / "other", 8))
    assert user.workspace.review_state.threshold == 0.83
    assert user.workspace.review.threshold.value() == 83
    shown = user.workspace.timeline.curves.shown
    assert shown == ("quality", "predicted_iou", "object_presence")


def test_the_dock_lists_the_runs(user: WindowDriver) -> None:
    (panel,) = user.window.findChildren(ReviewPanel)
    user.window.panels.docks["Review"].raise_()
    model = panel.list.model()

    def rows() -> list[str]:
        return [str(model.index(row, 0).data()) for row in range(model.rowCount())]

    user.wait(lambda: len(rows()) == 2 and "Frames 24 to 29, worst 28" in rows()[0])


def test_texts_outside_of_the_menus_name_the_keys_of_the_user(user: WindowDriver) -> None:
    keymap, status = user.window.keymap, user.window.status
    keymap.add("Verify this run of suggested frames", "Ctrl+R")
    keymap.clear("Set in frame")
    keymap.add("Larger brush", "Ctrl+B")

    def texts() -> str:
        return " ".join(label.text() for label in status.findChildren(QLabel))

    assert "(Ctrl+Shift+V)" in user.workspace.review.verify_run.toolTip()
    keymap.clear("Verify this run of suggested frames")
    assert "(" not in user.workspace.review.verify_run.toolTip()
    user.do("Verify the in/out range")
    assert "Set an in or out frame first (O)" in texts()
    status.clear_message()
    user.press("B")
    assert "change its size ([, ])" in texts()
    keymap.clear("Smaller brush")
    assert "change its size (])" in texts()
    sizes = user.workspace.canvas.findChildren(QSlider)
    assert sizes[0].toolTip().endswith("of the video (])")
