"""The live preview under the cursor: how often it is asked for, and when it ends."""

from PySide6.QtCore import QObject, QTimer, Signal

INTERVAL_MS = 60


class HoverPreview(QObject):
    """Ask for a preview where the cursor is, at most once in `INTERVAL_MS`.

    The newest place always gets its turn.

    Signals:
        requested: x, y in image coordinates, and whether the point would be positive.
        ended: no preview is wanted any more.
    """

    requested = Signal(float, float, bool)
    ended = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.is_on = False
        self._next: tuple[float, float, bool] | None = None
        self._pause = QTimer(self, singleShot=True, interval=INTERVAL_MS)
        self._pause.timeout.connect(self._send)

    def aim(self, x: float, y: float, is_positive: bool) -> None:
        """Want a preview here."""
        self.is_on = True
        self._next = x, y, is_positive
        if not self._pause.isActive():
            self._send()

    def stop(self) -> None:
        """Want none any more."""
        self._next = None
        if self.is_on:
            self.is_on = False
            self.ended.emit()

    def _send(self) -> None:
        if self._next is not None:
            aim, self._next = self._next, None
            self._pause.start()
            self.requested.emit(*aim)
