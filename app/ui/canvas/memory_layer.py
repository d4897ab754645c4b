"""The survival map: where the memory bank of the active object holds tokens, over the frame.

The pooling grid covers the frame.  A token of one feature location is a small square, the average
of a pooling window a large one; each remembered frame has a color of its own, and where several
frames hold tokens their colors stand side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen

from app.core.document import Document
from app.core.memory import KeptTokens, MemoryRecord
from app.core.memory_map import Rgb, bank_rgb, map_pixels
from app.ui.canvas.mask_layer import ACTIVE_OUTLINE_PX, draw_outline, outline
from app.ui.canvas.overlays import PLATE, PLATE_TEXT
from app.ui.canvas.viewport import Viewport
from app.ui.state.view_state import ViewState
from app.ui.style.memory_marks import tokens_text
from app.ui.translation import translate

GRID = QColor(255, 255, 255, 90)
LEGEND_MARGIN_PX, LEGEND_GAP_PX, PADDING_PX = 6, 14, 9
OUTLINE = QColor(255, 255, 255)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A remembered frame in the map, with its color."""

    frame: int
    tokens: int | None
    kept: KeptTokens | None
    color: Rgb


class MemoryLayer:
    """Draws the survival map of the active object on the displayed frame.

    It shows the whole bank after the displayed frame; while a bank is inspected (see
    `ViewState.inspected_bank`), what that bank holds of the displayed frame.  Lives on the GUI
    thread.
    """

    def __init__(self, document: Document, state: ViewState) -> None:
        self._document = document
        self._state = state
        self._image: QImage | None = None
        self._painted: tuple[MemoryRecord, tuple[int, ...]] | None = None  # what the image shows

    def draw(self, painter: QPainter, frame: int, image_wh: tuple[int, int]) -> bool:
        """Draw grid, tokens and the object's outline, in place of the masks.

        Args:
            painter: in image coordinates.
            frame: index of the displayed frame.
            image_wh: width and height of the frame.

        Returns:
            Whether there is a map to draw.
        """
        record = self._record(frame)
        if record is None:
            return False
        shown = self._shown(record, frame)
        kept = [(one.kept, one.color) for one in shown if one.kept is not None]
        target = QRectF(0, 0, *image_wh)
        if kept:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # lines stay one pixel
            painter.drawImage(target, self._map_image(record, shown, kept))
            _draw_grid(painter, target, kept[0][0])
            painter.restore()
        active = self._state.active_object
        row = None if active is None else self._document.mask(active, frame)
        if row is not None:
            draw_outline(painter, outline(row.mask), OUTLINE, ACTIVE_OUTLINE_PX)
        return True

    def draw_legend(self, painter: QPainter, viewport: Viewport, frame: int) -> None:
        """Draw which color is which frame; the painter is in widget coordinates."""
        if not self._state.show_memory_map:
            return
        record, bank_frame = self._record(frame), self._bank_frame(frame)
        if record is None:
            title = translate("MemoryLayer", "No memory is recorded for frame {frame}")
        else:
            title = translate("MemoryLayer", "Memory after frame {frame}")
        shown = [] if record is None else self._shown(record, frame)
        _draw_legend(painter, viewport, title.format(frame=bank_frame), shown)

    def _bank_frame(self, frame: int) -> int:
        inspected = self._state.inspected_bank  # the canvas may lag behind `ViewState.frame`
        return frame if inspected is None else inspected

    def _record(self, frame: int) -> MemoryRecord | None:
        active = self._state.active_object
        if active is None or not self._state.show_memory_map:
            return None
        return self._document.memory(active, self._bank_frame(frame))

    def _shown(self, record: MemoryRecord, frame: int) -> list[_Shown]:
        is_inspecting = self._state.inspected_bank not in (None, frame)
        return [
            _Shown(kept, record.tokens_of(kept), record.kept_tokens(kept), bank_rgb(position))
            for position, kept in enumerate(record.stored)
            if not is_inspecting or kept == frame
        ]

    def _map_image(
        self,
        record: MemoryRecord,
        shown: Sequence[_Shown],
        kept: Sequence[tuple[KeptTokens, Rgb]],
    ) -> QImage:
        frames = tuple(one.frame for one in shown)
        painted = self._painted
        if self._image is None or not painted or painted[0] is not record or painted[1] != frames:
            self._image, self._painted = _image_of(map_pixels(kept)), (record, frames)
        return self._image


def _image_of(pixels: NDArray[np.uint8]) -> QImage:
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGBA8888).copy()


def _draw_grid(painter: QPainter, target: QRectF, kept: KeptTokens) -> None:
    """Draw the borders of the pooling windows."""
    pen = QPen(GRID, 0)
    pen.setCosmetic(True)
    painter.setPen(pen)
    down, across = kept.own.shape
    for column in range(0, across + 1, kept.pool):
        x = target.width() * column / across
        painter.drawLine(QPointF(x, target.top()), QPointF(x, target.bottom()))
    for row in range(0, down + 1, kept.pool):
        y = target.height() * row / down
        painter.drawLine(QPointF(target.left(), y), QPointF(target.right(), y))


def _draw_legend(
    painter: QPainter, viewport: Viewport, title: str, shown: Sequence[_Shown]
) -> None:
    """Draw a plate with title and frames at the bottom of the canvas, wrapped to its width."""
    metrics = QFontMetricsF(painter.font())
    line, swatch = metrics.height() + 3, metrics.height() - 4
    room = viewport.widget_wh[0] - 2 * LEGEND_MARGIN_PX - 2 * PADDING_PX
    text = translate("MemoryLayer", "frame {frame}: {tokens}")
    parts: list[tuple[str, _Shown | None]] = [(title, None)]
    parts += [(text.format(frame=o.frame, tokens=tokens_text(o.tokens)), o) for o in shown]
    placed: list[tuple[float, float, str, _Shown | None]] = []
    x = y = 0.0
    for text, one in parts:
        width = metrics.horizontalAdvance(text) + (0 if one is None else swatch + 6) + LEGEND_GAP_PX
        if x and x + width > room:
            x, y = 0.0, y + line
        placed.append((x, y, text, one))
        x += width
    plate = QRectF(0, 0, room + 2 * PADDING_PX if y else x + PADDING_PX, y + line + 8)
    plate.moveBottomLeft(QPointF(LEGEND_MARGIN_PX, viewport.widget_wh[1] - LEGEND_MARGIN_PX))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(plate, 5, 5)
    corner = plate.topLeft() + QPointF(PADDING_PX, 4)
    for x, y, text, one in placed:
        at = QRectF(corner.x() + x, corner.y() + y, room, line)
        if one is not None:
            box = QRectF(at.left(), at.center().y() - swatch / 2, swatch, swatch)
            painter.setPen(QPen(QColor(*one.color), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush if one.tokens == 0 else QColor(*one.color))
            painter.drawRect(box)
            at.setLeft(box.right() + 6)
        painter.setPen(PLATE_TEXT)
        painter.drawText(at, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
