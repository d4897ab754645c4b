"""Places tooltips beside what they explain instead of over it."""

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QAbstractItemView, QToolTip, QWidget

MAX_HEIGHT_PX = (
    64  # of what is explained; beside a larger area a tooltip would be far from the pointer
)
GAP_PX = 4
QT_OFFSET = QPoint(2, 16)  # what `QToolTip` adds to the position, for a pointer above it
FRAME_PX = 20  # padding and border of a tooltip, above and below its text


class ToolTipPlacement(QObject):
    """An application event filter that shows tooltips below widgets and items, or above them."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show the tooltip of a small widget or of an item where it covers neither."""
        if (
            event.type() != QEvent.Type.ToolTip
            or not isinstance(watched, QWidget)
            or not isinstance(event, QHelpEvent)
        ):
            return False
        text, rect = _explained(watched, event.pos())
        if not text or rect.height() > MAX_HEIGHT_PX:
            return False
        QToolTip.showText(_place(watched, text, rect, event.globalPos()), text, watched, rect)
        return True


def _explained(widget: QWidget, at: QPoint) -> tuple[str, QRect]:
    """Return the tooltip at a position of a widget, and the rectangle that it explains."""
    view = widget.parentWidget()
    if isinstance(view, QAbstractItemView) and view.viewport() is widget:
        index = view.indexAt(at)
        text = index.data(Qt.ItemDataRole.ToolTipRole) if index.isValid() else None
        return str(text or ""), view.visualRect(index)
    return widget.toolTip(), widget.rect()


def _place(widget: QWidget, text: str, rect: QRect, pointer: QPoint) -> QPoint:
    """Return the position for `QToolTip.showText`, which adds `QT_OFFSET`."""
    top, bottom = (widget.mapToGlobal(point).y() for point in (rect.topLeft(), rect.bottomLeft()))
    lines = text.count("\n") + 1
    height = lines * QToolTip.font().pointSize() * 2 + FRAME_PX
    is_below = bottom + GAP_PX + height < widget.screen().availableGeometry().bottom()
    y = bottom + GAP_PX if is_below else top - GAP_PX - height
    return QPoint(pointer.x(), y) - QT_OFFSET
