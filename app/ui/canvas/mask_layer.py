"""Masks as pictures: one label map and colour table per frame, and contours.

Everything is cached, so that a repaint costs one ``drawImage``.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF

from app.core.document import Document, FrameMask, TrackedObject
from app.core.masks import Bitmap, RleMask
from app.ui.state.view_state import ViewState

OUTLINE_PX = 1.5
ACTIVE_OUTLINE_PX = 2.5
SMOOTHED_BY_PX = 0.5
HALO = QColor(0, 0, 0, 130)
PREVIEW_FILL_ALPHA = 80


def is_drawn(tracked: TrackedObject, state: ViewState) -> bool:
    """Whether the masks and prompts of an object are to be seen."""
    if state.solo_object is not None:
        return tracked.object_id == state.solo_object
    return tracked.is_visible


def drawn_masks(
    document: Document, state: ViewState, frame: int
) -> list[tuple[TrackedObject, FrameMask]]:
    """List the masks to draw on a frame, the active object's last, that is on top."""
    if not state.show_masks:
        return []
    shown = [pair for pair in document.masks_on(frame) if is_drawn(pair[0], state)]
    return sorted(shown, key=lambda pair: pair[0].object_id == state.active_object)


def stamp(labels: NDArray[np.uint8], mask: RleMask, label: int) -> None:
    """Write ``label`` into the (H, W) ``labels`` where the mask is, touching nothing else."""
    inner = mask.runs[1 : len(mask.runs) - len(mask.runs) % 2 + 1]  # starts with foreground
    where = np.repeat(np.arange(len(inner)) % 2 == 0, inner)
    first = int(mask.runs[0])
    np.copyto(labels.reshape(-1)[first : first + where.size], label, where=where)


def _band(mask: RleMask) -> tuple[int, Bitmap]:
    """Decode only the rows between the first and the last foreground pixel.

    Returns:
        The first row, and the rows.
    """
    width = mask.size_hw[1]
    ends = np.cumsum(mask.runs, dtype=np.int64)
    first_row = int(ends[0]) // width
    last_row = int(ends[(len(ends) // 2) * 2 - 1] - 1) // width
    rows = np.zeros((last_row - first_row + 1, width), dtype=np.uint8)
    skipped = int(mask.runs[0]) - first_row * width
    inner = mask.runs[1 : (len(mask.runs) // 2) * 2]
    where = np.repeat(np.arange(len(inner)) % 2 == 0, inner)
    rows.reshape(-1)[skipped : skipped + where.size] = where
    return first_row, rows.view(np.bool_)


@lru_cache(maxsize=128)
def outline(mask: RleMask) -> QPainterPath:
    """Return the borders of a mask, holes included, in image coordinates.

    They run through the centres of the border pixels, smoothed by at most half a pixel.
    """
    path = QPainterPath()
    if mask.area == 0:
        return path
    first_row, rows = _band(mask)
    contours, _ = cv2.findContours(
        rows.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(0, first_row)
    )
    for contour in contours:
        centers = cv2.approxPolyDP(contour, SMOOTHED_BY_PX, closed=True).reshape(-1, 2) + 0.5
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in centers.tolist()]))
        path.closeSubpath()
    return path


def draw_outline(painter: QPainter, path: QPainterPath, color: QColor, width_px: float) -> None:
    """Stroke a path in image coordinates with a line as wide at any zoom, and a dark halo."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen_color, pen_width in ((HALO, width_px + 1.5), (color, width_px)):
        pen = QPen(pen_color, pen_width)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawPath(path)


def draw_preview(painter: QPainter, mask: RleMask, color: QColor) -> None:
    """Draw a mask that is not in the document: a light fill with a dashed border."""
    path = outline(mask)
    draw_outline(painter, path, color, OUTLINE_PX)
    pen = QPen(Qt.GlobalColor.white, OUTLINE_PX, Qt.PenStyle.DashLine)
    pen.setCosmetic(True)
    painter.setPen(pen)
    fill = QColor(color)
    fill.setAlpha(PREVIEW_FILL_ALPHA)
    painter.setBrush(fill)
    painter.drawPath(path)


class MaskLayer:
    """The masks of one frame, ready to draw.  Lives on the GUI thread.

    Args:
        document: where the masks are.
        state: which of them are drawn, and how.
        size_hw: height and width of the frames.
    """

    def __init__(self, document: Document, state: ViewState, size_hw: tuple[int, int]) -> None:
        self._document = document
        self._state = state
        self._labels = np.zeros(size_hw, dtype=np.uint8)
        self._pixels = np.zeros(size_hw, dtype=np.uint32)
        self._image = QImage(
            self._pixels.data,
            size_hw[1],
            size_hw[0],
            size_hw[1] * 4,
            QImage.Format.Format_ARGB32_Premultiplied,
        )
        self._masks: list[tuple[TrackedObject, FrameMask]] = []
        self._revision = 0
        self._composed_key: tuple[object, ...] = ()

    def invalidate(self) -> None:
        """Compose again at the next drawing, because the document changed."""
        self._revision += 1

    def draw(self, painter: QPainter, frame: int, excluded: int | None = None) -> None:
        """Draw the masks of a frame with a painter in image coordinates.

        Args:
            painter: where to.
            frame: whose masks.
            excluded: id of an object to leave out, because its mask is being painted.
        """
        state = self._state
        key = (
            frame,
            self._revision,
            state.show_masks,
            state.overlay_opacity,
            state.active_object,
            state.solo_object,
            excluded,
        )
        if key != self._composed_key:
            self._compose(frame, excluded)
            self._composed_key = key
        if self._masks and not state.show_outlines:
            painter.drawImage(0, 0, self._image)
        for tracked, row in self._masks:
            is_active = tracked.object_id == state.active_object
            if state.show_outlines or is_active:
                width_px = ACTIVE_OUTLINE_PX if is_active else OUTLINE_PX
                draw_outline(painter, outline(row.mask), QColor(*tracked.color), width_px)

    def _compose(self, frame: int, excluded: int | None) -> None:
        self._masks = [
            pair
            for pair in drawn_masks(self._document, self._state, frame)
            if pair[0].object_id != excluded and pair[1].mask.area
        ]
        self._labels[:] = 0
        # A label map holds 255 objects; further ones share the last colour.
        for label, (_, row) in enumerate(self._masks, start=1):
            stamp(self._labels, row.mask, min(label, 255))
        colors = np.zeros(256, dtype=np.uint32)
        for label, (tracked, _) in enumerate(self._masks[:255], start=1):
            colors[label] = premultiplied(tracked.color, self._state.overlay_opacity)
        np.take(colors, self._labels, out=self._pixels, mode="clip")


def premultiplied(rgb: tuple[int, int, int], opacity: float) -> int:
    """Return an ARGB32_Premultiplied pixel of a colour."""
    red, green, blue = (round(channel * opacity) for channel in rgb)
    return round(255 * opacity) << 24 | red << 16 | green << 8 | blue
