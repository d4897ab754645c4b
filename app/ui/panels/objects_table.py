"""The table view of the objects, with toggle columns."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QMouseEvent, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.ui.panels.objects_model import SWATCH_PX, TOGGLES, Column, ObjectsModel
from app.ui.panels.objects_name import LINE_ROW_PX, NameDelegate

TOGGLE_WIDTH_PX = 25
CATEGORY_WIDTH_PX = 66
NARROW_PX = 245
"""Below this width the names get the room of the categories, which the tooltips have, too."""
ICON_PX = 16
OFF_OPACITY = 0.35


class _ToggleDelegate(QStyledItemDelegate):
    """Paints a toggle as an icon: opaque when on, faint when off."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint the background of the table cell and the icon in its text color."""
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        style = QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter)
        is_selected = bool(state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if is_selected else QPalette.ColorRole.Text
        image: QIcon = index.data(Qt.ItemDataRole.DecorationRole)
        pixmap = image.pixmap(QSize(ICON_PX, ICON_PX), painter.device().devicePixelRatio())
        tint = QPainter(pixmap)
        tint.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        tint.fillRect(pixmap.rect(), QApplication.palette().color(role))
        tint.end()
        value = index.data(Qt.ItemDataRole.CheckStateRole)
        painter.save()
        painter.setOpacity(1.0 if value is Qt.CheckState.Checked else OFF_OPACITY)
        half = ICON_PX // 2
        painter.drawPixmap(rect.center().x() - half, rect.center().y() - half, pixmap)
        painter.restore()


class ObjectsTable(QTableView):
    """The table of objects; a click on a toggle switches it and keeps the selection."""

    def __init__(self, model: ObjectsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self._empty_text = self.tr("No objects yet.\nClick an object in the frame.")
        self.setAccessibleName(self.tr("Objects"))
        self.setAccessibleDescription(self._empty_text)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setEditTriggers(
            QTableView.EditTrigger.DoubleClicked | QTableView.EditTrigger.EditKeyPressed
        )
        self.setShowGrid(False)
        self.setWordWrap(True)  # rows are as high as `NameDelegate` needs
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setIconSize(QSize(SWATCH_PX, SWATCH_PX))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(LINE_ROW_PX)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._lay_out_columns()

    def _lay_out_columns(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setMinimumSectionSize(TOGGLE_WIDTH_PX)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(Column.CATEGORY, CATEGORY_WIDTH_PX)
        header.setSectionResizeMode(Column.MASKS, QHeaderView.ResizeMode.ResizeToContents)
        header.sectionResized.connect(self.resizeRowsToContents)
        self.setItemDelegateForColumn(Column.NAME, NameDelegate(self))
        delegate = _ToggleDelegate(self)
        for column in TOGGLES:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, TOGGLE_WIDTH_PX)
            self.setItemDelegateForColumn(column, delegate)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the categories if names would have no room."""
        super().resizeEvent(event)
        self.setColumnHidden(Column.CATEGORY, self.width() < NARROW_PX)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Switch the toggle under the pointer, or select the row."""
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.column() in TOGGLES:
            role = Qt.ItemDataRole.CheckStateRole
            is_on = index.data(role) is Qt.CheckState.Checked
            value = Qt.CheckState.Unchecked if is_on else Qt.CheckState.Checked
            self.model().setData(index, value, role)
        else:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Treat a double click on a toggle as a second click; elsewhere start editing."""
        if self.indexAt(event.position().toPoint()).column() in TOGGLES:
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows, or a hint if there are none."""
        super().paintEvent(event)
        if self.model().rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            room = self.viewport().rect().adjusted(16, 24, -16, -16)
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room, flags, self._empty_text)
