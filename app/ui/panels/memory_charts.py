"""The charts of the memory panel: score bars, token meter, map of kept tokens."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.memory import MemoryRecord
from app.ui.panels.memory_text import percent
from app.ui.style.colors import is_dark
from app.ui.style.memory_marks import Mark, mark_color, tokens_text

TOKEN_TARGET = 0.07
"""Target fraction of the tokens of a full SAM 2 memory bank."""
DROPPED_ARGB = 0xB4000000  # shade over dropped tokens


class ScoreBar(QWidget):
    """A score in [0, 1] with its name and value; None shows a dash.

    Args:
        name: label at the left.
        mark: the memory mark whose color the bar has; gray while the widget is disabled.
        tip: what the score means.
        parent: owner.
    """

    NAME_PX, VALUE_PX = 52, 36

    def __init__(self, name: str, mark: Mark, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._mark = mark
        self.setToolTip(tip)
        self._value: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.fontMetrics().height() + 1)

    def set_value(self, value: float | None) -> None:
        """Set the score; None if unknown."""
        self._value = value
        self.setAccessibleName(f"{self._name} {self._text()}")
        self.update()

    def _text(self) -> str:
        return "\N{EN DASH}" if self._value is None else f"{self._value:.2f}"

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint name, bar and value."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, middle = self.palette(), Qt.AlignmentFlag.AlignVCenter
        painter.setPen(palette.placeholderText().color())
        painter.drawText(self.rect(), middle | Qt.AlignmentFlag.AlignLeft, self._name)
        is_live = self.isEnabled()
        painter.setPen((palette.windowText() if is_live else palette.placeholderText()).color())
        painter.drawText(self.rect(), middle | Qt.AlignmentFlag.AlignRight, self._text())
        bar = QRectF(self.rect()).adjusted(self.NAME_PX, 0, -self.VALUE_PX, 0)
        bar = QRectF(bar.left(), bar.center().y() - 3, bar.width(), 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.mid())
        painter.drawRoundedRect(bar, 3, 3)
        bar.setWidth(bar.width() * (self._value or 0.0))
        gray = palette.placeholderText().color()
        painter.setBrush(mark_color(self._mark, is_dark(palette)) if is_live else gray)
        painter.drawRoundedRect(bar, 3, 3)
        painter.end()


class TokenMeter(QWidget):
    """Stored and attended tokens relative to a full SAM 2 memory bank, with a target tick."""

    BAR_PX = 8

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[tuple[str, int], ...] = ()
        self._full = 0
        self._line_px = self.fontMetrics().height()
        self.setFixedHeight(3 * self._line_px + 2 * (self.BAR_PX + 4) + 4)
        tip = self.tr(
            "A token is what memory holds of one place of a frame, or of a few neighboring "
            "places. Stored: tokens in the memory bank after this frame. Attended: tokens that "
            "were read to find the object on this frame. Both are compared with the memory bank "
            "of SAM 2, which stores seven whole frames; the tick marks {percent} of it."
        )
        self.setToolTip(tip.format(percent=percent(TOKEN_TARGET)))

    def set_record(self, record: MemoryRecord) -> None:
        """Show the token counts of a decision."""
        self._rows = (
            (self.tr("Stored"), record.tokens_stored),
            (self.tr("Attended"), record.tokens_attended),
        )
        self._full = record.tokens_full_sam2
        name = self.tr("Memory tokens: {counts}")
        self.setAccessibleName(name.format(counts=", ".join(map(self._label, self._rows))))
        self.update()

    def _label(self, row: tuple[str, int]) -> str:
        return self.tr("{name} {count} of {all} ({percent})").format(
            name=row[0],
            count=f"{row[1]:,}",
            all=f"{self._full:,}",
            percent=percent(row[1], self._full),
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a label and a bar for each count, and the target tick on both bars."""
        painter = QPainter(self)
        palette, line, dark = self.palette(), self._line_px, is_dark(self.palette())
        top = 0
        for row in self._rows:
            painter.setPen(palette.windowText().color())
            painter.drawText(0, top + self.fontMetrics().ascent(), self._label(row))
            fraction = min(1.0, row[1] / self._full) if self._full else 0.0
            bar = QRectF(0, top + line + 1, self.width(), self.BAR_PX)
            painter.fillRect(bar, palette.mid())
            is_over = fraction > TOKEN_TARGET + 5e-4
            color = mark_color(Mark.REFUSED if is_over else Mark.KEPT, dark)
            painter.fillRect(QRectF(0, bar.top(), fraction * self.width(), self.BAR_PX), color)
            top += line + self.BAR_PX + 4
        x = TOKEN_TARGET * self.width()
        painter.setPen(QPen(palette.windowText().color(), 1.5))
        for index in (0, 1):
            y = line + index * (line + self.BAR_PX + 4)
            painter.drawLine(QPointF(x, y), QPointF(x, y + self.BAR_PX + 2))
        painter.setPen(palette.placeholderText().color())
        text = self.tr("↑ {percent} of a full SAM 2 bank")
        target = text.format(percent=percent(TOKEN_TARGET))
        painter.drawText(round(x) - 4, top + self.fontMetrics().ascent(), target)
        painter.end()


