"""The views of a comparison: the masks on one frame, and the curves over all frames."""

from collections.abc import Callable
from enum import StrEnum

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.core.masks import RleMask
from app.tracking.comparison import Comparison, Curve
from app.ui.style.colors import ChartColors

SIDE_RGB = ((86, 180, 233), (230, 159, 0))  # A and B; differ without color vision as well
BOTH_RGB = (0, 158, 115)
SIDE_ALPHA, BOTH_ALPHA = 200, 110


class Shown(StrEnum):
    """Which masks the view shows."""

    DIFFERENCE = "Difference"
    A = "A only"
    B = "B only"


class ComparisonView(QWidget):
    """Displays a frame; what only one side covers has the color of that side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(QSize(240, 160))
        self.setAccessibleName("Masks of A and B")
        self._image: QImage | None = None
        self._overlay: QImage | None = None
        self._masks: tuple[RleMask | None, RleMask | None] = (None, None)
        self._shown = Shown.DIFFERENCE

    def set_image(self, image: QImage | None) -> None:
        """Set the frame; None while it is loading."""
        self._image = image
        self.update()

    def set_masks(self, masks: tuple[RleMask | None, RleMask | None], shown: Shown) -> None:
        """Set the masks of the two sides, None where unknown, and which are shown."""
        if (masks, shown) != (self._masks, self._shown) or self._overlay is None:
            self._masks, self._shown = masks, shown
            self._overlay = _overlay(masks, shown)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint frame and masks, as large as fits."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        size = (self._image or self._overlay or QImage(16, 9, QImage.Format.Format_RGB32)).size()
        size = size.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRectF(0, 0, size.width(), size.height())
        target.moveCenter(QRectF(self.rect()).center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for image in (self._image, self._overlay):
            if image is not None:
                painter.drawImage(target, image)
        painter.end()


def _overlay(masks: tuple[RleMask | None, RleMask | None], shown: Shown) -> QImage | None:
    known = [mask for mask in masks if mask is not None]
    if not known:
        return None
    nothing = np.zeros(known[0].size_hw, np.bool_)
    a, b = (nothing if mask is None else mask.decode() for mask in masks)
    pixels = np.zeros((*nothing.shape, 4), np.uint8)
    if shown is Shown.DIFFERENCE:
        pixels[a & b] = (*BOTH_RGB, BOTH_ALPHA)
        pixels[a & ~b] = (*SIDE_RGB[0], SIDE_ALPHA)
        pixels[b & ~a] = (*SIDE_RGB[1], SIDE_ALPHA)
    else:
        side = int(shown is Shown.B)
        pixels[(a, b)[side]] = (*SIDE_RGB[side], BOTH_ALPHA + 40)
    height, width = nothing.shape
    image_format = QImage.Format.Format_RGBA8888
    return QImage(pixels.data, width, height, width * 4, image_format).copy()


class ComparisonCurves(QWidget):
    """Curves over the compared frames: IoU of A and B, predicted IoU, tokens of each.

    Signals:
        frame_requested: the frame that was clicked or dragged to.
        hovered: the frame under the pointer; None outside.
    """

    frame_requested = Signal(int)
    hovered = Signal(object)
    GUTTER_PX, EDGE_PX, GAP_PX = 110, 8, 8

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._frame = comparison.first
        self.setMinimumHeight(132)
        self.setMouseTracking(True)
        self.setAccessibleName("Curves of A and B; click to go to a frame")

    def set_frame(self, frame: int) -> None:
        """Move the play head."""
        self._frame = frame
        self.update()

    def x_of(self, frame: int) -> float:
        """Return the x of a frame in pixels."""
        span = max(1, self._comparison.last - self._comparison.first)
        room = self.width() - self.GUTTER_PX - self.EDGE_PX
        return self.GUTTER_PX + room * (frame - self._comparison.first) / span

    def _frame_at(self, x: float) -> int:
        span = self._comparison.last - self._comparison.first
        room = max(1, self.width() - self.GUTTER_PX - self.EDGE_PX)
        place = round((x - self.GUTTER_PX) / room * span)
        return self._comparison.first + min(max(place, 0), span)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint three rows and the play head."""
        painter, colors = QPainter(self), ChartColors.of(self.palette())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        compared = self._comparison
        a, b = (QColor(*rgb) for rgb in SIDE_RGB)
        most = max([1.0, *(float(np.nanmax(t)) for t in compared.tokens if not _is_unknown(t))])
        rows: tuple[tuple[str, float, list[tuple[Curve, QColor]]], ...] = (
            ("IoU of A and B", 1.0, [(compared.iou, colors.text)]),
            ("Predicted IoU", 1.0, list(zip(compared.predicted_iou, (a, b), strict=True))),
            ("Tokens", most, list(zip(compared.tokens, (a, b), strict=True))),
        )
        height = (self.height() - self.GAP_PX * (len(rows) - 1)) / len(rows)
        for index, (title, top, curves) in enumerate(rows):
            rect = QRectF(self.GUTTER_PX, index * (height + self.GAP_PX), 0, height)
            rect.setRight(self.width() - self.EDGE_PX)
            _paint_axes(painter, rect, title, f"{top:g}", colors)
            for values, color in curves:
                painter.setPen(QPen(color, 1.5))
                _paint_curve(painter, values, rect, top, compared.first, self.x_of)
        painter.setPen(QPen(colors.playhead, 1))
        x = self.x_of(self._frame)
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the frame under the pointer."""
        self.frame_requested.emit(self._frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub while the button is pressed; else emit the frame under the pointer."""
        frame = self._frame_at(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.frame_requested.emit(frame)
        self.hovered.emit(frame)

    def leaveEvent(self, event: object) -> None:
        """The pointer is over no frame."""
        self.hovered.emit(None)


def _is_unknown(values: Curve) -> bool:
    return bool(np.isnan(values).all())


def _paint_axes(painter: QPainter, rect: QRectF, title: str, top: str, colors: ChartColors) -> None:
    painter.fillRect(rect, colors.background)
    painter.setPen(colors.grid)
    painter.drawRect(rect)
    painter.setPen(colors.text)
    gutter = QRectF(0, rect.top(), rect.left() - 6, rect.height())
    middle, right = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
    painter.drawText(gutter, middle | Qt.AlignmentFlag.AlignLeft, title)
    painter.setPen(colors.muted)
    painter.drawText(gutter, Qt.AlignmentFlag.AlignTop | right, top)
    painter.drawText(gutter, Qt.AlignmentFlag.AlignBottom | right, "0")


def _paint_curve(
    painter: QPainter,
    values: Curve,
    rect: QRectF,
    top: float,
    first: int,
    x_of: Callable[[int], float],
) -> None:
    known = np.flatnonzero(~np.isnan(values)).tolist()
    points = [
        QPointF(x_of(first + i), rect.bottom() - rect.height() * float(values[i]) / top)
        for i in known
    ]
    if len(points) == 1:
        painter.drawPoint(points[0])
    for before, after, i, j in zip(points, points[1:], known, known[1:], strict=False):
        if j == i + 1:
            painter.drawLine(before, after)
