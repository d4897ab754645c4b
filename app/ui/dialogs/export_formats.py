"""The list of export formats in the export dialog."""

from collections.abc import Collection, Mapping

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.export.format import ExportFormat, Group
from app.export.registry import FORMATS
from app.ui.style.theme import SPACING_PX
from app.ui.translation import PLURAL, translate
from app.ui.translation.sentences import translate_sentence

_NAME_ROLE = Qt.ItemDataRole.UserRole


class FormatList(QWidget):
    """Lets the user check formats, in groups, and explains the current one.

    Signals:
        changed: a format was checked or unchecked.

    Args:
        checked: names of the formats that are checked initially.
        parent: owner.
    """

    changed = Signal()

    def __init__(self, checked: Collection[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: dict[str, QTreeWidgetItem] = {}
        self._tree = self._make_tree()
        for group in Group:
            self._add_group(group, checked)
        self._tree.expandAll()
        self._about = QLabel(self, wordWrap=True)
        self._about.setProperty("role", "muted")
        self._about.setMinimumHeight(3 * self.fontMetrics().lineSpacing())
        self._about.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING_PX)
        layout.addWidget(self._tree, 1)
        layout.addWidget(self._about)
        self._tree.itemChanged.connect(self._on_item_changed)
        self._tree.currentItemChanged.connect(lambda item, _: self._explain(item))
        first = next((name for name in self._items if name in checked), next(iter(self._items)))
        self._tree.setCurrentItem(self._items[first])

    def checked(self) -> tuple[str, ...]:
        """Return the names of the checked formats."""
        return tuple(
            name
            for name, item in self._items.items()
            if item.checkState(0) is Qt.CheckState.Checked
        )

    def check(self, name: str, is_checked: bool = True) -> None:
        """Check or uncheck a format."""
        state = Qt.CheckState.Checked if is_checked else Qt.CheckState.Unchecked
        self._items[name].setCheckState(0, state)

    def show_sizes(self, size_bytes: Mapping[str, int | None]) -> None:
        """Show the estimated size beside each format; None where it cannot be written."""
        self._tree.blockSignals(True)  # sizes are no change of what is checked
        for name, item in self._items.items():
            text = ""
            if name in size_bytes:
                size = size_bytes[name]
                text = self.tr("cannot be written") if size is None else size_text(size)
            item.setText(1, text)
        self._tree.blockSignals(False)

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget(self)
        tree.setAccessibleName(self.tr("Formats"))
        tree.setColumnCount(2)
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setIndentation(2 * SPACING_PX)
        tree.header().setStretchLastSection(False)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        return tree

    def _add_group(self, group: Group, checked: Collection[str]) -> None:
        heading = QTreeWidgetItem(self._tree, [translate_sentence(group.value)])
        heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = heading.font(0)
        font.setBold(True)
        heading.setFont(0, font)
        for form in FORMATS.values():
            if form.group is group:
                self._add_format(heading, form, form.name in checked)

    def _add_format(self, heading: QTreeWidgetItem, form: ExportFormat, is_checked: bool) -> None:
        item = QTreeWidgetItem(heading, [translate_sentence(form.title)])
        item.setFlags(
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsUserCheckable
        )
        item.setSizeHint(0, QSize(0, self.fontMetrics().lineSpacing() + SPACING_PX))
        item.setData(0, _NAME_ROLE, form.name)
        item.setToolTip(0, translate_sentence(form.description))
        item.setCheckState(0, Qt.CheckState.Checked if is_checked else Qt.CheckState.Unchecked)
        self._items[form.name] = item

    def _on_item_changed(self, item: QTreeWidgetItem, column: int) -> None:
        if column == 0 and item.data(0, _NAME_ROLE):
            self._tree.setCurrentItem(item)
            self.changed.emit()

    def _explain(self, item: QTreeWidgetItem | None) -> None:
        name = item.data(0, _NAME_ROLE) if item is not None else None
        self._about.setText(translate_sentence(FORMATS[name].description) if name else "")


def size_text(size_bytes: int) -> str:
    """Return a size on disk in the largest unit of which it has one."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return translate("FormatList", "%Ln byte(s)", "", PLURAL, size_bytes)
