"""Opening by drag and drop, with a highlight while something is dragged over the window."""

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QRect, Qt, Signal
from PySide6.QtGui import QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.ui.style.colors import with_alpha
from app.ui.style.theme import SPACING_PX


def _local_paths(mime: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]


class DropOverlay(QWidget):
    """Accepts local files and folders that are dragged onto its parent.

    Meanwhile it covers the parent with a frame and the name of what a drop would open.

    Signals:
        path_dropped: the first file or folder that was dropped.
    """

    path_dropped = Signal(Path)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        parent.setAcceptDrops(True)
        parent.installEventFilter(self)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.text = ""
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle the drag events of the parent."""
        if event.type() == QEvent.Type.DragLeave:
            self.hide()
        elif isinstance(event, QDropEvent) and (local := _local_paths(event.mimeData())):
            if event.type() == QEvent.Type.DragEnter:
                self._show(local[0].name)
            elif event.type() == QEvent.Type.Drop:
                self.hide()
                self.path_dropped.emit(local[0])
            event.acceptProposedAction()
            return True
        return False

    def _show(self, name: str) -> None:
        self.text = self.tr("Drop to open {name}").format(name=name)
        self.setAccessibleName(self.text)
        self.setGeometry(self._window.rect())
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the frame and the text."""
        palette = self.palette()
        accent = palette.highlight().color()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), with_alpha(palette.window().color(), 170))
        painter.setPen(QPen(accent, 3, Qt.PenStyle.DashLine))
        margin = 2 * SPACING_PX
        painter.drawRoundedRect(self.rect().adjusted(margin, margin, -margin, -margin), 12, 12)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        painter.setFont(font)
        shown = painter.fontMetrics().elidedText(
            self.text, Qt.TextElideMode.ElideMiddle, self.width() - 6 * margin
        )
        label = QRect(0, 0, painter.fontMetrics().horizontalAdvance(shown) + 4 * margin, 48)
        label.moveCenter(self.rect().center())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        painter.drawRoundedRect(label, 8, 8)
        painter.setPen(palette.highlightedText().color())
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, shown)
