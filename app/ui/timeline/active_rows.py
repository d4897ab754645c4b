"""Painting of the active object's quality curve and memory marks, and of the legend."""

import numpy as np
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QPainter, QPen

from app.core.queries import WEAK_CONFIDENCE
from app.ui.style.colors import blended
from app.ui.style.memory_marks import (
    MARK_NAMES,
    Mark,
    bank_mark,
    mark_color,
    mark_pixmap,
    paint_mark,
)
from app.ui.timeline.lanes import mark_x
from app.ui.timeline.model import Flag, Lane
from app.ui.timeline.raster import (
    BarColors,
    CurveColors,
    bar_pixels,
    image_of,
    quality_pixels,
)
from app.ui.timeline.scene import LANE_PX, TimelineScene
from app.ui.timeline.time_axis import thinned

MARK_PX = 10
STAMP_PX = 13  # side of the pixmap of one mark
MARK_GAP_PX = 10


def active_lane(scene: TimelineScene) -> Lane | None:
    """Return the lane of the active object, if any."""
    return None if scene.active is None else scene.model.lane(scene.active.object_id)


def paint_quality(painter: QPainter, scene: TimelineScene) -> None:
    """Paint the confidence of the active object; weak parts have the warning color."""
    rect, colors = scene.rows.quality, scene.colors
    _paint_title(painter, scene, rect, "Quality", "1.0", "0.0")
    if (lane := active_lane(scene)) is not None:
        good = mark_color(Mark.KEPT, colors.dark)
        bar_colors = CurveColors(
            fill=blended(colors.background, good, 0.3).rgb(),
            line=good.rgb(),
            weak_fill=blended(colors.background, colors.weak, 0.45).rgb(),
            weak_line=colors.weak.rgb(),
        )
        pixels = quality_pixels(lane.confidence, scene.columns, rect.height() - 4, bar_colors)
        painter.drawImage(rect.left(), rect.top() + 2, image_of(pixels))
    threshold = rect.top() + 2 + round((rect.height() - 6) * (1 - WEAK_CONFIDENCE))
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
    return rect.top() + rect.height() * (0.29 if mark >= Mark.REPLACED else 0.72)


def paint_memory(painter: QPainter, scene: TimelineScene) -> None:
    """Paint the memory marks: bank frames above, refused and banned frames below."""
    rect, colors = scene.rows.memory, scene.colors
    _paint_title(painter, scene, rect, "Memory", "", "")
    painter.setPen(colors.grid)
    painter.drawLine(rect.left(), rect.center().y(), rect.right(), rect.center().y())
    painter.setClipRect(scene.rows.with_edges(rect))
    ratio = painter.device().devicePixelRatio()
    stamps = {mark: mark_pixmap(mark, STAMP_PX, colors.dark, ratio) for mark in MARK_NAMES}
    corner = QPointF(STAMP_PX / 2, STAMP_PX / 2)
    for column, mark in memory_marks(scene):
        center = QPointF(mark_x(scene, column), _mark_y(scene, mark))
        painter.drawPixmap(center - corner, stamps[mark])
    painter.setClipping(False)


def paint_bank(painter: QPainter, scene: TimelineScene, bank: tuple[int, ...]) -> None:
    """Paint a ring around the marks of the frames in the memory bank at the current frame."""
    if (lane := active_lane(scene)) is None:
        return
    rect, colors = scene.rows.memory, scene.colors
    painter.setClipRect(scene.rows.with_edges(rect))
    for frame in sorted(bank, key=lambda frame: lane.marks[frame]):
        mark = bank_mark(Mark(lane.marks[frame]))
        center = QPointF(scene.x_of(frame + 0.5), _mark_y(scene, mark))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.accent, 2))
        painter.setBrush(blended(colors.background, colors.accent, 0.3))
        painter.drawEllipse(center, 8, 8)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        paint_mark(painter, mark, center, MARK_PX, colors.dark)
    painter.setBrush(Qt.BrushStyle.NoBrush)
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


def paint_legend(painter: QPainter, scene: TimelineScene) -> None:
    """Paint the legend of marks and bars, as far as the width allows."""
    rect, colors = scene.rows.legend, scene.colors
    painter.fillRect(QRect(0, rect.top(), scene.rows.width, rect.height()), colors.panel)
    painter.setPen(colors.grid)
    painter.drawLine(0, rect.top(), scene.rows.width, rect.top())
    x, y = 6, rect.center().y() + 1
    advance = painter.fontMetrics().horizontalAdvance
    for mark in sorted(MARK_NAMES, reverse=True):
        paint_mark(painter, mark, QPointF(x + 6, y), MARK_PX, colors.dark)
        x = _paint_legend_text(painter, scene, x + 16, MARK_NAMES[mark])
    painter.setPen(QPen(colors.accent, 2))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.drawEllipse(QPointF(x + 7, y), 6, 6)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    x = _paint_legend_text(painter, scene, x + 18, "in memory now")
    for name, flags in _BAR_SAMPLES.items():
        if x + 24 + advance(name) > rect.right():
            return
        _paint_bar_sample(painter, scene, x, flags)
        x = _paint_legend_text(painter, scene, x + 22, name)


_BAR_SAMPLES = {
    "by hand": Flag.MASK | Flag.SOLID | Flag.BY_HAND,
    "tracked": Flag.MASK | Flag.SOLID,
    "verified": Flag.MASK | Flag.SOLID | Flag.VERIFIED,
    "not visible": Flag.MASK | Flag.EMPTY,
}


def _paint_legend_text(painter: QPainter, scene: TimelineScene, x: int, text: str) -> int:
    rect = scene.rows.legend
    painter.setPen(scene.colors.muted)
    painter.drawText(QRect(x, rect.top(), 400, rect.height()), Qt.AlignmentFlag.AlignVCenter, text)
    return x + painter.fontMetrics().horizontalAdvance(text) + 14


def _paint_bar_sample(painter: QPainter, scene: TimelineScene, x: int, flags: Flag) -> None:
    colors, rect = scene.colors, scene.rows.legend
    bar_colors = BarColors(
        tracked=blended(colors.text, colors.background, 0.6).rgb(),
        by_hand=colors.text.rgb(),
        empty=colors.weak.rgb(),
        verified=colors.text.rgb(),
    )
    width = 18
    sample = np.full(width + 1, flags, np.uint8)
    from_frames = np.arange(width)
    columns = type(scene.columns)(from_frames, from_frames + 1)
    pixels = bar_pixels(sample, columns, LANE_PX - 2, bar_colors)
    painter.drawImage(x, rect.top() + 1, image_of(pixels))
