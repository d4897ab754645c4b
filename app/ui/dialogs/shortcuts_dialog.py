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
from app.ui.translation import QT_TRANSLATE_NOOP

MOUSE = (
    (
        QT_TRANSLATE_NOOP("ShortcutsDialog", "Add a positive / negative point"),
        QT_TRANSLATE_NOOP("ShortcutsDialog", "Left / right or Ctrl+left"),
    ),
    (
        QT_TRANSLATE_NOOP("ShortcutsDialog", "Preview the mask of a click"),
        QT_TRANSLATE_NOOP("ShortcutsDialog", "Shift (hold)"),
    ),
    (
        QT_TRANSLATE_NOOP("ShortcutsDialog", "Zoom at the pointer"),
        QT_TRANSLATE_NOOP("ShortcutsDialog", "Wheel, Ctrl+wheel or pinch"),
    ),
    (
        QT_TRANSLATE_NOOP("ShortcutsDialog", "Pan"),
        QT_TRANSLATE_NOOP("ShortcutsDialog", "Middle drag"),
    ),
)
ACTION_ROLE = Qt.ItemDataRole.UserRole


class ShortcutsDialog(QDialog):
    """Lists every action with its keys, filters them by a search text and changes them.

    Changes take effect at once.

    Args:
        rows: displayed menu, English text and displayed text of each action.
        keymap: the keys.
        parent: owner.
    """

    def __init__(
        self, rows: Iterable[tuple[str, str, str]], keymap: Keymap, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.resize(600, 560)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._keymap = keymap
        search = self.tr("Search actions and keys")
        self._search = QLineEdit(self, placeholderText=search)
        self._search.setAccessibleName(search)
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

    def _make_tree(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self.tree = QTreeWidget(self)
        self.tree.setAccessibleName(self.tr("Actions and their keys"))
        self.tree.setRootIsDecorated(False)
        self.tree.setHeaderLabels([self.tr("Action"), self.tr("Keys")])
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        groups: dict[str, QTreeWidgetItem] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        for menu, action, shown in rows:
            item = self._items[action] = QTreeWidgetItem([shown.rstrip("…"), ""])
            item.setData(0, ACTION_ROLE, action)
            self._group(groups, menu).addChild(item)
            self._show_keys(action)
        for text, keys in MOUSE:
            row = QTreeWidgetItem([self.tr(text), self.tr(keys)])
            self._group(groups, self.tr("Mouse")).addChild(row)
        self.tree.expandAll()
        self.tree.itemSelectionChanged.connect(self._show_selected)

    def _make_editor(self) -> QHBoxLayout:
        self._key = QKeySequenceEdit(self)
        self._key.setMaximumSequenceLength(1)
        self._key.setClearButtonEnabled(True)
        self._key.setAccessibleName(self.tr("New key"))
        self._key.keySequenceChanged.connect(self._show_selected)
        self._add = QPushButton(self.tr("Add key"), self)
        self._clear = QPushButton(self.tr("Remove keys"), self)
        self._reset = QPushButton(self.tr("Reset"), self)
        self._add.clicked.connect(self._on_add)
        self._clear.clicked.connect(lambda: self._keymap.clear(self._selected()))
        self._reset.clicked.connect(lambda: self._keymap.reset(self._selected()))
        self._note = QLabel(self, wordWrap=True)
        self._note.setProperty("role", "muted")
        self._note.setMinimumHeight(2 * self._note.fontMetrics().lineSpacing())
        row = QHBoxLayout()
        row.setSpacing(SPACING_PX)
        for widget in (
            QLabel(self.tr("Press a key:"), self),
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
        everything = buttons.addButton(self.tr("Reset all"), QDialogButtonBox.ButtonRole.ResetRole)
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
        owner = self._keymap.owner(key, action) if key else None
        is_taken = owner is not None and owner != action
        self._add.setEnabled(bool(action and key) and owner != action)
        self._add.setText(self.tr("Take over") if is_taken else self.tr("Add key"))
        self._clear.setEnabled(bool(action) and bool(self._keymap.keys(action)))
        self._reset.setEnabled(bool(action) and not self._keymap.is_default(action))
        self._note.setText(self._sentence(action, key, owner))

    def _sentence(self, action: str, key: str, owner: str | None) -> str:
        if not action:
            return self.tr("Select an action to change its keys.")
        if not key:
            text = self.tr("{action}: press a new key in the field, then add it.")
            return text.format(action=self._items[action].text(0))
        name = key_text((key,))
        if owner is None:
            return self.tr("{key} is free.").format(key=name)
        if owner == action:
            return self.tr("{key} already belongs to this action.").format(key=name)
        text = self.tr("{key} belongs to “{action}”, which loses it if it is taken over.")
        return text.format(key=name, action=self._items[owner].text(0))

    def _filter(self, wanted: str) -> None:
        wanted = wanted.casefold()
        for index in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(index)
            assert group is not None
            children = [c for row in range(group.childCount()) if (c := group.child(row))]
            for child in children:
                child.setHidden(wanted not in f"{child.text(0)} {child.text(1)}".casefold())
            group.setHidden(all(child.isHidden() for child in children))
