"""Widgets whose text is elided to the available width; the tooltip has the full text."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QLabel,
    QStyle,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
    QWidget,
)


class ElidedLabel(QLabel):
    """A label that may be narrower than its text.

    Args:
        parent: owner.
        mode: where the text is elided; in the middle for names, whose ends tell them apart.
    """

    def __init__(
        self,
        parent: QWidget | None = None,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(parent)
        self._mode = mode

    def minimumSizeHint(self) -> QSize:
        """Return a minimum width of 0."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the elided text."""
        painter = QStylePainter(self)
        painter.setPen(self.palette().windowText().color())
        shown = _elided(self, self.text(), self._mode, self.width())
        painter.drawText(self.rect(), self.alignment(), shown)
        self.setToolTip(self.text() if shown != self.text() else "")


class ElidedButton(QToolButton):
    """A tool button that elides its text in the middle.

    The tooltip has the full text, above its own sentence, while the text is elided.

    Args:
        tip: the tooltip.
        parent: owner.
    """

    def __init__(self, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tip = tip
        self.setToolTip(tip)

    def minimumSizeHint(self) -> QSize:
        """Return a minimum width of a few characters."""
        full = self.sizeHint()
        return QSize(min(full.width(), self.fontMetrics().averageCharWidth() * 14), full.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the button with the elided text."""
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        room = self.width() - (self.sizeHint().width() - self._text_width())
        shown = _elided(self, self.text(), Qt.TextElideMode.ElideMiddle, room)
        option.text = shown
        self.setToolTip(self._tip if shown == self.text() else f"{self.text()}\n{self._tip}")
        QStylePainter(self).drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)

    def _text_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(self.text())


def _elided(widget: QWidget, text: str, mode: Qt.TextElideMode, room: int) -> str:
    """Elide a text if it is wider than some pixels.

    Widths are rounded in size hints and exact in `elidedText`, which would cut a text whose widget
    has just the width that it asked for.
    """
    metrics = widget.fontMetrics()
    return text if metrics.horizontalAdvance(text) <= room else metrics.elidedText(text, mode, room)
