"""The objects of a document as a Qt table model."""

from enum import IntEnum

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap

from app.core import rules
from app.core.document import Table, TrackedObject
from app.session import Session
from app.ui.panels.object_commands import ObjectCommands
from app.ui.state.document_bridge import ChangedRows, DocumentBridge
from app.ui.state.view_state import ViewState
from app.ui.style.icons import icon
from app.ui.translation import QT_TRANSLATE_NOOP

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

SWATCH_PX = 14


class Column(IntEnum):
    """The columns of the table."""

    NAME = 0
    CATEGORY = 1
    MASKS = 2
    VISIBLE = 3
    LOCKED = 4
    SOLO = 5


TOGGLES = (Column.VISIBLE, Column.LOCKED, Column.SOLO)

_HEADERS = {
    Column.NAME: (
        QT_TRANSLATE_NOOP("ObjectsModel", "Name"),
        QT_TRANSLATE_NOOP("ObjectsModel", "Double-click or F2 to rename"),
    ),
    Column.CATEGORY: (
        QT_TRANSLATE_NOOP("ObjectsModel", "Category"),
        QT_TRANSLATE_NOOP("ObjectsModel", "Category of the object; written into exports"),
    ),
    Column.MASKS: (
        QT_TRANSLATE_NOOP("ObjectsModel", "#"),
        QT_TRANSLATE_NOOP("ObjectsModel", "Number of frames with a mask"),
    ),
    Column.VISIBLE: (
        QT_TRANSLATE_NOOP("ObjectsModel", "Visible"),
        QT_TRANSLATE_NOOP("ObjectsModel", "Show or hide the object on the canvas"),
    ),
    Column.LOCKED: (
        QT_TRANSLATE_NOOP("ObjectsModel", "Locked"),
        QT_TRANSLATE_NOOP("ObjectsModel", "Protect the object from changes"),
    ),
    Column.SOLO: (
        QT_TRANSLATE_NOOP("ObjectsModel", "Solo"),
        QT_TRANSLATE_NOOP("ObjectsModel", "Show this object alone"),
    ),
}
_HEADER_ICONS = {Column.VISIBLE: "eye", Column.LOCKED: "lock", Column.SOLO: "solo"}
_TOGGLE_ICONS = {
    Column.VISIBLE: ("eye-off", "eye"),
    Column.LOCKED: ("unlock", "lock"),
    Column.SOLO: ("solo", "solo"),
}
_TOGGLE_TIPS = {
    Column.VISIBLE: (
        QT_TRANSLATE_NOOP("ObjectsModel", "Hidden: click to show"),
        QT_TRANSLATE_NOOP("ObjectsModel", "Visible: click to hide"),
    ),
    Column.LOCKED: (
        QT_TRANSLATE_NOOP("ObjectsModel", "Unlocked: click to lock"),
        QT_TRANSLATE_NOOP("ObjectsModel", "Locked: click to unlock"),
    ),
    Column.SOLO: (
        QT_TRANSLATE_NOOP("ObjectsModel", "Click to show this object alone"),
        QT_TRANSLATE_NOOP("ObjectsModel", "Shown alone: click to show the others again"),
    ),
}


def swatch(color: tuple[int, int, int]) -> QIcon:
    """Return an icon of an object's color."""
    pixmap = QPixmap(SWATCH_PX, SWATCH_PX)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(0, 0, 0, 90))
    painter.setBrush(QColor(*color))
    painter.drawRoundedRect(0, 0, SWATCH_PX - 1, SWATCH_PX - 1, 3, 3)
    painter.end()
    swatch_icon = QIcon(pixmap)
    swatch_icon.addPixmap(pixmap, QIcon.Mode.Selected)  # keeps its color in a selected row
    return swatch_icon


