"""The actions of a window, made from their table, with menus, toolbars, keys and tooltips."""

from functools import partial
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton

from app.ui.state.keymap import Keymap, key_text
from app.ui.style.icons import icon
from app.ui.window.actions import SEPARATOR, TABLE, TOOLS, ActionSpec, ActionTarget
from app.ui.window.workspace import Requirement

MENUS = ("File", "Edit", "View", "Object", "Track", "Review", "Memory", "Help")


def shortcut_rows() -> list[tuple[str, str]]:
    """Return menu and text of every action."""
    return [(each.menu.replace("/", " > "), each.text) for each in TABLE if each.text != SEPARATOR]


class ActionSet:
    """The actions of a window, made from `TABLE`, and their menus."""

    def __init__(self, target: ActionTarget) -> None:
        self._target = target
        self._actions: list[tuple[ActionSpec, QAction]] = []
        keys = {spec.text: spec.keys for spec in TABLE if spec.text != SEPARATOR}
        self.keymap = Keymap(keys, target.preferences, target.window())
        self.keymap.changed.connect(self._on_keys_changed)
        self.menus: dict[str, QMenu] = {
            name: target.menuBar().addMenu(f"&{name}") for name in MENUS
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
                action.setText(f"{spec.text} {detail[:1].lower()}{detail[1:]}".rstrip())

    def _menu(self, path: str) -> QMenu:
        if path not in self.menus:
            parent, name = path.split("/")
            self.menus[path] = self.menus[parent].addMenu(name)
        return self.menus[path]

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.text, self._target.window())
        self._show_keys(spec, action)
        action.setIconText(spec.short or spec.text.rstrip("…"))
        action.setCheckable(spec.is_on is not None)
        if spec.icon:
            action.setIcon(icon(spec.icon, spec.icon_on))
            action.setIconVisibleInMenu(not spec.is_on)
        action.triggered.connect(partial(self._run, spec))
        return action

    def _show_keys(self, spec: ActionSpec, action: QAction) -> None:
        keys = self.keymap.keys(spec.text)
        action.setShortcuts([QKeySequence(key) for key in keys])
        name = spec.text.rstrip("…") + (f" ({key_text(keys)})" if keys else "")
        action.setToolTip(name + (f"\n{spec.tip}" if spec.tip else ""))

    def _on_keys_changed(self, text: str) -> None:
        for spec, action in self._actions:
            if spec.text == text:
                self._show_keys(spec, action)

    def _run(self, spec: ActionSpec, _checked: bool = False) -> None:
        try:
            spec.run(self._target)
        finally:  # Qt toggled the checked state; it may not have changed
            self._target.refresh_actions()
