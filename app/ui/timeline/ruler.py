"""Painting of the ruler, the in/out range and the playhead."""

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from app.ui.style.colors import with_alpha
from app.ui.timeline.scene import TimelineScene, timecode

TICK_GAP_PX = 92
MINOR_GAP_PX = 9
HANDLE_PX = 6
TICK_TEXT_PX = 4  # gap between a tick and its number


def range_ends(scene: TimelineScene, first: int | None, last: int | None) -> tuple[float, float]:
    """Return the x of the in and out brackets in widget pixels."""
    end = scene.axis.num_frames if last is None else last + 1
    return scene.x_of(first or 0), scene.x_of(end)


def paint_ruler(painter: QPainter, scene: TimelineScene) -> None:
    """Paint ticks with frame numbers and times, and grid lines through all rows."""
    ruler, strip, colors = scene.rows.ruler, scene.rows.range_strip, scene.colors
    painter.fillRect(ruler, colors.panel)
    painter.setClipRect(scene.rows.tracks)
    line = painter.fontMetrics().height()
    painter.setPen(colors.grid)
    for frame in scene.axis.ticks(MINOR_GAP_PX):
        x = round(scene.x_of(frame + 0.5))
        painter.drawLine(x, strip.top() - 3, x, strip.top())
    for frame in scene.axis.ticks(TICK_GAP_PX):
        x = round(scene.x_of(frame + 0.5))
        painter.setPen(colors.grid)
        painter.drawLine(x, ruler.top() + 2, x, scene.rows.memory.bottom())
        time = timecode(scene.seconds_of(frame))
        if x + TICK_TEXT_PX + painter.fontMetrics().horizontalAdvance(time) > ruler.right():
            continue
        painter.setPen(colors.text)
        painter.drawText(x + TICK_TEXT_PX, ruler.top() + line - 1, f"{frame}")
        painter.setPen(colors.muted)
        painter.drawText(x + TICK_TEXT_PX, ruler.top() + 2 * line - 1, time)
    painter.setClipping(False)


def paint_range(
    painter: QPainter, scene: TimelineScene, first: int | None, last: int | None
) -> None:
    """Paint the in/out strip with its brackets, and shade the frames outside the range."""
    strip, tracks, colors = scene.rows.range_strip, scene.rows.tracks, scene.colors
    left, right = range_ends(scene, first, last)
    is_set = first is not None or last is not None
    painter.setClipRect(tracks)
    painter.fillRect(strip, colors.grid)
    inside = QRectF(left, strip.top(), right - left, strip.height())
    painter.fillRect(inside, with_alpha(colors.accent, 150 if is_set else 50))
    shade = with_alpha(colors.panel, 170)
    painter.fillRect(QRectF(tracks.left(), strip.bottom(), left - tracks.left(), 4000), shade)
    painter.fillRect(QRectF(right, strip.bottom(), tracks.right() + 1 - right, 4000), shade)
    painter.setPen(QPen(colors.accent if is_set else colors.muted, 2))
    for x, inward in ((left + 1, 4), (right - 1, -4)):
        top, bottom = strip.top() + 1, strip.bottom()
        painter.drawPolyline(
            [
                QPointF(x + inward, top),
                QPointF(x, top),
                QPointF(x, bottom),
                QPointF(x + inward, bottom),
            ]
        )
    painter.setClipping(False)


def paint_playhead(painter: QPainter, scene: TimelineScene, frame: int) -> None:
    """Paint the playhead: a line, a handle with the frame number, the frame's span if wide."""
    tracks, colors = scene.rows.tracks, scene.colors
    painter.setClipRect(tracks.adjusted(-HANDLE_PX, 0, HANDLE_PX, 1))
    left, width = scene.x_of(frame), scene.axis.px_per_frame
    if width > 3:
        span = QRectF(left, tracks.top(), width, tracks.height())
        painter.fillRect(span, with_alpha(colors.playhead, 40))
    x = round(left + width / 2)
    painter.setPen(QPen(colors.playhead, 1.5))
    painter.drawLine(x, tracks.top(), x, tracks.bottom())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    label = _head_label(painter, scene, x, str(frame))
    _clear_tick_numbers(painter, scene, label)
    painter.setBrush(colors.playhead)
    painter.drawRoundedRect(label, 3, 3)
    tip = [QPointF(x - 5, label.bottom()), QPointF(x + 5, label.bottom())]
    painter.drawPolygon(QPolygonF([*tip, QPointF(x, label.bottom() + 6)]))
    painter.setPen(colors.background if colors.dark else Qt.GlobalColor.white)
    painter.drawText(label, Qt.AlignmentFlag.AlignCenter, str(frame))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setClipping(False)


def _head_label(painter: QPainter, scene: TimelineScene, x: int, text: str) -> QRect:
    tracks, metrics = scene.rows.tracks, painter.fontMetrics()
    half = max(HANDLE_PX, metrics.horizontalAdvance(text) // 2 + 4)
    label = QRect(x - half, tracks.top(), 2 * half, metrics.height() + 1)
    if label.left() < tracks.left():
        label.moveLeft(tracks.left())
    label.moveRight(min(label.right(), tracks.right()))
    return label


def _clear_tick_numbers(painter: QPainter, scene: TimelineScene, label: QRect) -> None:
    """Erase frame numbers that the label overlaps: a partly covered number would be misread."""
    for frame in scene.axis.ticks(TICK_GAP_PX):
        left = round(scene.x_of(frame + 0.5)) + TICK_TEXT_PX
        width = painter.fontMetrics().horizontalAdvance(f"{frame}")
        number = QRect(left, label.top() + 1, width + 1, label.height() - 1)
        if number.intersects(label):
            painter.fillRect(number, scene.colors.panel)
