"""Painted and imported masks in the way of tracking: one question, then an action in the menu."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.core import edits
from app.core.document import FrameMask, Origin
from app.core.masks import RleMask
from app.ui.controllers.hand_work import QUESTION
from tests.helpers.fake_backend import disk
from tests.helpers.synthetic_video import SIZE_HW
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui

ACTION = "Keep painted and imported masks"
IMPORTED = disk(SIZE_HW, (50, 40), 5)
PAINTED = disk(SIZE_HW, (30, 40), 3)


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowDriver]:
    """An object clicked on frame 0, imported on frame 2 and painted on frame 4."""
    with open_window(qtbot, small_clip(tmp_path, 8)) as driver:
        driver.click_and_wait(20, 20)
        driver.wait_until_idle()
        edit = edits.draw_mask(driver.document, 1, 2, IMPORTED, Origin.IMPORTED)
        driver.history.execute(edit)
        driver.history.execute(edits.paint(driver.document, 1, 4, PAINTED))
        yield driver


def question(user: WindowDriver) -> QMessageBox | None:
    boxes = user.window.findChildren(QMessageBox)
    return next((box for box in boxes if box.text() == QUESTION and box.isVisible()), None)


def choose(user: WindowDriver, text: str) -> None:
    box = question(user)
    assert box is not None
    next(button for button in box.buttons() if button.text().replace("&", "") == text).click()


def track(user: WindowDriver) -> None:
    user.do("Track forward")


def masks(user: WindowDriver) -> list[RleMask | None]:
    rows: list[FrameMask | None] = [user.document.mask(1, frame) for frame in (2, 4)]
    return [None if row is None else row.mask for row in rows]


def test_hand_work_is_kept_and_the_question_comes_once(user: WindowDriver) -> None:
    track(user)
    box = question(user)
    assert box is not None
    assert "2 masks are in the way" in box.informativeText()
    assert not user.window.model_jobs.running
    choose(user, "Keep them")
    user.wait(lambda: user.document.mask(1, 7) is not None)
    user.wait_until_idle()
    assert masks(user) == [IMPORTED, PAINTED]
    assert user.window.action_set[ACTION].isChecked()
    user.go(0)
    track(user)
    assert question(user) is None
    user.wait_until_idle()
    assert masks(user) == [IMPORTED, PAINTED]


def test_hand_work_may_be_replaced_and_one_undo_brings_it_back(user: WindowDriver) -> None:
    before = user.document.prompts(1, 4)
    track(user)
    choose(user, "Replace them")
    user.wait(lambda: user.document.mask(1, 7) is not None)
    user.wait_until_idle()
    assert IMPORTED not in masks(user)
    assert PAINTED not in masks(user)
    assert user.document.prompts(1, 4).is_empty
    user.window.refresh_actions()
    assert not user.window.action_set[ACTION].isChecked()
    user.do("Undo")
    assert masks(user) == [IMPORTED, PAINTED]
    assert user.document.prompts(1, 4) == before


def test_the_menu_decides_without_a_question(user: WindowDriver) -> None:
    user.do(ACTION)
    track(user)
    assert question(user) is None
    user.wait(lambda: user.document.mask(1, 7) is not None)
    assert IMPORTED not in masks(user)


def test_cancel_tracks_nothing_and_asks_again(user: WindowDriver) -> None:
    track(user)
    choose(user, "Cancel")
    assert not user.window.model_jobs.running
    track(user)
    assert question(user) is not None
    choose(user, "Cancel")
