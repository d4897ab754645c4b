"""Suggesting objects in the real window; the fake tracker finds a disk at the left and right."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.core import rules
from app.core.document import Origin
from app.ui.canvas.suggestions import SuggestionOverlay
from app.ui.state.gesture_keys import CANCEL, FINISH, STEP_BACK
from app.ui.state.view_state import Tool
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui
LEFT_XY, RIGHT_XY = (24, 32), (67, 32)
NO_KEY, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowDriver]:
    with open_window(qtbot, small_clip(tmp_path, 30)) as driver:
        driver.go(4)
        driver.do("Suggest objects")
        driver.wait(lambda: overlay(driver).isVisible())
        yield driver


def overlay(user: WindowDriver) -> SuggestionOverlay:
    return user.workspace.suggestion_overlay


def place(user: WindowDriver, xy: tuple[float, float]) -> QPoint:
    x, y = user.workspace.canvas.viewport.to_widget(*xy)
    return QPoint(round(x), round(y))


def press(
    user: WindowDriver, xy: tuple[float, float], modifier: Qt.KeyboardModifier = NO_KEY
) -> None:
    QTest.mouseClick(overlay(user), Qt.MouseButton.LeftButton, modifier, place(user, xy))


def undo(user: WindowDriver) -> None:
    user.wait(user.window.action_set["Undo"].isEnabled)
    user.press("Ctrl+Z")


def test_a_search_that_is_stopped_does_not_claim_to_keep_anything(
    qtbot: QtBot, tmp_path: Path
) -> None:
    backend = FakeBackend()
    backend.wait_at = 2
    with open_window(qtbot, small_clip(tmp_path, 5), backend) as user:
        user.do("Suggest objects")
        user.wait(lambda: any(each.done for each in user.window.model_jobs.running))
        user.press("Esc")
        backend.wait_at = None
        user.wait_until_idle()
        texts = " ".join(label.text() for label in user.window.jobs.findChildren(QLabel))
        assert "stopped at" in texts
        assert "kept" not in texts


def test_a_click_makes_an_object_of_the_mask_under_it_and_closes(user: WindowDriver) -> None:
    assert user.document.objects == []
    press(user, LEFT_XY)
    (tracked,) = user.document.objects
    row = user.document.mask(tracked.object_id, 4)
    assert row is not None
    assert row.mask.decode()[32, 24]
    assert not row.mask.decode()[32, 67]
    assert row.origin is Origin.IMPORTED
    assert rules.is_hand_work(user.document, tracked.object_id, 4)
    assert user.document.prompts(tracked.object_id, 4).mask == row.mask
    assert user.workspace.view.active_object == tracked.object_id
    assert not overlay(user).isVisible()
    undo(user)
    assert user.document.objects == []


def test_shift_accepts_several_one_after_the_other(user: WindowDriver) -> None:
    press(user, LEFT_XY, SHIFT)
    assert overlay(user).isVisible()
    press(user, RIGHT_XY, SHIFT)
    assert len(user.document.objects) == 2
    assert not overlay(user).isVisible()


def test_a_click_beside_the_suggestions_does_nothing(user: WindowDriver) -> None:
    press(user, (45, 5))
    assert user.document.objects == []
    assert overlay(user).isVisible()


def test_enter_accepts_all_in_one_step(user: WindowDriver) -> None:
    user.press("Return")
    assert len(user.document.objects) == 2
    assert user.workspace.view.frame == 4
    undo(user)
    assert user.document.objects == []


def test_escape_and_another_frame_dismiss(user: WindowDriver) -> None:
    user.press("Esc")
    assert not overlay(user).isVisible()
    assert user.workspace.canvas.hasFocus()
    user.do("Suggest objects")
    user.wait(lambda: overlay(user).isVisible())
    user.press("Right")
    assert not overlay(user).isVisible()
    assert user.document.objects == []


def test_tracking_dismisses_them(user: WindowDriver) -> None:
    press(user, LEFT_XY, SHIFT)
    assert overlay(user).isVisible()
    user.wait(user.window.action_set["Track forward"].isEnabled)
    user.do("Track forward")
    user.wait_until_idle()
    assert len(user.mask_frames()) > 1
    assert user.workspace.view.frame == 4
    assert not overlay(user).isVisible()


def test_the_suggestion_under_the_pointer_is_highlighted(user: WindowDriver) -> None:
    at = place(user, (30, 32))

    def color() -> tuple[int, int, int]:
        found = user.workspace.canvas.grab().toImage().pixelColor(at)
        return found.red(), found.green(), found.blue()

    QTest.mouseMove(overlay(user), place(user, (45, 5)))
    before = color()
    QTest.mouseMove(overlay(user), place(user, LEFT_XY))
    assert color() != before


def test_what_is_an_object_already_is_not_suggested_again(user: WindowDriver) -> None:
    press(user, LEFT_XY)
    user.do("Suggest objects")
    user.wait(lambda: overlay(user).isVisible())
    assert len(overlay(user).masks) == 1
    press(user, RIGHT_XY)
    user.do("Suggest objects")
    user.wait_until_idle()
    assert not overlay(user).isVisible()


def test_the_keys_of_suggestions_are_those_of_the_keymap(user: WindowDriver) -> None:
    keymap = user.window.keymap
    keymap.add(FINISH, "Ctrl+M")
    keymap.clear(CANCEL)
    hint = overlay(user)._hint()
    assert hint.endswith("Return: all")
    user.press("Esc")
    assert overlay(user).isVisible()
    user.press("Ctrl+M")
    user.wait(lambda: len(user.document.objects) == 2)
    keymap.reset_all()


def test_the_hints_of_tools_name_the_keys_of_their_gestures(user: WindowDriver) -> None:
    keymap, status = user.window.keymap, user.window.status
    user.workspace.view.select_tool(Tool.POLYGON)
    assert "Return: close, Backspace: step back" in status._hint.text()
    keymap.clear(FINISH)
    keymap.clear(STEP_BACK)
    keymap.add(STEP_BACK, "X")
    assert "X: step back" in status._hint.text()
    assert "Return" not in status._hint.text()
    keymap.reset_all()