class TokenMap(QWidget):
    """The thumbnail of a memory frame; locations of dropped tokens are dark.

    Its border has the color that the frame has in the survival map on the canvas.

    Signals:
        double_clicked: the map is to be shown large.
    """

    double_clicked = Signal()
    BORDER_PX = 3
    SIZE = QSize(96, 54)
    MIN_GRID_PX = 3  # a finer grid would hide the thumbnail

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(self.SIZE)
        self._image: QImage | None = None
        self._shade: QImage | None = None
        self._color = QColor(Qt.GlobalColor.transparent)

    @property
    def has_image(self) -> bool:
        """Whether the thumbnail has been set."""
        return self._image is not None

    def set_image(self, image: QImage | None) -> None:
        """Set the thumbnail; None while it is loading."""
        self._image = image
        self.update()

    def set_survivors(
        self,
        survivors: tuple[int, int, bytes] | None,
        tokens: int | None,
        color: QColor,
    ) -> None:
        """Set where tokens were kept and how many, None if unknown, and the frame's color."""
        self._color = color
        self._shade = None
        self.setToolTip(self.tr("The kept tokens of this frame are not known"))
        if survivors is not None:
            height, width, bits = survivors
            kept = np.unpackbits(np.frombuffer(bits, np.uint8), count=height * width) > 0
            argb = np.where(kept, 0, DROPPED_ARGB).astype(np.uint32).reshape(height, width)
            image_format = QImage.Format.Format_ARGB32_Premultiplied
            self._shade = QImage(argb.data, width, height, width * 4, image_format).copy()
            holds = tokens_text(tokens)
            tip = self.tr(
                "{tokens}, for {kept} of {all} locations of this frame; locations without a token "
                "are dark. Double-click to enlarge."
            )
            holds = f"{holds[0].upper()}{holds[1:]}"
            self.setToolTip(tip.format(tokens=holds, kept=int(kept.sum()), all=kept.size))
        self.setAccessibleName(self.toolTip())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the thumbnail, the shade over dropped tokens and, if large enough, the grid."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().mid())
        target = QRectF(self.rect())
        if self._image is not None:
            size = self._image.size().scaled(self.SIZE, Qt.AspectRatioMode.KeepAspectRatio)
            target = QRectF(0, 0, size.width(), size.height())
            target.moveCenter(QRectF(self.rect()).center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, self._image)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        if self._shade is not None:
            painter.drawImage(target, self._shade)
            across, down = self._shade.width(), self._shade.height()
            if min(target.width() / across, target.height() / down) >= self.MIN_GRID_PX:
                self._paint_grid(painter, target, across, down)
        half = self.BORDER_PX / 2
        border = QPen(self._color, self.BORDER_PX, Qt.PenStyle.SolidLine)
        border.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(border)
        painter.drawRect(QRectF(self.rect()).adjusted(half, half, -half, -half))
        painter.end()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for the map to be shown large."""
        self.double_clicked.emit()

    def _paint_grid(self, painter: QPainter, target: QRectF, across: int, down: int) -> None:
        painter.setPen(QPen(QColor(255, 255, 255, 60), 0))
        for column in range(1, across):
            x = target.left() + target.width() * column / across
            painter.drawLine(QPointF(x, target.top()), QPointF(x, target.bottom()))
        for row in range(1, down):
            y = target.top() + target.height() * row / down
            painter.drawLine(QPointF(target.left(), y), QPointF(target.right(), y))
