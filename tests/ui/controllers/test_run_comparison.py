"""Before and after a tracking run: on the canvas, and as edits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.core.document import FrameMask
from app.core.masks import RleMask
from app.tracking.backend import FrameResult, Prediction
from app.ui.canvas.mask_layer import drawn_masks
from app.ui.dialogs.frame_range_dialog import FrameRangeDialog
from tests.helpers.session_driver import SessionDriver
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui
FRAMES = 12
Masks = list[FrameMask | None]
SHOW = "Show masks before tracking"
REVERT = "Revert frames to before tracking…"


@pytest.fixture
def before() -> Masks:
    """The masks that the run replaced, by frame."""
    return []


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path, before: Masks) -> Iterator[WindowDriver]:
    """A window after a run that replaced the masks of another one."""
    with open_window(qtbot, small_clip(tmp_path, FRAMES)) as driver:
        driver.click_and_wait(20, 20)
        driver.press("T")
        driver.wait_until_idle()
        before[:] = all_masks(driver)
        driver.click(24, 24)
        driver.wait_until_idle()
        driver.press("T")
        driver.wait_until_idle()
        driver.window.refresh_actions()
        yield driver


def all_masks(user: WindowDriver) -> Masks:
    return [user.document.mask(1, frame) for frame in range(FRAMES)]


def drawn(user: WindowDriver, frame: int) -> list[FrameMask]:
    return [row for _, row in drawn_masks(user.document, user.workspace.view, frame)]


def status_text(user: WindowDriver) -> str:
    return " ".join(label.text() for label in user.window.status.findChildren(QLabel))


def test_the_masks_from_before_are_drawn_and_the_document_stays(
    user: WindowDriver, before: Masks
) -> None:
    after, steps = all_masks(user), len(user.history)
    assert "Tracking replaced 11 masks." in status_text(user)
    user.press("C")
    assert [drawn(user, frame) for frame in range(1, FRAMES)] == [[m] for m in before[1:]]
    assert user.window.action_set[SHOW].isChecked()
    assert all_masks(user) == after
    assert len(user.history) == steps
    user.press("C")
    assert [drawn(user, frame) for frame in range(FRAMES)] == [[mask] for mask in after]


def test_the_end_of_a_run_compares_no_masks(
    user: WindowDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compare(mask: RleMask, other: object) -> bool:
        raise AssertionError("the window waits meanwhile, a second for 10,000 frames")

    tracking, texts = user.workspace.tracking, []
    user.workspace.comparison.message.connect(texts.append)
    monkeypatch.setattr(RleMask, "__eq__", compare)
    tracking.run_ended.emit(tracking._merge_key)
    assert texts == ["Tracking replaced 11 masks. Track > Show masks before tracking."]


def test_a_frame_that_a_run_reaches_twice_is_counted_once(user: WindowDriver) -> None:
    tracking, texts = user.workspace.tracking, []
    user.workspace.comparison.message.connect(texts.append)
    found = user.document.mask(1, 5)
    again = FrameResult(5, {1: Prediction(found.mask, found.confidence)})
    tracking.frame_tracked.emit(tracking._merge_key, again)
    tracking.run_ended.emit(tracking._merge_key)
    assert texts == ["Tracking replaced 11 masks. Track > Show masks before tracking."]


def test_the_canvas_looks_as_before_the_run(user: WindowDriver) -> None:
    user.go(5)
    canvas = user.workspace.canvas
    after = canvas.grab().toImage()
    user.press("C")
    assert canvas.grab().toImage() != after
    user.press("C")
    assert canvas.grab().toImage() == after


def test_a_click_is_made_on_the_current_masks(user: WindowDriver) -> None:
    user.press("C")
    user.click(30, 30)
    assert not user.workspace.comparison.is_on
    user.wait_until_idle()


@pytest.mark.parametrize("keys", ["V", "Shift+V", "Ctrl+Shift+V"])
def test_masks_that_are_not_shown_are_not_verified(user: WindowDriver, keys: str) -> None:
    def is_verified() -> bool:
        return any(row is not None and row.is_verified for row in all_masks(user))

    user.workspace.review_state.threshold = 1.0  # all frames are suggested
    user.go(5)
    user.press("C")
    user.press(keys)
    assert not is_verified()
    assert "masks from before tracking are shown" in status_text(user)
    assert user.workspace.view.frame == 5
    user.press("C")
    user.press(keys)
    assert is_verified()


def test_undoing_the_run_ends_the_comparison(user: WindowDriver, before: Masks) -> None:
    user.press("C")
    user.press("Ctrl+Z")
    user.window.refresh_actions()
    assert all_masks(user)[1:] == before[1:]
    user.workspace.view.earlier_masks = None  # the first run is compared now
    user.press("Ctrl+Z")
    user.press("Ctrl+Z")
    user.window.refresh_actions()
    assert not user.window.action_set[SHOW].isEnabled()
    assert not user.workspace.comparison.is_on


def test_some_frames_are_reverted_and_hand_work_since_then_stays(
    user: WindowDriver, before: Masks
) -> None:
    after = all_masks(user)
    by_hand = before[1]
    assert by_hand is not None
    driver = SessionDriver(user.workspace.session)
    driver.draw(1, 6, by_hand.mask)
    driver.verify(1, 7)
    kept = [user.document.mask(1, 6), user.document.mask(1, 7)]
    user.do(REVERT)
    [dialog] = user.window.findChildren(FrameRangeDialog)
    assert dialog.frames == range(1, FRAMES)
    dialog.input.first.setValue(8)
    dialog.input.last.setValue(4)
    [revert] = [each for each in dialog.findChildren(QPushButton) if each.text() == "Revert"]
    assert not revert.isEnabled()
    dialog.input.last.setValue(8)
    dialog.input.first.setValue(4)
    assert revert.isEnabled()
    text = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "3 of the masks of the run" in text
    assert "2 stay" in text
    dialog.accept()
    expected = after[:4] + before[4:6] + kept + before[8:9] + after[9:]
    assert all_masks(user) == expected
    assert user.document.memory(1, 4) is not None
    user.press("Ctrl+Z")
    assert all_masks(user) == after[:6] + kept + after[8:]


def test_a_locked_object_is_not_reverted(user: WindowDriver) -> None:
    SessionDriver(user.workspace.session).update_object(1, is_locked=True)
    after, steps = all_masks(user), len(user.history)
    user.do(REVERT)
    [dialog] = user.window.findChildren(FrameRangeDialog)
    dialog.accept()
    assert all_masks(user) == after
    assert len(user.history) == steps
