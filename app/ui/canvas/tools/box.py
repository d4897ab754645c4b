"""The box tool."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter

from app.ui.canvas.overlays import draw_box, on_widget
from app.ui.canvas.tools.base import NO_RECT, CanvasTool
from app.ui.canvas.viewport import Viewport

MIN_SIDE_PX = 2.0
"""Smallest side of a box in image pixels; smaller boxes are accidental clicks."""


class BoxTool(CanvasTool):
    """Draws a box prompt by dragging; the box is clipped to the image.

    Args:
        size_hw: height and width of the image.
        request: called with x0, y0, x1, y1 of a finished box.
        color: returns the color of the box.
    """

    def __init__(
        self,
        size_hw: tuple[int, int],
        request: Callable[[float, float, float, float], object],
        color: Callable[[], QColor],
    ) -> None:
        self._image_rect = QRectF(0, 0, size_hw[1], size_hw[0])
        self._request = request
        self._color = color
        self._anchor: QPointF | None = None
        self._box = NO_RECT

    def start(self, x: float, y: float, is_negative: bool) -> QRectF:
        """Set the first corner; a negative gesture draws no box."""
        self._anchor = None if is_negative else QPointF(x, y)
        self._box = NO_RECT
        return NO_RECT

    def move(self, x: float, y: float) -> QRectF:
        """Set the opposite corner."""
        if self._anchor is None:
            return NO_RECT
        before = self._box
        self._box = QRectF(self._anchor, QPointF(x, y)).normalized() & self._image_rect
        return before | self._box

    def end(self) -> None:
        """Request the box, unless a side is below `MIN_SIDE_PX`."""
        box = self._box
        if self.cancel() and min(box.width(), box.height()) >= MIN_SIDE_PX:
            self._request(box.left(), box.top(), box.right(), box.bottom())

    def cancel(self) -> bool:
        """Discard the box."""
        was_active = self._anchor is not None
        self._anchor, self._box = None, NO_RECT
        return was_active

    def draw(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw the box."""
        if not self._box.isEmpty():
            draw_box(painter, on_widget(self._box, viewport), self._color())
