"""The table of actions keeps its promises: no key twice, no dead entry, keys shown."""

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QLabel, QMenu
from pytestqt.qtbot import QtBot

from app.core import edits
from app.core.document import Table
from app.tracking.backend import Direction
from app.ui.dialogs.shortcuts_dialog import ShortcutsDialog
from app.ui.state.view_state import Tool
from app.ui.style.theme import Theme
from app.ui.window.actions import MAX_OBJECT_KEYS, SEPARATOR, TABLE, Requirement
from tests.helpers.session_driver import SessionDriver
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui


# They open a dialog of the system, or end the program.
ASKS = {
    "Open video…",
    "Open frame folder…",
    "Open project…",
    "Open snapshot…",
    "Save as…",
    "Import masks…",
    "Change color of object…",
}
LEAVES = {"Quit", "Open log"}


def real_rows() -> list[str]:
    return [spec.text for spec in TABLE if spec.text != SEPARATOR]


def is_enabled(user: WindowDriver, text: str) -> bool:
    return text != SEPARATOR and user.window.action_set[text].isEnabled()


def test_no_shortcut_is_ambiguous() -> None:
    keys = Counter(QKeySequence(key).toString() for spec in TABLE for key in spec.keys)
    assert [key for key, count in keys.items() if count > 1] == []
    assert "" not in keys


def test_no_name_is_used_twice() -> None:
    assert len(set(real_rows())) == len(real_rows())


def test_every_action_is_in_a_menu_and_shows_its_keys(qtbot: QtBot) -> None:
    with open_window(qtbot) as user:
        in_menus: set[QAction] = set()
        for menu in user.window.menuBar().findChildren(QMenu):
            in_menus.update(menu.actions())
        for spec in (spec for spec in TABLE if spec.text != SEPARATOR):
            action = user.window.action_set[spec.text]
            assert action in in_menus
            for key in spec.keys:
                assert QKeySequence(key).toString() in action.toolTip()


# They open after a job that reads the model catalog; test_model_selection.py, test_memory.py.
OPENS_LATER = {"Model…", "Compare policies…"}
# Nothing is running that it could cancel or stop.
NEEDS_A_JOB = {"Cancel stroke or stop tracking", "Stop"}
# They act on the newest tracking run of the window; tests/ui/controllers/test_run_comparison.py.
NEEDS_A_RUN = {spec.text for spec in TABLE if spec.requires is Requirement.RUN}
# The masks here have no fault; tests/ui/controllers/test_annotation.py.
NEEDS_A_FAULT = {"Remove specks", "Fill holes"}


def arrange(user: WindowDriver, steps: int, text: str) -> None:
    """Restore a state in which every action can change something."""
    session, view = user.workspace.session, user.workspace.view
    for box in user.window.findChildren(QDialog):
        box.close()
        box.deleteLater()
    user.workspace.player.pause()
    while len(session.history) > steps:
        session.history.undo()
    user.rename(1, "cat")
    user.rename(1, "wolf")
    session.history.undo()
    view.active_object = 2 if text in {"Object 1", "Move object up"} else 1
    view.solo_object = None
    view.tool = Tool.BOX if text != "Box tool" else Tool.POINT
    theme = Theme.DARK if text != Theme.DARK.value.capitalize() else Theme.LIGHT
    if user.window.preferences.theme is not theme:  # a style sheet takes long to apply
        user.window.use_theme(theme)
    user.workspace.canvas.zoom_pan.fit()
    user.workspace.canvas.zoom_pan.zoom_in()
    user.workspace.canvas.setFocus()
    user.window.status.show_message("")
    user.go(12)
    user.window.refresh_actions()


def observed(user: WindowDriver) -> list[object]:
    """Collect what a user could notice of an action."""
    workspace, view, status = user.workspace, user.workspace.view, user.window.status
    return [
        {table: dict(user.document.rows(table)) for table in Table},
        (view.frame, view.active_object, view.tool, view.brush_radius, view.overlay_opacity),
        (view.show_masks, view.show_outlines, view.show_patterns, view.solo_object),
        view.show_memory_map,
        workspace.player.is_playing,
        (workspace.tracking.tracks_all, workspace.tracking.follows),
        workspace.canvas.viewport,
        user.window.preferences.theme,
        (user.window.preferences.drops_islands, user.window.preferences.protects_hand_work),
        type(user.window.focusWidget()),
        [type(box) for box in user.window.findChildren(QDialog) if box.isVisible()],
        [label.text() for label in status.findChildren(QLabel)],
    ]


