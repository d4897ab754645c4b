"""The polygon and lasso tools, which paint or erase what an outline encloses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from app.core.document import FrameMask
from app.core.masks import RleMask
from app.core.prompts import FramePrompts
from app.ui.canvas.overlays import draw_handle, draw_outline
from app.ui.canvas.tools.base import NO_RECT, CanvasTool, is_near
from app.ui.canvas.viewport import Viewport
from app.ui.translation import translate

Vertex = tuple[float, float]
ActiveRows = tuple[FrameMask | None, FramePrompts]
"""The mask and the prompts of the active object on the displayed frame."""
Place = tuple[int | None, int]
"""An object, None for one that is yet to be added, and a frame."""
MIN_VERTICES = 3


@dataclass(frozen=True, slots=True)
class OutlineRequests:
    """What the outline tools ask for.

    Attributes:
        paint: called with the enclosed pixels and whether to erase them.
        repaint: called with the rows before the stroke that it replaces, then as ``paint``.
    """

    paint: Callable[[RleMask, bool], object]
    repaint: Callable[[ActiveRows, RleMask, bool], object]


def enclosed(vertices: Sequence[Vertex], size_hw: tuple[int, int]) -> RleMask:
    """Return the pixels of an image (H, W) that a polygon encloses or crosses."""
    bitmap = np.zeros(size_hw, dtype=np.uint8)
    corners = np.round(np.asarray(vertices) - 0.5).astype(np.int32)
    cv2.fillPoly(bitmap, [corners], 1)
    return RleMask.encode(bitmap.view(np.bool_))


class LassoTool(CanvasTool):
    """Paints what a freehand outline encloses, or erases it with the right button or Ctrl.

    Args:
        size_hw: height and width of the image.
        requests: what the gestures ask for.
        color: returns the color of the object.
    """

    def __init__(
        self, size_hw: tuple[int, int], requests: OutlineRequests, color: Callable[[], QColor]
    ) -> None:
        self._size_hw = size_hw
        self._requests = requests
        self._color = color
        self._vertices: list[Vertex] = []
        self._is_erasing = False

    @property
    def _image_rect(self) -> QRectF:
        return QRectF(0, 0, self._size_hw[1], self._size_hw[0])

    def start(self, x: float, y: float, is_negative: bool) -> QRectF:
        """Start the outline."""
        self._vertices, self._is_erasing = [(x, y)], is_negative
        return NO_RECT

    def move(self, x: float, y: float) -> QRectF:
        """Continue the outline."""
        if self._vertices:
            self._vertices.append((x, y))
        return self._image_rect

    def end(self) -> None:
        """Request the enclosed pixels, if there are any in the image."""
        vertices = self._vertices
        if self.cancel() and len(vertices) >= MIN_VERTICES:
            stroke = enclosed(vertices, self._size_hw)
            if stroke.area:
                self._requests.paint(stroke, self._is_erasing)

    def leave(self) -> str:
        """Close the outline, which belongs to the frame that it was drawn on."""
        self.end()
        return ""

    def cancel(self) -> bool:
        """Discard the outline."""
        was_active = bool(self._vertices)
        self._vertices = []
        return was_active

    def draw(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw the outline so far."""
        if self._vertices:
            shown = [QPointF(*viewport.to_widget(*vertex)) for vertex in self._vertices]
            draw_outline(painter, shown, self._color(), is_closed=True)


