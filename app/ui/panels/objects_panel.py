"""The objects panel: the table of objects and their commands."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QColor
from PySide6.QtWidgets import QColorDialog, QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from app.core import rules
from app.core.document import Table, TrackedObject
from app.session import Session
from app.ui.panels.merge_menu import MergeMenu
from app.ui.panels.object_commands import ObjectCommands
from app.ui.panels.objects_model import Column, ObjectsModel
from app.ui.panels.objects_table import ObjectsTable
from app.ui.state.document_bridge import ChangedRows, DocumentBridge
from app.ui.state.view_state import ViewState
from app.ui.style.icons import icon


class ObjectsPanel(QWidget):
    """Displays the objects; the selected row is the active object.

    When the active object is removed, the object that takes its row becomes active.

    Signals:
        message: text for the status bar.
    """

    message = Signal(str)

    def __init__(
        self,
        session: Session,
        bridge: DocumentBridge,
        view_state: ViewState,
        commands: ObjectCommands,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._commands = commands
        self._document = session.document
        self._state = view_state
        self._model = ObjectsModel(session, bridge, view_state, commands, self)
        self._table = ObjectsTable(self._model, self)
        self._row = 0
        self._make_actions()
        self._lay_out()
        self._table.selectionModel().currentRowChanged.connect(self._on_row_selected)
        self._table.customContextMenuRequested.connect(self._on_menu_requested)
        view_state.active_object_changed.connect(self._show_active)
        bridge.changed.connect(self._on_document_changed)
        self._on_objects_changed()

    def _make_actions(self) -> None:
        self._add = self._action(
            self.tr("New object"),
            "add",
            self.tr("The next click or box belongs to it"),
            self._commands.new_object,
        )
        self._duplicate = self._action(
            self.tr("Duplicate"),
            "duplicate",
            self.tr("Copy this object with all its masks"),
            self._commands.duplicate,
        )
        self._merge_menu = MergeMenu(lambda: self._commands, self)
        self._merge = self._merge_menu.menuAction()
        self._merge.setIcon(icon("merge"))
        self._merge.setToolTip(self.tr("Merge all masks of this object into another one"))
        self._up = self._action(
            self.tr("Move up"),
            None,
            self.tr("Move this object up"),
            partial(self._commands.move_object, -1),
        )
        self._down = self._action(
            self.tr("Move down"),
            None,
            self.tr("Move this object down"),
            partial(self._commands.move_object, 1),
        )
        self._delete = self._action(
            self.tr("Delete object"),
            "delete",
            self.tr("Delete this object and all its masks"),
            self._commands.delete_object,
        )
        self._rename = self._action(self.tr("Rename"), None, "", self.rename)
        self._classify = self._action(self.tr("Change category"), None, "", self.change_category)
        self._recolor = self._action(self.tr("Change color…"), None, "", self.recolor)

    def _action(
        self, text: str, icon_name: str | None, tip: str, slot: Callable[[], object]
    ) -> QAction:
        action = QAction(text, self)
        if icon_name is not None:
            action.setIcon(icon(icon_name))
        action.setToolTip(tip or text)
        action.triggered.connect(lambda: slot())
        return action

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(4, 4, 4, 4)
        bar.setSpacing(2)
        for action in (self._add, self._duplicate, self._merge, self._up, self._down):
            bar.addWidget(self._button(action))
        bar.addStretch(1)
        bar.addWidget(self._button(self._delete))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self._table, 1)
        self.setFocusProxy(self._table)

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setAutoRaise(True)
        button.setAccessibleName(action.text())
        if action is self._merge:
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        arrows = {id(self._up): Qt.ArrowType.UpArrow, id(self._down): Qt.ArrowType.DownArrow}
        button.setArrowType(arrows.get(id(action), Qt.ArrowType.NoArrow))
        return button

    @property
    def _active(self) -> TrackedObject | None:
        return self._document.find(self._state.active_object)

    def _on_document_changed(self, rows: ChangedRows) -> None:
        if Table.OBJECTS in rows:
            self._on_objects_changed()

    def _on_objects_changed(self) -> None:
        """Keep an object active while there is one; a model reset cleared the selection."""
        count = self._model.rowCount()
        if self._document.find(self._state.solo_object) is None:
            self._state.solo_object = None
        if self._active is None:
            row = min(self._row, count - 1)
            self._state.active_object = self._model.object_at(row).object_id if count else None
        self._show_active()

    def _show_active(self) -> None:
        row = self._model.row_of(self._state.active_object)
        selection = self._table.selectionModel()
        if row is None:
            selection.clear()
        else:
            self._row = row
            column = max(self._table.currentIndex().column(), 0)
            if self._table.currentIndex().row() != row:
                self._table.setCurrentIndex(self._model.index(row, column))
        self._update_actions()

    def _update_actions(self) -> None:
        active, count = self._active, self._model.rowCount()
        is_free = active is not None and self._is_editable(active.object_id)
        for action in (self._duplicate, self._recolor):
            action.setEnabled(active is not None)
        for action in (self._rename, self._classify, self._delete):
            action.setEnabled(is_free)
        self._merge.setEnabled(is_free and count > 1)
        self._up.setEnabled(active is not None and self._row > 0)
        self._down.setEnabled(active is not None and self._row < count - 1)

    def _is_editable(self, object_id: int) -> bool:
        return rules.is_object_editable(self._document, object_id)

    def _on_row_selected(self, current: QModelIndex) -> None:
        if current.isValid():
            self._state.active_object = self._model.object_at(current.row()).object_id

    def _on_menu_requested(self, at: QPoint) -> None:
        menu = QMenu(self)
        if self._table.indexAt(at).isValid():
            menu.addActions([self._rename, self._classify, self._recolor])
            menu.addSeparator()
            menu.addActions([self._up, self._down, self._duplicate, self._merge])
            menu.addSeparator()
            menu.addAction(self._delete)
        else:
            menu.addAction(self._add)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._table.viewport().mapToGlobal(at))

    def recolor(self) -> None:
        """Let the user choose another color for the active object."""
        if (active := self._active) is not None:
            title = self.tr("Color of {name}").format(name=active.name)
            color = QColorDialog.getColor(QColor(*active.color), self, title)
            if color.isValid():
                rgb = color.red(), color.green(), color.blue()
                self._commands.update_object(active.object_id, color=rgb)

    def rename(self) -> None:
        """Start editing the name of the active object in the table."""
        self._edit(Column.NAME)

    def change_category(self) -> None:
        """Start editing the category of the active object in the table."""
        self._edit(Column.CATEGORY)

    def _edit(self, column: Column) -> None:
        if (active := self._active) is None:
            return
        if refusal := rules.refusal(self._document, active.object_id):
            self.message.emit(str(refusal))
            return
        self._table.showColumn(column)  # categories are hidden in a narrow panel
        index = self._model.index(self._row, column)
        self._table.setCurrentIndex(index)
        self._table.edit(index)
