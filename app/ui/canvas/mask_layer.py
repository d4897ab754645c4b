"""Masks as images: one label map and color table per frame, and outlines.

Both are cached, so that a repaint costs one ``drawImage``.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF

from app.core.document import Document, FrameMask, TrackedObject
from app.core.masks import Bitmap, RleMask
from app.core.palette import NUM_PATTERNS, display_pattern
from app.ui.state.view_state import ViewState

OUTLINE_PX = 1.5
ACTIVE_OUTLINE_PX = 2.5
OUTLINE_TOLERANCE_PX = 0.5
"""Most that the simplified outline deviates from the border pixels, in image pixels."""
HALO = QColor(0, 0, 0, 130)
PREVIEW_FILL_ALPHA = 80
HATCH_OPACITY = 0.75
HATCHES_PER_SIDE = 45
"""Lines of a pattern along the shorter side of a frame."""


def is_drawn(tracked: TrackedObject, state: ViewState) -> bool:
    """Return whether the masks and prompts of an object are displayed.

    Beside an object that is shown alone the active one is, so that no edit is out of sight.
    """
    if state.solo_object is not None:
        return tracked.object_id in (state.solo_object, state.active_object)
    return tracked.is_visible


def drawn_masks(
    document: Document, state: ViewState, frame: int
) -> list[tuple[TrackedObject, FrameMask]]:
    """Return the masks to draw on a frame; the active object's is last, on top."""
    if not state.show_masks:
        return []
    earlier = state.earlier_masks.rows if state.earlier_masks else {}
    shown = []
    for tracked in document.objects:
        key = tracked.object_id, frame
        row = earlier[key] if key in earlier else document.mask(*key)
        if row is not None and is_drawn(tracked, state):
            shown.append((tracked, row))
    return sorted(shown, key=lambda pair: pair[0].object_id == state.active_object)


def stamp(labels: NDArray[np.uint8], mask: RleMask, label: int) -> None:
    """Write ``label`` into the (H, W) ``labels`` at the mask's pixels, in place."""
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
    """Return the outline of a mask, including holes, in image coordinates.

    It runs through the centers of the border pixels, within `OUTLINE_TOLERANCE_PX`.
    """
    path = QPainterPath()
    if mask.area == 0:
        return path
    first_row, rows = _band(mask)
    contours, _ = cv2.findContours(
        rows.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(0, first_row)
    )
    for contour in contours:
        centers = cv2.approxPolyDP(contour, OUTLINE_TOLERANCE_PX, closed=True).reshape(-1, 2) + 0.5
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in centers.tolist()]))
        path.closeSubpath()
    return path


def draw_outline(painter: QPainter, path: QPainterPath, color: QColor, width_px: float) -> None:
    """Stroke a path in image coordinates; line and dark halo have the same width at any zoom."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen_color, pen_width in ((HALO, width_px + 1.5), (color, width_px)):
        pen = QPen(pen_color, pen_width)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawPath(path)


def draw_preview(painter: QPainter, mask: RleMask, color: QColor) -> None:
    """Draw a preview mask: a light fill with a dashed outline."""
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
    """Draws the masks of one frame from a cached image.  Lives on the GUI thread.

    Args:
        document: the masks and objects.
        state: which masks are drawn, and how.
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
        """Discard the cached image, because the document changed."""
        self._revision += 1

    def draw(self, painter: QPainter, frame: int, excluded: int | None = None) -> None:
        """Draw the masks of a frame.

        Args:
            painter: in image coordinates.
            frame: index of the frame.
            excluded: id of an object to skip, because a tool draws its mask.
        """
        state = self._state
        key = (
            frame,
            self._revision,
            state.show_masks,
            state.show_patterns,
            state.overlay_opacity,
            state.active_object,
            state.solo_object,
            state.earlier_masks,
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
        # The uint8 label map holds 255 objects; further ones share the last color.
        for label, (_, row) in enumerate(self._masks, start=1):
            stamp(self._labels, row.mask, min(label, 255))
        colors = np.zeros(256, dtype=np.uint32)
        for label, (tracked, _) in enumerate(self._masks[:255], start=1):
            colors[label] = premultiplied(tracked.color, self._state.overlay_opacity)
        np.take(colors, self._labels, out=self._pixels, mode="clip")
        if self._state.show_patterns:
            self._hatch()

    def _hatch(self) -> None:
        """Darken the lines of each object's pattern, so that objects differ not by color alone."""
        patterns = np.zeros(256, dtype=np.uint8)
        for label, (tracked, _) in enumerate(self._masks[:255], start=1):
            patterns[label] = display_pattern(tracked.object_id)
        for pattern in range(1, NUM_PATTERNS):
            of_pattern = (patterns == pattern)[self._labels]
            if of_pattern.any():
                lines = hatch_lines(pattern, of_pattern.shape) & of_pattern
                self._pixels[lines] = premultiplied((0, 0, 0), HATCH_OPACITY)


@lru_cache(maxsize=NUM_PATTERNS)
def hatch_lines(pattern: int, size_hw: tuple[int, int]) -> Bitmap:
    """Return the (H, W) pixels that a pattern darkens, about a fifth of them.

    Args:
        pattern: from 1 to `NUM_PATTERNS` - 1: rising, falling, level or upright lines, dots.
        size_hw: height and width of the frames; the period is a fraction of it.
    """
    period = max(6, min(size_hw) // HATCHES_PER_SIDE)
    width = max(1, period // 5)
    ys, xs = np.ogrid[: size_hw[0], : size_hw[1]]
    match pattern:
        case 1:
            return np.asarray((xs + ys) % period < width)
        case 2:
            return np.asarray((xs - ys) % period < width)
        case 3:
            return np.broadcast_to(ys % period < width, size_hw)
        case 4:
            return np.broadcast_to(xs % period < width, size_hw)
        case _:
            return np.asarray((xs % period < 2 * width) & (ys % period < 2 * width))


def premultiplied(rgb: tuple[int, int, int], opacity: float) -> int:
    """Return a color with an opacity in [0, 1] as an ARGB32_Premultiplied pixel."""
    red, green, blue = (round(channel * opacity) for channel in rgb)
    return round(255 * opacity) << 24 | red << 16 | green << 8 | blue
