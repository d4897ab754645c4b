"""The point tool."""

from collections.abc import Callable

from PySide6.QtCore import QRectF

from app.ui.canvas.tools.base import NO_RECT, CanvasTool


class PointTool(CanvasTool):
    """Adds a positive or negative point on press, without waiting for the release.

    Args:
        size_hw: height and width of the image; presses outside have no effect.
        request: called with x, y, and whether the point is positive.
    """

    def __init__(
        self, size_hw: tuple[int, int], request: Callable[[float, float, bool], object]
    ) -> None:
        self._size_hw = size_hw
        self._request = request

    def start(self, x: float, y: float, is_negative: bool) -> QRectF:
        """Request a point at a position inside the image."""
        height, width = self._size_hw
        if 0 <= x < width and 0 <= y < height:
            self._request(x, y, not is_negative)
        return NO_RECT
