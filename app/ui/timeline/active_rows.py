"""Painting of the active object's quality curve and memory marks."""

import numpy as np
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QPainter, QPen

from app.core.queries import WEAK_CONFIDENCE
from app.ui.style.colors import blended
from app.ui.style.memory_marks import (
    MARK_NAMES,
    Mark,
    mark_color,
    mark_pixmap,
)
from app.ui.timeline.lanes import mark_x
from app.ui.timeline.model import Lane
from app.ui.timeline.raster import CurveColors, image_of, quality_pixels
from app.ui.timeline.scene import TimelineScene
from app.ui.timeline.scores import score_y
from app.ui.timeline.time_axis import thinned
from app.ui.translation import translate

MARK_PX = 10
STAMP_PX = 13  # side of the pixmap of one mark
BANK_PX = 3  # thickness of the line above the frames in memory
ENTERED_Y, REFUSED_Y = 0.36, 0.78  # centers of the marks, as fractions of the row's height
MARK_GAP_PX = 10


def active_lane(scene: TimelineScene) -> Lane | None:
    """Return the lane of the active object, if any."""
    return None if scene.active is None else scene.model.lane(scene.active.object_id)


def paint_quality(painter: QPainter, scene: TimelineScene, is_shown: bool = True) -> None:
    """Paint the confidence of the active object; weak parts have the warning color.

    Args:
        painter: in pixels of the viewport.
        scene: the layout.
        is_shown: whether the curve is painted, or only title and threshold.
    """
    rect, colors = scene.rows.quality, scene.colors
    _paint_title(painter, scene, rect, "", "1.0", "0.0")
    if is_shown and (lane := active_lane(scene)) is not None:
        good = mark_color(Mark.KEPT, colors.dark)
        bar_colors = CurveColors(
            fill=blended(colors.background, good, 0.3).rgb(),
            line=good.rgb(),
            weak_fill=blended(colors.background, colors.weak, 0.45).rgb(),
            weak_line=colors.weak.rgb(),
        )
        pixels = quality_pixels(lane.confidence, scene.columns, rect.height() - 4, bar_colors)
        painter.drawImage(rect.left(), rect.top() + 2, image_of(pixels))
    threshold = round(score_y(rect, WEAK_CONFIDENCE))
    painter.setPen(QPen(colors.weak, 1, Qt.PenStyle.DashLine))
    painter.drawLine(rect.left(), threshold, rect.right(), threshold)


def memory_marks(scene: TimelineScene) -> list[tuple[int, Mark]]:
    """Return the (column, mark) pairs to paint: refused or banned frames, then bank frames."""
    if (lane := active_lane(scene)) is None:
        return []
    entered = np.where(lane.marks >= Mark.REPLACED, lane.marks, 0).astype(np.uint8)
    refused = np.where(lane.marks < Mark.REPLACED, lane.marks, 0).astype(np.uint8)
    found = []
    for marks in (refused, entered):
        best = scene.columns.reduce(np.maximum, marks)
        found += [(column, Mark(best[column])) for column in thinned(best, MARK_GAP_PX)]
    return found


def _mark_y(scene: TimelineScene, mark: Mark) -> float:
    rect = scene.rows.memory
    return rect.top() + rect.height() * (ENTERED_Y if mark >= Mark.REPLACED else REFUSED_Y)


def paint_memory(painter: QPainter, scene: TimelineScene) -> None:
    """Paint the memory marks: bank frames above, refused and banned frames below."""
    rect, colors = scene.rows.memory, scene.colors
    _paint_title(painter, scene, rect, translate("TimelineRows", "Memory"), "", "")
    painter.setPen(colors.grid)
    line = rect.top() + round(rect.height() * (ENTERED_Y + REFUSED_Y) / 2)
    painter.drawLine(rect.left(), line, rect.right(), line)
    painter.setClipRect(scene.rows.with_edges(rect))
    ratio = painter.device().devicePixelRatio()
    stamps = {mark: mark_pixmap(mark, STAMP_PX, colors.dark, ratio) for mark in MARK_NAMES}
    corner = QPointF(STAMP_PX / 2, STAMP_PX / 2)
    for column, mark in memory_marks(scene):
        center = QPointF(mark_x(scene, column), _mark_y(scene, mark))
        painter.drawPixmap(center - corner, stamps[mark])
    painter.setClipping(False)


def paint_bank(painter: QPainter, scene: TimelineScene, bank: tuple[int, ...]) -> None:
    """Paint a line above the marks of the frames in the memory bank at the current frame."""
    if active_lane(scene) is None:
        return
    rect, colors = scene.rows.memory, scene.colors
    painter.setClipRect(scene.rows.with_edges(rect))
    painter.setPen(QPen(colors.accent, BANK_PX))
    half = max(MARK_PX, scene.axis.px_per_frame) / 2
    y = rect.top() + 1 + BANK_PX / 2
    for frame in bank:
        x = scene.x_of(frame + 0.5)
        painter.drawLine(QPointF(x - half, y), QPointF(x + half, y))
    painter.setClipping(False)


def _paint_title(
    painter: QPainter, scene: TimelineScene, rect: QRect, title: str, top: str, bottom: str
) -> None:
    colors = scene.colors
    gutter = scene.rows.gutter(rect)
    painter.fillRect(gutter, colors.panel)
    painter.setPen(colors.text)
    left = gutter.adjusted(6, 3, -34, -3)
    middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    painter.drawText(left, middle, title)
    painter.setPen(colors.muted)
    right = gutter.adjusted(0, 1, -5, -1)
    painter.drawText(right, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, top)
    painter.drawText(right, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, bottom)
    painter.setPen(colors.grid)
    painter.drawLine(0, rect.top(), rect.right(), rect.top())