class ObjectsModel(QAbstractTableModel):
    """One row per object in display order; `ObjectCommands` change them.  Lives on the GUI thread.

    Args:
        session: the session to display.
        bridge: signals changes of the document.
        state: holds which object is shown alone.
        commands: changes objects.
        parent: owner.
    """

    def __init__(
        self,
        session: Session,
        bridge: DocumentBridge,
        state: ViewState,
        commands: ObjectCommands,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._commands = commands
        self._session = session
        self._state = state
        self._objects = session.document.objects
        bridge.changed.connect(self._on_document_changed)
        state.overlay_changed.connect(self._on_overlay_changed)

    def object_at(self, row: int) -> TrackedObject:
        """Return the object of a row."""
        return self._objects[row]

    def row_of(self, object_id: int | None) -> int | None:
        """Return the row of an object; None if there is no such object."""
        ids = [each.object_id for each in self._objects]
        return ids.index(object_id) if object_id in ids else None

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of objects."""
        return 0 if parent is not None and parent.isValid() else len(self._objects)

    def columnCount(self, parent: Index | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(Column)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Make the texts of unlocked objects editable and switches checkable."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() in (Column.NAME, Column.CATEGORY):
            tracked = self._objects[index.row()]
            if rules.is_object_editable(self._session.document, tracked.object_id):
                flags |= Qt.ItemFlag.ItemIsEditable
        elif index.column() in TOGGLES:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:
        """Return the value of a table cell."""
        tracked, column = self._objects[index.row()], Column(index.column())
        if column in TOGGLES:
            return self._toggle_data(tracked, column, role)
        if role in (Role.DisplayRole, Role.EditRole):
            return self._text(tracked, column)
        if role == Role.DecorationRole and column is Column.NAME:
            return swatch(tracked.color)
        if role == Role.TextAlignmentRole and column is Column.MASKS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Role.ForegroundRole and (column is not Column.NAME or not tracked.is_visible):
            return QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText)
        if role == Role.ToolTipRole:
            tip = self.tr("{name} ({category}), %Ln mask(s)", "", self._mask_count(tracked))
            return tip.format(name=tracked.name, category=tracked.category)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> object:
        """Return the column headers; toggles have an icon instead of text."""
        if orientation is Qt.Orientation.Vertical:
            return None
        column = Column(section)
        name, tip = map(self.tr, _HEADERS[column])
        if role == Role.ToolTipRole:
            return tip if column not in TOGGLES else f"{name}: {tip}"
        if role == Role.AccessibleTextRole or (role == Role.DisplayRole and column not in TOGGLES):
            return name
        if role == Role.DecorationRole and column in TOGGLES:
            return icon(_HEADER_ICONS[column])
        return None

    def setData(self, index: Index, value: object, role: int = Role.EditRole) -> bool:
        """Change the name or category, or a toggle."""
        tracked, column = self._objects[index.row()], Column(index.column())
        if role == Role.CheckStateRole and column in TOGGLES:
            self._toggle(tracked, column, Qt.CheckState(value) is Qt.CheckState.Checked)
            return True
        text = str(value).strip()
        if role != Role.EditRole or not text:
            return False
        if column is Column.NAME:
            self._commands.update_object(tracked.object_id, name=text)
        else:
            self._commands.update_object(tracked.object_id, category=text)
        return True

    def _toggle_data(self, tracked: TrackedObject, column: Column, role: int) -> object:
        is_on = self._is_on(tracked, column)
        tip = self.tr(_TOGGLE_TIPS[column][is_on])
        if role == Role.CheckStateRole:
            return Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked
        if role == Role.DecorationRole:
            return icon(_TOGGLE_ICONS[column][is_on])
        if role == Role.ToolTipRole:
            return tip
        if role == Role.AccessibleTextRole:
            return f"{tracked.name}: {tip}"
        return None

    def _is_on(self, tracked: TrackedObject, column: Column) -> bool:
        return {
            Column.VISIBLE: tracked.is_visible,
            Column.LOCKED: tracked.is_locked,
            Column.SOLO: tracked.object_id == self._state.solo_object,
        }[column]

    def _toggle(self, tracked: TrackedObject, column: Column, is_on: bool) -> None:
        if column is Column.SOLO:
            self._state.solo_object = tracked.object_id if is_on else None
        elif column is Column.LOCKED:
            self._commands.update_object(tracked.object_id, is_locked=is_on)
        else:
            self._commands.update_object(tracked.object_id, is_visible=is_on)

    def _text(self, tracked: TrackedObject, column: Column) -> str:
        if column is Column.MASKS:
            return str(self._mask_count(tracked))
        return tracked.name if column is Column.NAME else tracked.category

    def _mask_count(self, tracked: TrackedObject) -> int:
        return len(self._session.document.of_object(Table.MASKS, tracked.object_id))

    def _notify(self, first: Column, last: Column) -> None:
        if self._objects:
            self.dataChanged.emit(self.index(0, first), self.index(len(self._objects) - 1, last))

    def _on_objects_changed(self) -> None:
        objects = self._session.document.objects
        if [o.object_id for o in objects] == [o.object_id for o in self._objects]:
            self._objects = objects
            self._notify(Column.NAME, Column.SOLO)
        else:
            self.beginResetModel()
            self._objects = objects
            self.endResetModel()

    def _on_document_changed(self, rows: ChangedRows) -> None:
        if Table.OBJECTS in rows:
            self._on_objects_changed()
        if Table.MASKS in rows:
            self._notify(Column.MASKS, Column.MASKS)

    def _on_overlay_changed(self) -> None:
        self._notify(Column.SOLO, Column.SOLO)
