"""The brush and eraser tools, which edit the mask directly, without prompts."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from app.core.masks import RleMask
from app.ui.canvas.tools.base import NO_RECT, CanvasTool
from app.ui.canvas.viewport import Viewport
from app.ui.state.view_state import ViewState


@dataclass(slots=True)
class _Stroke:
    """The mask during a stroke: an (H, W) array of 0 and 1, and an image on the same bytes.

    ``swept`` (H, W) has 1 where the brush has been.
    """

    bitmap: NDArray[np.uint8]
    swept: NDArray[np.uint8]
    image: QImage
    label: int
    last_xy: tuple[int, int]
    radius: int

    def extend(self, x: float, y: float) -> QRectF:
        """Sweep the disc from the last position to this one; return the rectangle to repaint."""
        here = round(x - 0.5), round(y - 0.5)
        for target, label in ((self.bitmap, self.label), (self.swept, 1)):
            if here == self.last_xy:
                cv2.circle(target, here, self.radius, label, cv2.FILLED)
            else:
                cv2.line(target, self.last_xy, here, label, 2 * self.radius)
        xs, ys = zip(here, self.last_xy, strict=True)
        reach = self.radius + 2
        self.last_xy = here
        return QRectF(min(xs), min(ys), abs(xs[0] - xs[1]), abs(ys[0] - ys[1])).adjusted(
            -reach, -reach, reach, reach
        )


class BrushTool(CanvasTool):
    """Paints on a mask, or erases from it with the right button or Ctrl.

    Args:
        state: brush radius and overlay opacity.
        mask: returns the mask to start from; an empty one if the object has none.
        finish: called at the end of a stroke with its pixels and whether it erased them.
        color: returns the color of the object.
    """

    cursor = Qt.CursorShape.BlankCursor
    is_eraser = False

    def __init__(
        self,
        state: ViewState,
        mask: Callable[[], RleMask],
        finish: Callable[[RleMask, bool], object],
        color: Callable[[], QColor],
    ) -> None:
        self._state = state
        self._mask = mask
        self._finish = finish
        self._color = color
        self._stroke: _Stroke | None = None

    @property
    def footprint_radius(self) -> float:
        """Radius of the disc in image pixels, from the center of the pixel under the pointer."""
        return self._state.brush_radius + 0.5

    @property
    def is_painting(self) -> bool:
        """Whether a stroke is in progress."""
        return self._stroke is not None

    def start(self, x: float, y: float, is_negative: bool) -> QRectF:
        """Decode the mask and paint the first disc; from now on the tool draws the whole mask."""
        bitmap = self._mask().decode().view(np.uint8)
        height, width = bitmap.shape
        image = QImage(bitmap.data, width, height, width, QImage.Format.Format_Indexed8)
        color = QColor(self._color())
        color.setAlphaF(max(self._state.overlay_opacity, 0.35))
        image.setColorTable([0, color.rgba()])
        position = round(x - 0.5), round(y - 0.5)
        label = 0 if self.is_eraser or is_negative else 1
        swept, radius = np.zeros_like(bitmap), self._state.brush_radius
        self._stroke = _Stroke(bitmap, swept, image, label, position, radius)
        self._stroke.extend(x, y)
        return QRectF(0, 0, width, height)

    def move(self, x: float, y: float) -> QRectF:
        """Sweep the disc to this position."""
        return NO_RECT if self._stroke is None else self._stroke.extend(x, y)

    def end(self) -> None:
        """Pass on the pixels of the stroke, if there are any in the image."""
        stroke = self._stroke
        if self.cancel() and stroke is not None and stroke.swept.any():
            self._finish(RleMask.encode(stroke.swept.view(np.bool_)), stroke.label == 0)

    def leave(self) -> str:
        """Finish the stroke, which belongs to the frame that it was painted on."""
        self.end()
        return ""

    def cancel(self) -> bool:
        """Discard the stroke; the document was never changed."""
        was_painting = self.is_painting
        self._stroke = None
        return was_painting

    def draw(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw the mask with the stroke so far."""
        if self._stroke is not None:
            painter.save()
            painter.translate(*viewport.origin_xy)
            painter.scale(viewport.scale, viewport.scale)
            painter.drawImage(0, 0, self._stroke.image)
            painter.restore()


class EraserTool(BrushTool):
    """Erases from a mask with either button."""

    is_eraser = True
