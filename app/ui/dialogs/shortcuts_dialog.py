"""The dialog that lists keyboard shortcuts and mouse gestures and changes the shortcuts."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui.state.keymap import Keymap, key_text
from app.ui.style.theme import SPACING_PX

MOUSE = (
    ("Add a positive / negative point", "Left / right or Ctrl+left"),
    ("Preview the mask of a click", "Shift (hold)"),
    ("Zoom at the pointer", "Wheel, Ctrl+wheel or pinch"),
    ("Pan", "Middle drag"),
)
ACTION_ROLE = Qt.ItemDataRole.UserRole


class ShortcutsDialog(QDialog):
    """Lists every action with its keys, filters them by a search text and changes them.

    Changes take effect at once.

    Args:
        rows: menu and text of each action.
        keymap: the keys.
        parent: owner.
    """

    def __init__(
        self, rows: Iterable[tuple[str, str]], keymap: Keymap, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.resize(600, 560)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._keymap = keymap
        self._search = QLineEdit(self, placeholderText="Search actions and keys")
        self._search.setAccessibleName("Search actions and keys")
        self._search.setClearButtonEnabled(True)
        self._search.setProperty("role", "field")
        self._search.textChanged.connect(self._filter)
        self._make_tree(rows)
        layout = QVBoxLayout(self)
        layout.addWidget(self._search)
        layout.addWidget(self.tree, 1)
        layout.addLayout(self._make_editor())
        layout.addWidget(self._note)
        layout.addWidget(self._make_buttons())
        keymap.changed.connect(self._on_changed)
        self._show_selected()

    def _make_tree(self, rows: Iterable[tuple[str, str]]) -> None:
        self.tree = QTreeWidget(self)
        self.tree.setAccessibleName("Actions and their keys")
        self.tree.setRootIsDecorated(False)
        self.tree.setHeaderLabels(["Action", "Keys"])
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        groups: dict[str, QTreeWidgetItem] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        for menu, action in rows:
            item = self._items[action] = QTreeWidgetItem([action.rstrip("…"), ""])
            item.setData(0, ACTION_ROLE, action)
            self._group(groups, menu).addChild(item)
            self._show_keys(action)
        for text, keys in MOUSE:
            self._group(groups, "Mouse").addChild(QTreeWidgetItem([text, keys]))
        self.tree.expandAll()
        self.tree.itemSelectionChanged.connect(self._show_selected)

    def _make_editor(self) -> QHBoxLayout:
        self._key = QKeySequenceEdit(self)
        self._key.setMaximumSequenceLength(1)
        self._key.setClearButtonEnabled(True)
        self._key.setAccessibleName("New key")
        self._key.keySequenceChanged.connect(self._show_selected)
        self._add = QPushButton("Add key", self)
        self._clear = QPushButton("Remove keys", self)
        self._reset = QPushButton("Reset", self)
        self._add.clicked.connect(self._on_add)
        self._clear.clicked.connect(lambda: self._keymap.clear(self._selected()))
        self._reset.clicked.connect(lambda: self._keymap.reset(self._selected()))
        self._note = QLabel(self, wordWrap=True)
        self._note.setProperty("role", "muted")
        self._note.setMinimumHeight(2 * self._note.fontMetrics().lineSpacing())
        row = QHBoxLayout()
        row.setSpacing(SPACING_PX)
        for widget in (
            QLabel("Press a key:", self),
            self._key,
            self._add,
            self._clear,
            self._reset,
        ):
            row.addWidget(widget, int(widget is self._key))
        for button in (self._add, self._clear, self._reset):
            button.setAutoDefault(False)
        return row

    def _make_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        everything = buttons.addButton("Reset all", QDialogButtonBox.ButtonRole.ResetRole)
        everything.setAutoDefault(False)
        everything.clicked.connect(self._keymap.reset_all)
        buttons.rejected.connect(self.reject)
        return buttons

    def _group(self, groups: dict[str, QTreeWidgetItem], menu: str) -> QTreeWidgetItem:
        if menu not in groups:
            item = groups[menu] = QTreeWidgetItem([menu])
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = item.font(0)
            font.setBold(True)
            item.setFont(0, font)
            self.tree.addTopLevelItem(item)
        return groups[menu]

    def select(self, action: str) -> None:
        """Select an action by its text."""
        self.tree.setCurrentItem(self._items[action])

    def _selected(self) -> str:
        """Return the selected action; empty if none is, or a mouse gesture."""
        items = self.tree.selectedItems()
        return str(items[0].data(0, ACTION_ROLE) or "") if items else ""

    def _pressed(self) -> str:
        return self._key.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _on_add(self) -> None:
        self._keymap.add(self._selected(), self._pressed())
        self._key.clear()

    def _on_changed(self, action: str) -> None:
        self._show_keys(action)
        self._show_selected()

    def _show_keys(self, action: str) -> None:
        keys = self._keymap.keys(action)
        item = self._items[action]
        item.setText(1, key_text(keys))
        font = item.font(1)
        font.setBold(not self._keymap.is_default(action))
        item.setFont(1, font)

    def _show_selected(self) -> None:
        action, key = self._selected(), self._pressed()
        owner = self._keymap.owner(key) if key else None
        is_taken = owner is not None and owner != action
        self._add.setEnabled(bool(action and key) and owner != action)
        self._add.setText("Take over" if is_taken else "Add key")
        self._clear.setEnabled(bool(action) and bool(self._keymap.keys(action)))
        self._reset.setEnabled(bool(action) and not self._keymap.is_default(action))
        self._note.setText(self._sentence(action, key, owner))

    @staticmethod
    def _sentence(action: str, key: str, owner: str | None) -> str:
        if not action:
            return "Select an action to change its keys."
        if not key:
            return f"{action.rstrip('…')}: press a new key in the field, then add it."
        name = key_text((key,))
        if owner is None:
            return f"{name} is free."
        if owner == action:
            return f"{name} already belongs to this action."
        return f"{name} belongs to “{owner.rstrip('…')}”, which loses it if it is taken over."

    def _filter(self, wanted: str) -> None:
        wanted = wanted.casefold()
        for index in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(index)
            assert group is not None
            children = [c for row in range(group.childCount()) if (c := group.child(row))]
            for child in children:
                child.setHidden(wanted not in f"{child.text(0)} {child.text(1)}".casefold())
            group.setHidden(all(child.isHidden() for child in children))
