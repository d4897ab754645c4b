"""The legend of the timeline: what its marks and bars mean, in a popup."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from app.ui.style.colors import ChartColors, blended
from app.ui.style.memory_marks import MARK_NAMES, Mark, paint_mark
from app.ui.timeline.active_rows import BANK_PX, MARK_PX
from app.ui.timeline.lanes import SUGGESTED_PX
from app.ui.timeline.model import Flag
from app.ui.timeline.raster import BAR_TOP_PX, BarColors, bar_pixels, image_of
from app.ui.timeline.scene import LANE_PX
from app.ui.timeline.time_axis import Columns
from app.ui.translation import QT_TRANSLATE_NOOP

SAMPLE_WIDTH_PX = 22
MARK_TEXTS = {
    Mark.PROMPTED: QT_TRANSLATE_NOOP(
        "LegendPopup", "prompted: it has points, a box or a mask of the user"
    ),
    Mark.PINNED: QT_TRANSLATE_NOOP("LegendPopup", "pinned: the user keeps it in memory"),
    Mark.KEPT: QT_TRANSLATE_NOOP("LegendPopup", "kept: it entered the memory bank"),
    Mark.REPLACED: QT_TRANSLATE_NOOP(
        "LegendPopup", "replaced later: it left the bank for another frame"
    ),
    Mark.REFUSED: QT_TRANSLATE_NOOP("LegendPopup", "refused: it did not enter the bank"),
    Mark.BANNED: QT_TRANSLATE_NOOP("LegendPopup", "banned: the user keeps it out of memory"),
}
BAR_TEXTS = {
    QT_TRANSLATE_NOOP("LegendPopup", "mask made by hand: prompted, painted or imported"): Flag.MASK
    | Flag.SOLID
    | Flag.BY_HAND,
    QT_TRANSLATE_NOOP("LegendPopup", "tracked mask"): Flag.MASK | Flag.SOLID,
    QT_TRANSLATE_NOOP("LegendPopup", "verified mask: underlined"): Flag.MASK
    | Flag.SOLID
    | Flag.VERIFIED,
    QT_TRANSLATE_NOOP("LegendPopup", "tracked, but not visible"): Flag.MASK | Flag.EMPTY,
}
SUGGESTED_TEXT = QT_TRANSLATE_NOOP("LegendPopup", "suggested for review: line above the bar")
IN_MEMORY_TEXT = QT_TRANSLATE_NOOP("LegendPopup", "in memory at the current frame")

Paint = Callable[[QPainter, QRect, ChartColors], None]


class _Sample(QWidget):
    """A mark or a piece of a bar, painted as the timeline paints it."""

    def __init__(self, paint: Paint, parent: QWidget) -> None:
        super().__init__(parent)
        self._paint = paint
        self.setFixedSize(QSize(SAMPLE_WIDTH_PX, LANE_PX - 4))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the sample."""
        painter = QPainter(self)
        self._paint(painter, self.rect(), ChartColors.of(self.palette()))


def _mark(mark: Mark) -> Paint:
    def paint(painter: QPainter, rect: QRect, colors: ChartColors) -> None:
        paint_mark(painter, mark, QPointF(rect.center()), MARK_PX, colors.dark)

    return paint


def _bar(flags: Flag) -> Paint:
    def paint(painter: QPainter, rect: QRect, colors: ChartColors) -> None:
        bar_colors = BarColors(
            tracked=blended(colors.text, colors.background, 0.6).rgb(),
            by_hand=colors.text.rgb(),
            empty=colors.weak.rgb(),
            verified=colors.text.rgb(),
        )
        frames = np.arange(rect.width())
        values = np.full(rect.width() + 1, flags, np.uint8)
        pixels = bar_pixels(values, Columns(frames, frames + 1), LANE_PX, bar_colors)
        painter.drawImage(0, rect.height() - LANE_PX + 2, image_of(pixels))

    return paint


def _suggested(painter: QPainter, rect: QRect, colors: ChartColors) -> None:
    _bar(Flag.MASK | Flag.SOLID)(painter, rect, colors)
    top = rect.height() - LANE_PX + 2 + BAR_TOP_PX - SUGGESTED_PX
    painter.fillRect(rect.left(), top, rect.width() // 2, SUGGESTED_PX, colors.weak)


def _in_memory(painter: QPainter, rect: QRect, colors: ChartColors) -> None:
    painter.setPen(QPen(colors.accent, BANK_PX))
    y = rect.center().y() + 1
    painter.drawLine(rect.center().x() - MARK_PX // 2, y, rect.center().x() + MARK_PX // 2, y)


class LegendPopup(QFrame):
    """A popup that explains the marks and bars; a click anywhere closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAccessibleName(self.tr("Legend of the timeline"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        layout = QGridLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setHorizontalSpacing(10)
        layout.setVerticalSpacing(2)
        rows: list[tuple[Paint, str]] = [(_mark(mark), MARK_TEXTS[mark]) for mark in MARK_NAMES]
        rows.append((_in_memory, IN_MEMORY_TEXT))
        rows += [(_bar(flags), text) for text, flags in BAR_TEXTS.items()]
        rows.append((_suggested, SUGGESTED_TEXT))
        for row, (paint, text) in enumerate(rows):
            layout.addWidget(_Sample(paint, self), row, 0)
            layout.addWidget(QLabel(self.tr(text), self), row, 1)

    def open_above(self, corner: QPoint) -> None:
        """Open with the bottom left corner near a position, in screen pixels."""
        self.adjustSize()
        screen = self.screen().availableGeometry()
        left = min(max(corner.x(), screen.left()), screen.right() - self.width())
        self.move(left, max(screen.top(), corner.y() - self.height()))
        self.show()
