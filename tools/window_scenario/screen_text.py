"""Finds texts on the screen: draws them as Qt draws them, and looks for the result."""

import functools

import cv2
import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QColor, QFontDatabase, QFontMetrics, QGuiApplication, QImage, QPainter

from tools.window_scenario.screen import Pixels, Point

MIN_SIMILARITY = 0.93
"""Lowest normalized correlation of a match.

A text reaches 0.96 to 1, a different one of at least four letters 0.87.
"""

_MARGIN_PX = 2


def find_text(screen: Pixels, text: str, is_bold: bool = False) -> list[Point]:
    """Return the centers of all places where a text is, from top to bottom.

    Args:
        screen: (H, W, 3) uint8.
        text: in the font of the application; a text with a mnemonic underlined is not found.
        is_bold: whether it is in bold.
    """
    drawn = _draw(text, is_bold)
    gray = cv2.cvtColor(screen, cv2.COLOR_BGR2GRAY)
    # Dark text on light ground correlates negatively.
    similarity = np.abs(cv2.matchTemplate(gray, drawn, cv2.TM_CCOEFF_NORMED))
    height, width = drawn.shape
    found: list[Point] = []
    while True:
        _, best, _, (x, y) = cv2.minMaxLoc(similarity)
        if best < MIN_SIMILARITY or len(found) == 50:
            return sorted(found, key=lambda at: (at[1], at[0]))
        found.append((x + width // 2, y + height // 2))
        similarity[max(0, y - height // 2) : y + height, max(0, x - width // 2) : x + width] = 0


@functools.cache
def _application() -> QCoreApplication:
    """Return the application that fonts need; it opens no window."""
    return QGuiApplication.instance() or QGuiApplication(["", "-platform", "offscreen"])


@functools.cache
def _draw(text: str, is_bold: bool) -> Pixels:
    _application()
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setBold(is_bold)
    box = QFontMetrics(font).tightBoundingRect(text)
    image = QImage(
        box.width() + 2 * _MARGIN_PX, box.height() + 2 * _MARGIN_PX, QImage.Format.Format_Grayscale8
    )
    image.fill(0)
    painter = QPainter(image)
    painter.setFont(font)
    painter.setPen(QColor("white"))
    painter.drawText(_MARGIN_PX - box.x(), _MARGIN_PX - box.y(), text)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].copy()
