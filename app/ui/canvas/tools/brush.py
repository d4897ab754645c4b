"""Brush and eraser: they edit the mask itself, never by way of clicks."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from app.core.masks import RleMask
from app.ui.canvas.tools.base import NOTHING, CanvasTool
from app.ui.canvas.viewport import Viewport
from app.ui.state.view_state import ViewState


@dataclass(slots=True)
class _Stroke:
    """A mask while it is painted: (H, W) of 0 and 1, and an image of the same bytes."""

    bitmap: NDArray[np.uint8]
    image: QImage
    label: int
    last_xy: tuple[int, int]
    radius: int

    def extend(self, x: float, y: float) -> QRectF:
        """Sweep the disc from the last place to here."""
        here = round(x - 0.5), round(y - 0.5)
        if here == self.last_xy:
            cv2.circle(self.bitmap, here, self.radius, self.label, cv2.FILLED)
        else:
            cv2.line(self.bitmap, self.last_xy, here, self.label, 2 * self.radius)
        xs, ys = zip(here, self.last_xy, strict=True)
        reach = self.radius + 2
        self.last_xy = here
        return QRectF(min(xs), min(ys), abs(xs[0] - xs[1]), abs(ys[0] - ys[1])).adjusted(
            -reach, -reach, reach, reach
        )


class BrushTool(CanvasTool):
    """Paint on a mask, or with the right button or Ctrl take away from it.

    Args:
        state: the radius and opacity.
        mask: returns the mask to start from, an empty one if the object has none.
        finish: called once per stroke with the result, when it differs.
        color: returns the colour of the object.
    """

    cursor = Qt.CursorShape.BlankCursor
    is_eraser = False

    def __init__(
        self,
        state: ViewState,
        mask: Callable[[], RleMask],
        finish: Callable[[RleMask], object],
        color: Callable[[], QColor],
    ) -> None:
        self._state = state
        self._mask = mask
        self._finish = finish
        self._color = color
        self._before: RleMask | None = None
        self._stroke: _Stroke | None = None

    @property
    def footprint_radius(self) -> float:
        """Radius of the disc: the brush covers whole pixels around the one it is on."""
        return self._state.brush_radius + 0.5

    @property
    def is_painting(self) -> bool:
        """Whether a stroke is under way."""
        return self._stroke is not None

    def start(self, x: float, y: float, is_exclude: bool) -> QRectF:
        """Take the mask and put the first disc; all of the picture changes hands to the tool."""
        self._before = self._mask()
        bitmap = self._before.decode().view(np.uint8)
        height, width = bitmap.shape
        image = QImage(bitmap.data, width, height, width, QImage.Format.Format_Indexed8)
        color = QColor(self._color())
        color.setAlphaF(max(self._state.overlay_opacity, 0.35))
        image.setColorTable([0, color.rgba()])
        place = round(x - 0.5), round(y - 0.5)
        label = 0 if self.is_eraser or is_exclude else 1
        self._stroke = _Stroke(bitmap, image, label, place, self._state.brush_radius)
        self._stroke.extend(x, y)
        return QRectF(0, 0, width, height)

    def move(self, x: float, y: float) -> QRectF:
        """Sweep the disc on."""
        return NOTHING if self._stroke is None else self._stroke.extend(x, y)

    def end(self) -> None:
        """Hand over the new mask."""
        stroke, before = self._stroke, self._before
        if stroke is not None:
            painted = RleMask.encode(stroke.bitmap.astype(np.bool_))
            self.cancel()
            if painted != before:
                self._finish(painted)

    def cancel(self) -> bool:
        """Drop the stroke; the mask was never touched."""
        was_painting = self.is_painting
        self._stroke = self._before = None
        return was_painting

    def draw(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw the mask as it is so far."""
        if self._stroke is not None:
            painter.save()
            painter.translate(*viewport.origin_xy)
            painter.scale(viewport.scale, viewport.scale)
            painter.drawImage(0, 0, self._stroke.image)
            painter.restore()


class EraserTool(BrushTool):
    """Take away from a mask with either button."""

    is_eraser = True
