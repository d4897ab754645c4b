"""The box tool."""

from collections.abc import Callable, Iterator

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from app.core.prompts import BoxPrompt, FramePrompts
from app.ui.canvas.overlays import draw_box, draw_handle, on_widget
from app.ui.canvas.tools.base import NO_RECT, CanvasTool, is_near
from app.ui.canvas.viewport import Viewport

MIN_SIDE_PX = 2.0
"""Smallest side of a box in image pixels; smaller boxes are accidental clicks."""

_DIAGONALS = {
    (0.0, 0.0): Qt.CursorShape.SizeFDiagCursor,
    (1.0, 1.0): Qt.CursorShape.SizeFDiagCursor,
    (0.0, 1.0): Qt.CursorShape.SizeBDiagCursor,
    (1.0, 0.0): Qt.CursorShape.SizeBDiagCursor,
}
HANDLES = (*_DIAGONALS, (0.5, 0.0), (0.5, 1.0), (0.0, 0.5), (1.0, 0.5))
"""Places of the handles in fractions of the box's width and height; corners come first."""


class BoxTool(CanvasTool):
    """Draws a box prompt by dragging, or drags the handles of the one that is there.

    Boxes are clipped to the image.

    Args:
        size_hw: height and width of the image.
        viewport: returns the mapping to the widget.
        prompts: returns the prompts of the active object on the displayed frame.
        request: called with x0, y0, x1, y1 of a finished box.
        color: returns the color of the box.
    """

    def __init__(
        self,
        size_hw: tuple[int, int],
        viewport: Callable[[], Viewport],
        prompts: Callable[[], FramePrompts],
        request: Callable[[float, float, float, float], object],
        color: Callable[[], QColor],
    ) -> None:
        self._image_rect = QRectF(0, 0, size_hw[1], size_hw[0])
        self._viewport = viewport
        self._prompts = prompts
        self._request = request
        self._color = color
        self._anchor: QPointF | None = None
        self._handle: tuple[float, float] | None = None
        self._box = NO_RECT

    def _handles(self) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
        """Yield each handle of the box and its position in the image."""
        box = self._prompts().box
        if box is not None:
            for handle in HANDLES:
                x = box.x0 + handle[0] * (box.x1 - box.x0)
                y = box.y0 + handle[1] * (box.y1 - box.y0)
                yield handle, (x, y)

    def _handle_at(self, x: float, y: float) -> tuple[float, float] | None:
        viewport = self._viewport()
        near = (handle for handle, at in self._handles() if is_near(viewport, at, (x, y)))
        return next(near, None)

    def cursor_at(self, x: float, y: float) -> Qt.CursorShape:
        """Return the arrows of the handle at a position."""
        handle = self._handle_at(x, y)
        if handle is None:
            return self.cursor
        edge = Qt.CursorShape.SizeVerCursor if handle[0] == 0.5 else Qt.CursorShape.SizeHorCursor
        return _DIAGONALS.get(handle, edge)

    def start(self, x: float, y: float, is_negative: bool) -> QRectF:
        """Grab a handle, or set the first corner; a negative gesture draws no box."""
        self._anchor = None if is_negative else QPointF(x, y)
        self._handle = None if is_negative else self._handle_at(x, y)
        self._box = NO_RECT
        return NO_RECT

    def move(self, x: float, y: float) -> QRectF:
        """Move the handle, or the corner opposite to the first one."""
        if self._anchor is None:
            return NO_RECT
        before = self._box
        given = self._prompts().box
        if self._handle is None or given is None:
            box = QRectF(self._anchor, QPointF(x, y)).normalized()
        else:
            corners = QPointF(given.x0, given.y0), QPointF(given.x1, given.y1)
            before = before | QRectF(*corners)  # not in place: it may be `NO_RECT`, which all share
            box = _adjusted(given, self._handle, x, y)
        self._box = box & self._image_rect
        return before | self._box

    def end(self) -> None:
        """Request the box, unless a side is below `MIN_SIDE_PX`."""
        box = self._box
        if self.cancel() and min(box.width(), box.height()) >= MIN_SIDE_PX:
            self._request(box.left(), box.top(), box.right(), box.bottom())

    def cancel(self) -> bool:
        """Discard the box."""
        was_active = self._anchor is not None
        self._anchor = self._handle = None
        self._box = NO_RECT
        return was_active

    def shown_prompts(self, prompts: FramePrompts) -> FramePrompts:
        """Return the prompts without the box that is being replaced."""
        return prompts if self._box.isEmpty() else prompts.with_box(None)

    def draw(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw the box, or the handles of the one that is there."""
        if not self._box.isEmpty():
            draw_box(painter, on_widget(self._box, viewport), self._color())
        else:
            for _, at in self._handles():
                draw_handle(painter, QPointF(*viewport.to_widget(*at)))


def _adjusted(box: BoxPrompt, handle: tuple[float, float], x: float, y: float) -> QRectF:
    """Return a box with the edges of a handle at x and y, turned over where they cross others."""
    edges = {0.0: (x, box.x1), 0.5: (box.x0, box.x1), 1.0: (box.x0, x)}[handle[0]]
    sides = {0.0: (y, box.y1), 0.5: (box.y0, box.y1), 1.0: (box.y0, y)}[handle[1]]
    corners = QPointF(edges[0], sides[0]), QPointF(edges[1], sides[1])
    return QRectF(*corners).normalized()
