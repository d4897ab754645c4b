"""Clicks that include or exclude."""

from collections.abc import Callable

from PySide6.QtCore import QRectF

from app.ui.canvas.tools.base import NOTHING, CanvasTool


class PointTool(CanvasTool):
    """Put a point where the button is pressed, at once: a click has nothing to wait for.

    Args:
        size_hw: height and width of the picture; presses outside do nothing.
        request: called with x, y, and whether the point is positive.
    """

    def __init__(
        self, size_hw: tuple[int, int], request: Callable[[float, float, bool], object]
    ) -> None:
        self._size_hw = size_hw
        self._request = request

    def start(self, x: float, y: float, is_exclude: bool) -> QRectF:
        """Request the point."""
        height, width = self._size_hw
        if 0 <= x < width and 0 <= y < height:
            self._request(x, y, not is_exclude)
        return NOTHING
