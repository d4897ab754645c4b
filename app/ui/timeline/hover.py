"""The popup over the timeline: thumbnail, number and time of a frame."""

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from app.ui.jobs.frame_loader import FrameLoader

REQUEST_DELAY_MS = 40
GAP_PX = 8


class HoverPopup(QFrame):
    """A popup above the timeline that never takes mouse input or focus.

    The thumbnail is requested once the pointer rests for `REQUEST_DELAY_MS`, so that a sweep
    does not decode every frame it passes.

    Args:
        frame_loader: loads the thumbnails.
        parent: owner.
    """

    def __init__(self, frame_loader: FrameLoader, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.ToolTip)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.thumbnail = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter)
        self.caption = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(5, 5, 5, 3)
        layout.setSpacing(3)
        layout.addWidget(self.thumbnail)
        layout.addWidget(self.caption)
        self._frame: int | None = None
        self._loader = frame_loader
        self._delay = QTimer(self, singleShot=True, interval=REQUEST_DELAY_MS)
        self._delay.timeout.connect(self._request)
        frame_loader.thumbnail_loaded.connect(self._on_thumbnail_loaded)

    def show_frame(self, frame: int, caption: str, above: QPoint) -> None:
        """Show the popup of a frame.

        Args:
            frame: index of the frame.
            caption: text under the thumbnail.
            above: bottom center of the popup, in screen pixels.
        """
        self.caption.setText(caption)
        if frame != self._frame:
            self._frame = frame
            self._delay.start()
        self.adjustSize()
        self.move(self._placed(above))
        self.show()

    def leave(self) -> None:
        """Hide the popup."""
        self._frame = None
        self._delay.stop()
        self.hide()

    def _placed(self, above: QPoint) -> QPoint:
        corner = above - QPoint(self.width() // 2, self.height() + GAP_PX)
        screen = self.screen().availableGeometry()
        right = max(screen.left(), screen.right() - self.width())
        return QPoint(min(max(corner.x(), screen.left()), right), max(corner.y(), screen.top()))

    def _request(self) -> None:
        if self._frame is not None:
            self._loader.thumbnail(self._frame)

    def _on_thumbnail_loaded(self, frame: int, image: QImage) -> None:
        if frame == self._frame:
            bottom = self.geometry().bottom()
            self.thumbnail.setPixmap(QPixmap.fromImage(image))
            self.adjustSize()
            self.move(self.x(), bottom - self.height() + 1)
