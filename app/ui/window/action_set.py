"""The actions of a window, made from their table, with menus, toolbars, keys and tooltips."""

import re
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton

from app.ui.state.gesture_keys import GESTURE_KEYS, gesture_rows
from app.ui.state.keymap import Keymap, key_text
from app.ui.state.preferences import Preferences
from app.ui.style.icons import icon
from app.ui.translation import translate
from app.ui.window.actions import (
    MENUS,
    SEPARATOR,
    SUBMENUS,
    TABLE,
    TOOLS,
    ActionSpec,
    ActionTarget,
)
from app.ui.window.workspace import Requirement

_MNEMONIC = re.compile(r"\(&\w\)|&")  # in brackets behind words that have no Latin letters


def shortcut_rows() -> list[tuple[str, str, str]]:
    """Return the menu as displayed, the English text and the displayed text of every action."""
    rows = [
        (_menu_name(spec.menu), spec.text, spec.shown) for spec in TABLE if spec.text != SEPARATOR
    ]
    return rows + gesture_rows()


def _menu_name(menu: str) -> str:
    top = _MNEMONIC.sub("", translate("Actions", MENUS[menu.split("/")[0]]))
    return f"{top} > {translate('Actions', SUBMENUS[menu])}" if menu in SUBMENUS else top


def make_keymap(preferences: Preferences, parent: QObject) -> Keymap:
    """Return the keys of the actions of `TABLE`, as the user changed them."""
    keys = {spec.text: spec.keys for spec in TABLE if spec.text != SEPARATOR}
    return Keymap(keys, preferences, parent, GESTURE_KEYS)


class ActionSet:
    """The actions of a window, made from `TABLE`, and their menus."""

    def __init__(self, target: ActionTarget, keymap: Keymap) -> None:
        self._target = target
        self._actions: list[tuple[ActionSpec, QAction]] = []
        self.keymap = keymap
        self.keymap.changed.connect(self._on_keys_changed)
        self.menus: dict[str, QMenu] = {
            name: target.menuBar().addMenu(translate("Actions", title))
            for name, title in MENUS.items()
        }
        groups: dict[str, QActionGroup] = {}
        for spec in TABLE:
            menu = self._menu(spec.menu)
            if spec.text == SEPARATOR:
                menu.addSeparator()
                continue
            action = self._make(spec)
            if spec.group:
                groups.setdefault(spec.group, QActionGroup(target.window())).addAction(action)
            menu.addAction(action)
            self._actions.append((spec, action))

    def __getitem__(self, text: str) -> QAction:
        """Return the action with this text in `TABLE`."""
        return next(action for spec, action in self._actions if spec.text == text)

    def fill_toolbars(self, commands: QToolBar, tools: QToolBar) -> None:
        """Add the canvas tools to one toolbar, the other toolbar actions to another."""
        self._fill(commands, [p for p in self._actions if p[0].toolbar and p[0].group != TOOLS])
        self._fill(tools, [p for p in self._actions if p[0].toolbar and p[0].group == TOOLS])

    @staticmethod
    def _fill(toolbar: QToolBar, shown: list[tuple[ActionSpec, QAction]]) -> None:
        """Add actions, separated by menu and group."""
        for (before, _), (spec, action) in pairwise([shown[0], *shown]):
            if spec.menu != before.menu or spec.group != before.group:
                toolbar.addSeparator()
            toolbar.addAction(action)
            button = toolbar.widgetForAction(action)
            if spec.short and isinstance(button, QToolButton):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

    def refresh(self, available: set[Requirement]) -> None:
        """Update the enabled and checked state of all actions."""
        for spec, action in self._actions:
            action.setEnabled(spec.requires in available)
            if spec.is_on is not None and action.isEnabled():
                action.setChecked(spec.is_on(self._target))
            if spec.detail is not None:
                detail = spec.detail(self._target) if action.isEnabled() else ""
                action.setText(f"{spec.shown} {detail[:1].lower()}{detail[1:]}".rstrip())

    def _menu(self, path: str) -> QMenu:
        if path not in self.menus:
            parent = self.menus[path.split("/")[0]]
            self.menus[path] = parent.addMenu(translate("Actions", SUBMENUS[path]))
        return self.menus[path]

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.shown, self._target.window())
        self._show_keys(spec, action)
        short = translate("Actions", spec.short) if spec.short else spec.shown.rstrip("…")
        action.setIconText(short)
        action.setCheckable(spec.is_on is not None)
        if spec.icon:
            action.setIcon(icon(spec.icon, spec.icon_on))
            action.setIconVisibleInMenu(not spec.is_on)
        action.triggered.connect(partial(self._run, spec))
        return action

    def _show_keys(self, spec: ActionSpec, action: QAction) -> None:
        keys = self.keymap.keys(spec.text)
        action.setShortcuts([QKeySequence(key) for key in keys])
        name = spec.shown.rstrip("…") + (f" ({key_text(keys)})" if keys else "")
        action.setToolTip(name + (f"\n{translate('Actions', spec.tip)}" if spec.tip else ""))

    def _on_keys_changed(self, text: str) -> None:
        for spec, action in self._actions:
            if spec.text == text:
                self._show_keys(spec, action)

    def _run(self, spec: ActionSpec, _checked: bool = False) -> None:
        try:
            spec.run(self._target)
        finally:  # Qt toggled the checked state; it may not have changed
            self._target.refresh_actions()
