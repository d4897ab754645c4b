"""Stores frame, active object and zoom with the project, and restores them when it is reopened."""

from PySide6.QtCore import QObject, QTimer

from app.session import Session
from app.ui.canvas.view import CanvasView
from app.ui.state.view_state import ViewState

STORE_DELAY_MS = 1000
"""Milliseconds without a change before the view is stored, so that playback stores nothing."""


class ViewRestoring(QObject):
    """Stores what is displayed shortly after it changes, and restores it at the start.

    Args:
        session: the session that is displayed.
        view: its frame and active object.
        canvas: its zoom.
        parent: owner.
    """

    def __init__(
        self, session: Session, view: ViewState, canvas: CanvasView, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._canvas = canvas
        self._restore(session.view)
        self._timer = QTimer(self, singleShot=True, interval=STORE_DELAY_MS)
        self._timer.timeout.connect(self.store)
        view.frame_changed.connect(self._store_later)
        view.active_object_changed.connect(self._store_later)
        canvas.zoom_pan.changed.connect(self._store_later)

    def store(self) -> None:
        """Store what is displayed now."""
        self._timer.stop()
        now = {"frame": float(self._view.frame)}
        if self._view.active_object is not None:
            now["active_object"] = float(self._view.active_object)
        if not self._canvas.zoom_pan.is_fitted:
            viewport = self._canvas.viewport
            now["center_x"], now["center_y"] = viewport.center_xy
            now["scale"] = viewport.scale
        self._session.store_view(now)

    def _store_later(self, *_values: object) -> None:
        self._timer.start()

    def _restore(self, stored: dict[str, float]) -> None:
        self._view.frame = int(stored.get("frame", 0))
        active = int(stored.get("active_object", 0))
        if self._session.document.find(active) is not None:
            self._view.active_object = active
        if {"center_x", "center_y", "scale"} <= stored.keys():
            center = stored["center_x"], stored["center_y"]
            self._canvas.zoom_pan.center_on(center, stored["scale"])
