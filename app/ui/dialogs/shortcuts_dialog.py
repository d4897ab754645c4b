"""The dialog that lists keyboard shortcuts and mouse gestures."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

MOUSE = (
    ("Add a positive / negative point", "Left / right or Ctrl+left"),
    ("Preview the mask of a click", "Shift (hold)"),
    ("Zoom at the pointer", "Wheel, Ctrl+wheel or pinch"),
    ("Pan", "Middle drag"),
)


class ShortcutsDialog(QDialog):
    """Lists every action with its keys and filters them by a search text.

    Args:
        rows: menu, text and keys of each action.
        parent: owner.
    """

    def __init__(self, rows: Iterable[tuple[str, str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.resize(560, 600)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._search = QLineEdit(self, placeholderText="Search actions and keys")
        self._search.setClearButtonEnabled(True)
        self._search.setProperty("role", "field")
        self._search.textChanged.connect(self._filter)
        self.tree = QTreeWidget(self)
        self.tree.setRootIsDecorated(False)
        self.tree.setHeaderLabels(["Action", "Keys"])
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        self.tree.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        groups: dict[str, QTreeWidgetItem] = {}
        for menu, text, keys in [*rows, *(("Mouse", *row) for row in MOUSE)]:
            self._group(groups, menu).addChild(QTreeWidgetItem([text, keys]))
        self.tree.expandAll()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self._search, self.tree, buttons):
            layout.addWidget(widget)

    def _group(self, groups: dict[str, QTreeWidgetItem], menu: str) -> QTreeWidgetItem:
        if menu not in groups:
            item = groups[menu] = QTreeWidgetItem([menu])
            font = item.font(0)
            font.setBold(True)
            item.setFont(0, font)
            self.tree.addTopLevelItem(item)
        return groups[menu]

    def _filter(self, wanted: str) -> None:
        wanted = wanted.casefold()
        for index in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(index)
            assert group is not None
            children = [c for row in range(group.childCount()) if (c := group.child(row))]
            for child in children:
                child.setHidden(wanted not in f"{child.text(0)} {child.text(1)}".casefold())
            group.setHidden(all(child.isHidden() for child in children))
