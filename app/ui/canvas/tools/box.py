"""Boxes around an object."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter

from app.ui.canvas.overlays import draw_box, on_widget
from app.ui.canvas.tools.base import NOTHING, CanvasTool
from app.ui.canvas.viewport import Viewport

MIN_SIDE_PX = 2.0
"""In image pixels: less is a click by mistake, not a box."""


class BoxTool(CanvasTool):
    """Drag a box; it is cut off at the borders of the picture.

    Args:
        size_hw: height and width of the picture.
        request: called with x0, y0, x1, y1 at the end.
        color: returns the colour of the box.
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
        self._box = NOTHING

    def start(self, x: float, y: float, is_exclude: bool) -> QRectF:
        """Take the first corner; there are no boxes that exclude."""
        self._anchor = None if is_exclude else QPointF(x, y)
        self._box = NOTHING
        return NOTHING

    def move(self, x: float, y: float) -> QRectF:
        """Take the opposite corner."""
        if self._anchor is None:
            return NOTHING
        before = self._box
        self._box = QRectF(self._anchor, QPointF(x, y)).normalized() & self._image_rect
        return before | self._box

    def end(self) -> None:
        """Request the box, unless it is too small to be meant."""
        box = self._box
        if self.cancel() and min(box.width(), box.height()) >= MIN_SIDE_PX:
            self._request(box.left(), box.top(), box.right(), box.bottom())

    def cancel(self) -> bool:
        """Drop the box."""
        was_active = self._anchor is not None
        self._anchor, self._box = None, NOTHING
        return was_active

    def draw(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw the box."""
        if not self._box.isEmpty():
            draw_box(painter, on_widget(self._box, viewport), self._color())
