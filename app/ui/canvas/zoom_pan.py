"""Zoom and pan by wheel, trackpad, pinch and middle button, independent of the tools."""

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.ui.canvas.viewport import Viewport

ZOOM_STEP = 1.25
WHEEL_NOTCH = 120  # `QWheelEvent.angleDelta` of one notch: 15 degrees in eighths of a degree


class ZoomPan(QObject):
    """Owns the viewport of a canvas and changes it on input.

    Args:
        viewport: the first mapping between image and widget.
        widget: the canvas.

    Attributes:
        viewport: the current mapping between image and widget.
        pointer: position of the pointer in the widget; None outside.

    Signals:
        changed: the viewport changed.
    """

    changed = Signal()

    def __init__(self, viewport: Viewport, widget: QWidget) -> None:
        super().__init__(widget)
        self.viewport = viewport
        self.pointer: QPointF | None = None
        self._widget = widget
        self._is_fitted = True
        self._pan_from: QPointF | None = None

    @property
    def is_panning(self) -> bool:
        """Whether a pan gesture is in progress."""
        return self._pan_from is not None

    def fit(self) -> None:
        """Fit the image to the widget, also after later resizes, until the next zoom or pan."""
        self._is_fitted = True
        self._set(self.viewport.fitted())

    @property
    def is_fitted(self) -> bool:
        """Whether the image stays fitted to the widget."""
        return self._is_fitted

    def center_on(self, center_xy: tuple[float, float], scale: float) -> None:
        """Show image coordinates at the center, at a scale."""
        self._is_fitted = False
        self._set(self.viewport.centered_on(center_xy, scale))

    def resize(self, widget_wh: tuple[int, int]) -> None:
        """Adapt to a new size of the widget."""
        resized = self.viewport.resized(widget_wh)
        self._set(resized.fitted() if self._is_fitted else resized)

    @property
    def zoom(self) -> float:
        """Screen pixels per image pixel."""
        return self.viewport.scale * self._widget.devicePixelRatio()

    def zoom_to(self, zoom: float | None) -> None:
        """Zoom to a number of screen pixels per image pixel, or fit the image if None."""
        if zoom is None:
            self.fit()
        else:
            self.zoom_by(zoom / self.zoom)

    def zoom_in(self) -> None:
        """Zoom in by one step around the pointer, or around the center if it is outside."""
        self.zoom_by(ZOOM_STEP)

    def zoom_out(self) -> None:
        """Zoom out by one step around the pointer, or around the center if it is outside."""
        self.zoom_by(1 / ZOOM_STEP)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom by a factor around a position of the widget: the pointer, or the center, if None."""
        if at is None:
            center = QRectF(self._widget.rect()).center()
            at = center if self.pointer is None else self.pointer
        self._is_fitted = False
        self._set(self.viewport.zoomed(factor, (at.x(), at.y())))

    def on_wheel(self, event: QWheelEvent) -> None:
        """Zoom with a wheel; pan with a trackpad, or zoom if Ctrl is held."""
        is_touch = event.phase() != Qt.ScrollPhase.NoScrollPhase and not event.pixelDelta().isNull()
        has_ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if is_touch and not has_ctrl:
            self._pan(QPointF(event.pixelDelta()))
        else:
            self.zoom_by(ZOOM_STEP ** (event.angleDelta().y() / WHEEL_NOTCH), event.position())
        event.accept()

    def on_pinch(self, event: QNativeGestureEvent) -> bool:
        """Zoom with a pinch gesture.

        Returns:
            Whether the event was a pinch.
        """
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        self.zoom_by(1 + event.value(), event.position())
        return True

    def start_pan(self, at: QPointF) -> None:
        """Start a pan at a position of the widget."""
        self._pan_from = at

    def pan_to(self, at: QPointF) -> None:
        """Continue a pan to a position of the widget; a no-op before `start_pan`."""
        if self._pan_from is not None:
            self._pan(at - self._pan_from)
            self._pan_from = at

    def end_pan(self) -> None:
        """End the pan."""
        self._pan_from = None

    def _pan(self, by: QPointF) -> None:
        self._is_fitted = False
        self._set(self.viewport.panned(by.x(), by.y()))

    def _set(self, viewport: Viewport) -> None:
        self.viewport = viewport
        self.changed.emit()
