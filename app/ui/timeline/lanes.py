"""Painting of the lanes: masks and prompts of each object, with its name in the gutter."""

import numpy as np
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.core.document import TrackedObject
from app.ui.style.colors import ChartColors, blended
from app.ui.style.memory_marks import Mark, paint_mark
from app.ui.timeline.model import Flag
from app.ui.timeline.raster import BAR_TOP_PX, BarColors, bar_pixels, image_of
from app.ui.timeline.scene import LANE_PX, TimelineScene
from app.ui.timeline.time_axis import covered, thinned
from app.ui.translation import translate

PROMPT_PX = 9
LOCKED_STRIPE_PX = 12
SUGGESTED_PX, SUGGESTED_MIN_PX = 3, 2  # height of the line over suggested frames, least width


class Lanes:
    """Paints the lanes; the track of one is drawn again only when what it shows has changed."""

    def __init__(self) -> None:
        self._images: dict[int, tuple[tuple[object, ...], QImage]] = {}

    def paint(self, painter: QPainter, scene: TimelineScene) -> None:
        """Paint the visible lanes."""
        area = scene.rows.gutter(scene.rows.lanes).united(scene.rows.with_edges(scene.rows.lanes))
        painter.setClipRect(area)
        for index in scene.lanes_in_view():
            tracked, rect = scene.objects[index], scene.lane_rect(index)
            is_active = scene.active is not None and tracked.object_id == scene.active.object_id
            self._paint_track(painter, scene, tracked, rect)
            _paint_name(painter, scene, tracked, rect, is_active)
            painter.setPen(scene.colors.grid)
            painter.drawLine(area.left(), rect.bottom(), area.right(), rect.bottom())
        if not scene.objects:
            painter.setPen(scene.colors.muted)
            area = scene.rows.lanes
            text = translate("TimelineRows", "No objects yet: click an object in the frame")
            if painter.fontMetrics().horizontalAdvance(text) > area.width():
                text = translate("TimelineRows", "No objects yet")
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
        painter.setClipping(False)

    def _paint_track(
        self, painter: QPainter, scene: TimelineScene, tracked: TrackedObject, rect: QRect
    ) -> None:
        colors, flags = scene.colors, scene.model.lane(tracked.object_id).flags
        if tracked.is_locked:
            painter.setPen(QPen(colors.grid, 1))
            for x in range(rect.left() - rect.height(), rect.right(), LOCKED_STRIPE_PX):
                painter.drawLine(x, rect.bottom(), x + rect.height(), rect.top())
        painter.drawImage(rect.topLeft(), self._image(scene, tracked))
        found = scene.columns.reduce(np.bitwise_or, flags)
        for column in thinned(found & np.uint8(Flag.PROMPT), PROMPT_PX):
            center = QPointF(mark_x(scene, column), rect.top() + PROMPT_PX / 2 + 0.5)
            paint_mark(painter, Mark.PROMPTED, center, PROMPT_PX, colors.dark)

    def _image(self, scene: TimelineScene, tracked: TrackedObject) -> QImage:
        """Return masks and suggested frames of an object, one pixel per column."""
        lane, runs = scene.model.lane(tracked.object_id), scene.suggested_runs(tracked.object_id)
        colors = _bar_colors(tracked, scene.colors)
        needed = (lane, lane.version, scene.axis, colors, runs)
        known, image = self._images.get(tracked.object_id, ((), QImage()))
        if known != needed:
            pixels = bar_pixels(lane.flags, scene.columns, LANE_PX, colors)
            ends = np.array([(run.first, run.last + 1) for run in runs]).reshape(-1, 2)
            lefts, rights = np.round(scene.axis.x_of(ends)).astype(np.intp).T
            is_suggested = covered(
                lefts, np.maximum(rights, lefts + SUGGESTED_MIN_PX), pixels.shape[1]
            )
            pixels[BAR_TOP_PX - SUGGESTED_PX : BAR_TOP_PX, is_suggested] = scene.colors.weak.rgb()
            image = image_of(pixels)
            self._images[tracked.object_id] = needed, image
        return image


def _bar_colors(tracked: TrackedObject, colors: ChartColors) -> BarColors:
    color = QColor(*tracked.color)
    return BarColors(
        tracked=blended(color, colors.background, 0.4).rgb(),
        by_hand=color.rgb(),
        empty=colors.weak.rgb(),
        verified=colors.text.rgb(),
    )


def mark_x(scene: TimelineScene, column: int) -> float:
    """Return the x of a column's mark: the center of its frame, or of the column if narrower."""
    frame = int(scene.columns.starts[column])
    if scene.axis.px_per_frame >= 1:
        return scene.x_of(frame + 0.5)
    return scene.rows.ruler.left() + column + 0.5


def _paint_name(
    painter: QPainter, scene: TimelineScene, tracked: TrackedObject, rect: QRect, is_active: bool
) -> None:
    colors = scene.colors
    gutter = scene.rows.gutter(rect)
    painter.fillRect(gutter, colors.accent if is_active else colors.panel)
    text = colors.accent_text if is_active else colors.text
    painter.setPen(text if is_active else colors.grid)
    painter.setBrush(QColor(*tracked.color))
    painter.drawRect(QRect(6, rect.top() + (rect.height() - 9) // 2, 9, 9))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    room = gutter.adjusted(21, 0, -22 if tracked.is_locked else -6, 0)
    font = painter.font()
    font.setBold(is_active)
    painter.setFont(font)
    name = painter.fontMetrics().elidedText(
        tracked.name, Qt.TextElideMode.ElideMiddle, room.width()
    )
    painter.setPen(text)
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
    font.setBold(False)
    painter.setFont(font)
    if tracked.is_locked:
        _paint_padlock(
            painter,
            QRect(gutter.right() - 15, rect.top() + (rect.height() - 12) // 2, 10, 12),
            text,
        )


def _paint_padlock(painter: QPainter, rect: QRect, color: QColor) -> None:
    painter.setPen(QPen(color, 1.4))
    painter.drawArc(rect.adjusted(2, 0, -2, -3), 0, 180 * 16)
    painter.fillRect(rect.adjusted(0, 5, 0, 0), color)