def test_every_action_has_an_effect(qtbot: QtBot, tmp_path: Path) -> None:
    with open_window(qtbot, small_clip(tmp_path, 30)) as user:
        driver = SessionDriver(user.workspace.session)
        for _ in range(MAX_OBJECT_KEYS):
            driver.add_object()
        for frame in (5, 12, 20):
            driver.add_point(1, frame, 20, 20)
            driver.segment(1, frame)
        driver.track(Direction.FORWARD, 0)
        driver.clear_masks(1, [10, 11, 13, 14])
        driver.execute(edits.set_range(user.document, 2, 28))
        steps = len(user.history)
        idle = []
        for text in sorted(
            {*real_rows()}
            - (ASKS | LEAVES | OPENS_LATER | NEEDS_A_JOB | NEEDS_A_RUN | NEEDS_A_FAULT)
        ):
            arrange(user, steps, text)
            before = observed(user)
            user.do(text)
            user.wait_until_idle()
            try:  # saving reports from another thread
                qtbot.waitUntil(lambda before=before: observed(user) != before, timeout=1000)
            except qtbot.TimeoutError:
                idle.append(text)
        arrange(user, steps, "")
        assert idle == []


def test_actions_are_enabled_only_if_their_requirement_is_met(qtbot: QtBot, tmp_path: Path) -> None:
    with open_window(qtbot) as user:
        enabled = {spec.text for spec in TABLE if is_enabled(user, spec.text)}
        assert enabled == {
            spec.text
            for spec in TABLE
            if spec.requires is Requirement.NOTHING and spec.text != SEPARATOR
        }
        user.open(small_clip(tmp_path, 8))
        assert user.window.action_set["Export…"].isEnabled()
        assert not user.window.action_set["Track forward"].isEnabled()
        assert not user.window.action_set["Undo"].isEnabled()
        user.click_and_wait(20, 20)
        user.wait(lambda: user.window.action_set["Track forward"].isEnabled())
        assert user.window.action_set["Undo"].isEnabled()
        assert user.window.action_set["Delete prompt"].isEnabled()


def test_the_toolbar_shows_the_selected_tool(qtbot: QtBot, tmp_path: Path) -> None:
    with open_window(qtbot, small_clip(tmp_path, 8)) as user:
        for key, text in (("B", "Brush"), ("E", "Eraser"), ("W", "Box tool"), ("Q", "Point tool")):
            user.press(key)
            tools = ("Point tool", "Box tool", "Brush", "Eraser")
            assert [t for t in tools if user.window.action_set[t].isChecked()] == [text]


def test_preventing_overlaps_is_shown_and_can_be_undone(qtbot: QtBot, tmp_path: Path) -> None:
    with open_window(qtbot, small_clip(tmp_path, 8)) as user:
        action = user.window.action_set["Prevent overlaps"]
        action.trigger()
        assert user.window.workspace.session.document.is_exclusive
        assert action.isChecked()
        user.do("Undo")
        assert not user.window.workspace.session.document.is_exclusive
        user.wait(lambda: not action.isChecked())


def test_the_shortcut_list_can_be_searched(qtbot: QtBot) -> None:
    with open_window(qtbot) as user:
        user.do("Keyboard shortcuts")
        [dialog] = user.window.findChildren(ShortcutsDialog)
        dialog._search.setText("track forward")
        groups = [dialog.tree.topLevelItem(i) for i in range(dialog.tree.topLevelItemCount())]
        shown = [group for group in groups if group and not group.isHidden()]
        assert [group.text(0) for group in shown] == ["Track"]
        children = [shown[0].child(row) for row in range(shown[0].childCount())]
        [child] = [each for each in children if each and not each.isHidden()]
        assert (child.text(0), child.text(1)) == ("Track forward", "T")