class PolygonTool(CanvasTool):
    """Paints or erases a polygon: a click adds a vertex, a double click or a key closes it.

    Until another gesture starts the vertices of a closed polygon can be dragged and removed; each
    change is an edit, and undo takes the vertices back with the mask.  A polygon that is not closed
    waits on its frame and object until the user returns to them.

    Args:
        size_hw: height and width of the image.
        viewport: returns the mapping to the widget.
        rows: returns the mask and the prompts of the active object on the displayed frame.
        place: returns the active object and the displayed frame.
        requests: what the gestures ask for.
        color: returns the color of the object.
    """

    def __init__(
        self,
        size_hw: tuple[int, int],
        viewport: Callable[[], Viewport],
        rows: Callable[[], ActiveRows],
        place: Callable[[], Place],
        requests: OutlineRequests,
        color: Callable[[], QColor],
    ) -> None:
        self._size_hw = size_hw
        self._viewport = viewport
        self._rows = rows
        self._place = place
        self._waiting: dict[Place, tuple[list[Vertex], bool]] = {}
        self._requests = requests
        self._color = color
        self._is_erasing = False
        self._forget()

    def _forget(self) -> None:
        self._open: list[Vertex] = []  # the polygon that is being drawn
        self._pointer: Vertex | None = None
        self._closed: list[Vertex] = []  # the one that can be edited
        self._dragged: int | None = None
        self._before: ActiveRows = None, FramePrompts()  # the rows before the closed polygon
        self._made: list[tuple[FramePrompts, list[Vertex]]] = []  # after each of its edits

    @property
    def _image_rect(self) -> QRectF:
        return QRectF(0, 0, self._size_hw[1], self._size_hw[0])

    @property
    def has_clicks(self) -> bool:
        """Whether a polygon is being drawn."""
        return bool(self._open)

    def _vertex_at(self, x: float, y: float) -> int | None:
        viewport = self._viewport()
        near = (i for i, at in enumerate(self._closed) if is_near(viewport, at, (x, y)))
        return next(near, None)

    def cursor_at(self, x: float, y: float) -> Qt.CursorShape:
        """Return a hand over a vertex that can be dragged."""
        is_on_vertex = not self._open and self._vertex_at(x, y) is not None
        return Qt.CursorShape.OpenHandCursor if is_on_vertex else self.cursor

    def start(self, x: float, y: float, is_negative: bool) -> QRectF:
        """Grab a vertex of the closed polygon, or add one to the polygon that is being drawn."""
        vertex = None if self._open else self._vertex_at(x, y)
        if vertex is not None:
            self._dragged = vertex
            return NO_RECT
        if not self._open:
            self._forget()
            self._is_erasing = is_negative
        self._open.append((x, y))
        return self._image_rect

    def move(self, x: float, y: float) -> QRectF:
        """Drag the vertex."""
        if self._dragged is None:
            return self.hover(x, y)
        self._closed = self._closed.copy()
        self._closed[self._dragged] = (x, y)
        return self._image_rect

    def hover(self, x: float, y: float) -> QRectF:
        """Draw the next edge to the pointer."""
        self._pointer = (x, y)
        return self._image_rect if self._open else NO_RECT

    def end(self) -> None:
        """Request the polygon with the dragged vertex."""
        if self._dragged is not None:
            self._dragged = None
            self._repaint()

    def close(self) -> bool:
        """Request the polygon, if it has enough vertices."""
        if not self._open:
            return False
        vertices, before = self._open, self._rows()
        stroke = enclosed(vertices, self._size_hw)
        if len(vertices) >= MIN_VERTICES and stroke.area:
            self._requests.paint(stroke, self._is_erasing)
            self._forget()
            self._closed, self._before = vertices, before
            self._made = [(self._rows()[1], vertices)]
        return True

    def step_back(self) -> bool:
        """Remove the vertex that was added last."""
        if self._open:
            self._open.pop()
            return True
        return False

    def cancel(self) -> bool:
        """Discard the polygon that is being drawn, or end the editing of the closed one."""
        was_active = bool(self._open or self._closed)
        self._forget()
        return was_active

    def leave(self) -> str:
        """Keep the polygon that is being drawn for when the user returns."""
        vertices, place = self._open, self._place()
        self._forget()
        if not vertices:
            return ""
        self._waiting[place] = vertices, self._is_erasing
        text = translate("OutlineTool", "The unfinished polygon waits on frame {frame}.")
        return text.format(frame=place[1])

    def arrive(self) -> None:
        """Continue the polygon that waits here."""
        if self._place() in self._waiting:
            self._forget()
            self._open, self._is_erasing = self._waiting.pop(self._place())

    def remove_at(self, x: float, y: float) -> bool:
        """Remove a vertex of the closed polygon, which keeps at least three."""
        vertex = self._vertex_at(x, y)
        if vertex is None or len(self._closed) <= MIN_VERTICES:
            return vertex is not None
        self._closed = [*self._closed[:vertex], *self._closed[vertex + 1 :]]
        self._repaint()
        return True

    def _repaint(self) -> None:
        vertices = self._closed
        stroke = enclosed(vertices, self._size_hw)
        self._requests.repaint(self._before, stroke, self._is_erasing)
        self._made.append((self._rows()[1], vertices))
        self._closed = vertices

    def synchronize(self) -> None:
        """Show the vertices that belong to the mask as it is now, after undo and redo, too."""
        if self._made and self._dragged is None:
            now = self._rows()[1]
            self._closed = next((found for made, found in self._made if made == now), [])

    def draw(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw the polygon and its vertices."""
        vertices = self._closed or self._open
        shown = [QPointF(*viewport.to_widget(*vertex)) for vertex in vertices]
        if not shown:
            return
        is_open = not self._closed
        edges = list(shown)
        if is_open and self._pointer is not None:
            edges.append(QPointF(*viewport.to_widget(*self._pointer)))
        draw_outline(painter, edges, self._color(), is_closed=not is_open)
        for at in shown:
            draw_handle(painter, at)
