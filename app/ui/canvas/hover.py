"""Throttling of the preview requests under the pointer."""

from PySide6.QtCore import QObject, QTimer, Signal

INTERVAL_MS = 60


class HoverPreview(QObject):
    """Requests previews at the pointer, at most one per `INTERVAL_MS`.

    The newest position is always requested in the end.

    Signals:
        requested: x, y in image coordinates, and whether the point is positive.
        ended: the preview is no longer needed.
    """

    requested = Signal(float, float, bool)
    ended = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.is_on = False
        self._next: tuple[float, float, bool] | None = None
        self._interval = QTimer(self, singleShot=True, interval=INTERVAL_MS)
        self._interval.timeout.connect(self._emit_next)

    def request(self, x: float, y: float, is_positive: bool) -> None:
        """Request a preview at image coordinates."""
        self.is_on = True
        self._next = x, y, is_positive
        if not self._interval.isActive():
            self._emit_next()

    def stop(self) -> None:
        """End the preview."""
        self._next = None
        if self.is_on:
            self.is_on = False
            self.ended.emit()

    def _emit_next(self) -> None:
        if self._next is not None:
            request, self._next = self._next, None
            self._interval.start()
            self.requested.emit(*request)
