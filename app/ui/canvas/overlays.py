"""Drawing of prompts, labels and the brush circle over the frame."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from app.ui.canvas.viewport import Viewport

POINT_RADIUS_PX = 7.0
HANDLE_SIDE_PX = 7.0
POSITIVE = QColor(0, 138, 100)
NEGATIVE = QColor(200, 55, 0)
DARK = QColor(0, 0, 0, 170)
PLATE = QColor(24, 25, 28, 215)
PLATE_TEXT = QColor(240, 240, 240)
SELECTED = QColor(255, 214, 64)
VERIFIED = QColor(80, 220, 150)


def on_widget(image_rect: QRectF, viewport: Viewport) -> QRectF:
    """Map a rectangle from image to widget coordinates."""
    first, second = (
        QPointF(*viewport.to_widget(corner.x(), corner.y()))
        for corner in (image_rect.topLeft(), image_rect.bottomRight())
    )
    return QRectF(first, second)


def draw_point(painter: QPainter, at: QPointF, is_positive: bool, is_selected: bool) -> None:
    """Draw a point prompt: a disc with a plus or minus in a white ring, yellow if selected."""
    radius = POINT_RADIUS_PX
    painter.setPen(QPen(DARK, 4.5))
    painter.setBrush(POSITIVE if is_positive else NEGATIVE)
    painter.drawEllipse(at, radius, radius)
    painter.setPen(QPen(SELECTED if is_selected else Qt.GlobalColor.white, 2.2))
    painter.drawEllipse(at, radius, radius)
    arm = radius * 0.5
    sign = QPen(Qt.GlobalColor.white, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
    painter.setPen(sign)
    painter.drawLine(at - QPointF(arm, 0), at + QPointF(arm, 0))
    if is_positive:
        painter.drawLine(at - QPointF(0, arm), at + QPointF(0, arm))


def draw_box(painter: QPainter, box: QRectF, color: QColor) -> None:
    """Draw a box with a line that is visible on any background."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(DARK, 4), QPen(Qt.GlobalColor.white, 2.5), QPen(color, 1.25)):
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(box)


def draw_outline(
    painter: QPainter, vertices: Sequence[QPointF], color: QColor, is_closed: bool
) -> None:
    """Draw a line through vertices, back to the first one if it is closed."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    draw = painter.drawPolygon if is_closed else painter.drawPolyline
    for pen in (QPen(DARK, 4), QPen(Qt.GlobalColor.white, 2.5), QPen(color, 1.25)):
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        draw(QPolygonF(vertices))


def draw_handle(painter: QPainter, at: QPointF) -> None:
    """Draw a square that can be dragged."""
    half = HANDLE_SIDE_PX / 2
    painter.setPen(QPen(DARK, 1.5))
    painter.setBrush(Qt.GlobalColor.white)
    painter.drawRect(QRectF(at.x() - half, at.y() - half, HANDLE_SIDE_PX, HANDLE_SIDE_PX))


def draw_brush_circle(painter: QPainter, at: QPointF, radius: float) -> None:
    """Draw the outline of the brush and a dot at its center."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(DARK, 3), QPen(Qt.GlobalColor.white, 1.25)):
        painter.setPen(pen)
        painter.drawEllipse(at, radius, radius)
        painter.drawPoint(at)


def draw_label(painter: QPainter, top_left: QPointF, text: str, color: QColor | None) -> float:
    """Draw text on a dark plate, after a swatch if there is a color.

    Returns:
        Height of the plate in pixels.
    """
    metrics = QFontMetricsF(painter.font())
    height = metrics.height() + 8
    swatch = 0.0 if color is None else metrics.height()
    width = metrics.horizontalAdvance(text) + swatch + 18
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    plate = QRectF(top_left.x(), top_left.y(), width, height)
    painter.drawRoundedRect(plate, 5, 5)
    if color is not None:
        side = metrics.height() - 6
        painter.setPen(QPen(color, 2, Qt.PenStyle.DotLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(plate.x() + 9, plate.center().y() - side / 2, side, side))
    painter.setPen(PLATE_TEXT)
    text_box = plate.adjusted(9 + swatch, 0, 0, 0)
    painter.drawText(text_box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
    return height


def draw_verified_badge(painter: QPainter, top_right: QPointF, name: str, color: QColor) -> QRectF:
    """Draw a check mark and the name of an object whose mask is verified, on a plate of its color.

    Returns:
        The plate, in widget coordinates.
    """
    metrics = QFontMetricsF(painter.font())
    height = metrics.height() + 6
    width = metrics.horizontalAdvance(name) + height + 10
    plate = QRectF(top_right.x() - width, top_right.y(), width, height)
    painter.setPen(QPen(color, 2))
    painter.setBrush(PLATE)
    painter.drawRoundedRect(plate, 5, 5)
    middle = QPointF(plate.left() + height / 2 + 2, plate.center().y())
    unit = height / 8
    corners = ((-2.0, 0.0), (-0.5, 1.5), (2.0, -1.5))
    check = QPolygonF([QPointF(x * unit, y * unit) for x, y in corners])
    painter.setPen(QPen(VERIFIED, 2.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawPolyline(check.translated(middle))
    painter.setPen(PLATE_TEXT)
    text_box = plate.adjusted(height + 2, 0, 0, 0)
    painter.drawText(text_box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
    return plate


def label_size(painter: QPainter, text: str) -> tuple[float, float]:
    """Return the width and height in pixels of a label without a swatch."""
    metrics = QFontMetricsF(painter.font())
    return metrics.horizontalAdvance(text) + 18, metrics.height() + 8
