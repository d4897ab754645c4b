"""The point tool."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt

from app.core.prompts import FramePrompts
from app.ui.canvas.tools.base import NO_RECT, CanvasTool, is_near
from app.ui.canvas.viewport import Viewport


@dataclass(frozen=True, slots=True)
class PointRequests:
    """What the point tool asks for.

    Attributes:
        add: called with x, y, and whether the point is positive.
        move: called with the index of a point and its new x, y.
        remove: called with the index of a point.
        select: called with the index of a point.
    """

    add: Callable[[float, float, bool], object]
    move: Callable[[int, float, float], object]
    remove: Callable[[int], object]
    select: Callable[[int], object]


class PointTool(CanvasTool):
    """Adds a point on press, without waiting for the release; drags points that are there.

    Args:
        size_hw: height and width of the image; presses outside have no effect.
        viewport: returns the mapping to the widget.
        prompts: returns the prompts of the active object on the displayed frame.
        requests: what the gestures ask for.
    """

    def __init__(
        self,
        size_hw: tuple[int, int],
        viewport: Callable[[], Viewport],
        prompts: Callable[[], FramePrompts],
        requests: PointRequests,
    ) -> None:
        self._size_hw = size_hw
        self._viewport = viewport
        self._prompts = prompts
        self._requests = requests
        self._dragged: int | None = None
        self._from = self._to = (0.0, 0.0)

    @property
    def _has_moved(self) -> bool:
        return self._dragged is not None and not is_near(self._viewport(), self._from, self._to)

    def _point_at(self, x: float, y: float) -> int | None:
        viewport = self._viewport()
        for index, point in reversed(list(enumerate(self._prompts().points))):
            if is_near(viewport, (point.x, point.y), (x, y)):
                return index
        return None

    def cursor_at(self, x: float, y: float) -> Qt.CursorShape:
        """Return a hand over a point, which can be dragged."""
        is_on_point = self._point_at(x, y) is not None
        return Qt.CursorShape.OpenHandCursor if is_on_point else self.cursor

    def start(self, x: float, y: float, is_negative: bool) -> QRectF:
        """Select the point at a position and start to drag it, or request one there."""
        index = None if is_negative else self._point_at(x, y)
        height, width = self._size_hw
        if index is not None:
            self._dragged, self._from, self._to = index, (x, y), (x, y)
            self._requests.select(index)
        elif 0 <= x < width and 0 <= y < height:
            self._requests.add(x, y, not is_negative)
        return NO_RECT

    def move(self, x: float, y: float) -> QRectF:
        """Drag the point, within the image."""
        if self._dragged is None:
            return NO_RECT
        height, width = self._size_hw
        self._to = min(max(x, 0.0), width - 0.01), min(max(y, 0.0), height - 0.01)
        return QRectF(0, 0, width, height)

    def end(self) -> None:
        """Request the new position, unless the point has hardly moved."""
        dragged, has_moved = self._dragged, self._has_moved
        self.cancel()
        if dragged is not None and has_moved:
            self._requests.move(dragged, *self._to)

    def cancel(self) -> bool:
        """Leave the point where it was."""
        was_dragging = self._dragged is not None
        self._dragged = None
        return was_dragging

    def remove_at(self, x: float, y: float) -> bool:
        """Request that the point at a position is removed."""
        index = self._point_at(x, y)
        if index is not None:
            self._requests.remove(index)
        return index is not None

    def synchronize(self) -> None:
        """Let go of a point that is gone, after undo for instance."""
        if self._dragged is not None and self._dragged >= len(self._prompts().points):
            self._dragged = None

    def shown_prompts(self, prompts: FramePrompts) -> FramePrompts:
        """Return the prompts with the dragged point where it is now."""
        if self._dragged is None or not self._has_moved:
            return prompts
        return prompts.with_moved_point(self._dragged, *self._to)
