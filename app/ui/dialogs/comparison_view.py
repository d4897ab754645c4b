"""The masks of a comparison on one frame, and the colors of its sides."""

from enum import StrEnum

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.core.masks import RleMask
from app.ui.translation import QT_TRANSLATE_NOOP

SIDE_RGB = ((86, 180, 233), (230, 159, 0))  # A and B; differ without color vision as well
BOTH_RGB = (0, 158, 115)
SIDE_ALPHA, BOTH_ALPHA = 200, 110


class Shown(StrEnum):
    """Which masks the view shows."""

    DIFFERENCE = QT_TRANSLATE_NOOP("ComparisonView", "Difference")
    A = QT_TRANSLATE_NOOP("ComparisonView", "A only")
    B = QT_TRANSLATE_NOOP("ComparisonView", "B only")


class ComparisonView(QWidget):
    """Displays a frame; what only one side covers has the color of that side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(QSize(240, 160))
        self.setAccessibleName(self.tr("Masks of A and B"))
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


def swatch(rgb: tuple[int, int, int]) -> str:
    """Return a square of a color as rich text."""
    return f'<span style="color: rgb{rgb}">\N{BLACK SQUARE}</span>'
