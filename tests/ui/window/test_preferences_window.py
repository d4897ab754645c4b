"""Preferences and shortcuts take effect in the open window, without a restart."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QKeySequenceEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.ui.dialogs.preferences_dialog import PreferencesDialog
from app.ui.dialogs.setting_inputs import Input
from app.ui.dialogs.shortcuts_dialog import ShortcutsDialog
from app.ui.state.preferences import MEGABYTE
from app.ui.style.theme import Theme
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowDriver]:
    with open_window(qtbot, small_clip(tmp_path, 8)) as driver:
        yield driver


def dialog(user: WindowDriver) -> PreferencesDialog:
    user.do("Preferences…")
    [found] = user.window.findChildren(PreferencesDialog)
    return found


def change(field: Input, value: str | int | bool | None) -> None:
    field.show_value(value)


def test_theme_and_hatching_change_at_once(user: WindowDriver) -> None:
    inputs = dialog(user).inputs
    for theme in (Theme.LIGHT, Theme.DARK):
        change(inputs["theme"], theme)
        lightness = user.window.palette().window().color().lightness()
        assert (lightness > 128) is (theme is Theme.LIGHT)
    change(inputs["shows_patterns"], True)
    assert user.workspace.view.show_patterns
    assert user.window.preferences.theme is Theme.DARK


def test_the_cache_of_the_open_video_gets_its_new_size(user: WindowDriver) -> None:
    change(dialog(user).inputs["cache_megabytes"], 64)
    assert user.window.preferences.cache_megabytes == 64
    assert user.workspace.loader._frame_reader._cache_bytes == 64 * MEGABYTE
    user.go(3)  # frames are still delivered


def test_new_projects_are_made_in_the_chosen_folder_and_found_again(
    user: WindowDriver, tmp_path: Path
) -> None:
    folder = tmp_path / "projects"
    before = user.workspace.session.project_path
    change(dialog(user).inputs["projects_folder"], str(folder))
    (tmp_path / "b").mkdir()
    other = small_clip(tmp_path / "b", 5)
    user.open(other)
    assert user.workspace.session.project_path.parent == folder
    assert user.window.preferences.recent[0] == other.resolve()
    user.open(tmp_path / "clip.mp4")
    assert user.workspace.session.project_path == before, "what exists stays where it is"


def test_an_action_gets_another_key_and_loses_the_one_that_is_taken(user: WindowDriver) -> None:
    user.do("Keyboard shortcuts")
    [editor] = user.window.findChildren(ShortcutsDialog)
    editor.select("Last frame")
    keys = editor.findChild(QKeySequenceEdit)
    keys.setKeySequence(QKeySequence("Home"))
    buttons = {each.text(): each for each in editor.findChildren(QPushButton)}
    assert "First frame" in editor._note.text()
    buttons["Take over"].click()
    editor.reject()
    user.press("Home")
    assert user.workspace.view.frame == 7
    action = user.window.action_set["Last frame"]
    assert "Home" in action.toolTip()
    assert user.window.action_set["First frame"].shortcuts() == []
    user.window.action_set.keymap.reset_all()
    user.press("Home")
    assert user.workspace.view.frame == 0


def test_home_goes_to_the_first_frame_after_a_click_on_the_object_list(
    user: WindowDriver, qtbot: QtBot
) -> None:
    user.click_and_wait(20, 20)
    user.go(5)
    user.workspace.objects.setFocus()
    assert user.window.focusWidget() is not user.workspace.canvas
    user.press("Home")
    assert user.workspace.view.frame == 0


def test_escape_stops_tracking_after_a_menu_was_left_with_escape(
    qtbot: QtBot, tmp_path: Path
) -> None:
    backend = FakeBackend()
    with open_window(qtbot, small_clip(tmp_path, 240), backend) as user:
        user.click_and_wait(20, 20)
        backend.wait_at = 5
        user.press("T")
        bar = user.window.menuBar()
        bar.setFocus(Qt.FocusReason.MenuBarFocusReason)
        bar.setActiveAction(user.window.action_set.menus["Track"].menuAction())
        menu = user.window.action_set.menus["Track"]
        qtbot.waitUntil(menu.isVisible)
        qtbot.keyClick(menu, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: not menu.isVisible())
        user.window.activateWindow()  # the offscreen platform does not, unlike a desktop
        qtbot.waitUntil(user.window.isActiveWindow)
        qtbot.waitUntil(user.workspace.canvas.hasFocus)
        user.wait(lambda: len(user.mask_frames()) == 5)
        user.press("Esc")
        user.wait_until_idle()
        assert len(user.mask_frames()) == 5


def test_keys_that_can_be_changed_are_named_by_their_actions_alone(user: WindowDriver) -> None:
    user.click_and_wait(20, 20)
    keymap = user.window.action_set.keymap
    keymap.clear("New object")
    keymap.clear("Hide or show")
    tips = {each.toolTip() for each in user.window.findChildren(QWidget)}
    model = user.workspace.objects._table.model()
    header, tip = Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole
    tips |= {str(model.headerData(column, header, tip)) for column in range(model.columnCount())}
    assert not [each for each in tips if "(N)" in each or "(H)" in each]
    keymap.reset_all()


def test_the_menus_show_what_the_preferences_changed(user: WindowDriver) -> None:
    inputs = dialog(user).inputs
    for name, text in (
        ("protects_hand_work", "Keep painted and imported masks"),
        ("drops_islands", "Drop islands"),
    ):
        action = user.window.action_set[text]
        assert action.isChecked()
        change(inputs[name], False)
        assert not action.isChecked()
    change(inputs["theme"], Theme.DARK)
    assert user.window.action_set["Dark"].isChecked()
