"""The Object menu does what the objects panel does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QLineEdit
from pytestqt.qtbot import QtBot

from app.ui.panels.merge_menu import MergeMenu
from tests.helpers.session_driver import SessionDriver
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowDriver]:
    with open_window(qtbot, small_clip(tmp_path, 6)) as driver:
        for name in ("dog", "ball", "cup"):
            SessionDriver(driver.workspace.session).add_object(name)
        driver.workspace.view.active_object = 1
        driver.window.refresh_actions()
        yield driver


def names(user: WindowDriver) -> list[str]:
    return [each.name for each in user.document.objects]


def test_objects_are_moved_and_duplicated(user: WindowDriver) -> None:
    user.do("Move object down")
    assert names(user) == ["ball", "dog", "cup"]
    user.do("Move object up")
    user.do("Move object up")  # it is the first
    assert names(user) == ["dog", "ball", "cup"]
    user.do("Duplicate object")
    assert len(names(user)) == 4
    assert user.workspace.view.active_object == 4


def test_an_object_is_renamed_even_if_the_panel_was_closed(user: WindowDriver) -> None:
    panel = user.workspace.objects
    user.window.panels.docks["Objects"].close()
    user.do("Rename object")
    assert panel.isVisible()
    user.wait(lambda: isinstance(user.window.focusWidget(), QLineEdit))
    editor = user.window.focusWidget()
    user.qtbot.keyClicks(editor, "wolf")
    user.press("Return")
    user.wait(lambda: names(user)[0] == "wolf")


def test_the_name_of_a_locked_object_is_not_edited(user: WindowDriver) -> None:
    SessionDriver(user.workspace.session).update_object(1, is_locked=True)
    for action in ("Rename object", "Change category of object"):
        user.window.status.clear_message()
        user.do(action)
        assert user.window.status._hint.text() == "dog is locked. Unlock it to change it."
        assert not isinstance(user.window.focusWidget(), QLineEdit)


def test_an_object_gets_another_color(user: WindowDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QColorDialog, "getColor", lambda *args: QColor(1, 2, 3))
    user.do("Change color of object…")
    assert user.document.object(1).color == (1, 2, 3)


def test_an_object_is_merged_from_the_menu(user: WindowDriver) -> None:
    menu = user.window.action_set.menus["Object"].findChild(MergeMenu) or next(
        each for each in user.window.findChildren(MergeMenu) if each.parent() is user.window
    )
    assert menu.isEnabled()
    menu.aboutToShow.emit()
    assert [each.text() for each in menu.actions()] == ["ball", "cup"]
    menu.actions()[1].trigger()
    assert names(user) == ["ball", "cup"]
    assert user.workspace.view.active_object == 3


def test_without_a_session_there_is_nothing_to_merge(qtbot: QtBot) -> None:
    with open_window(qtbot) as user:
        [menu] = user.window.findChildren(MergeMenu)
        assert not menu.isEnabled()
        menu.aboutToShow.emit()
        assert menu.actions() == []


def test_an_object_is_shown_alone_and_the_state_is_visible(user: WindowDriver) -> None:
    user.do("Show this object alone")
    assert user.workspace.view.solo_object == 1
    user.wait(user.window.action_set["Show this object alone"].isChecked)
    user.do("Show this object alone")
    assert user.workspace.view.solo_object is None


def test_hatching_is_stored(user: WindowDriver, qtbot: QtBot) -> None:
    user.do("Hatch masks")
    assert user.workspace.view.show_patterns
    assert user.window.preferences.shows_patterns
    user.do("Hatch masks")
    assert not user.workspace.view.show_patterns
