"""Painting of names in the objects table: two lines where needed, elided in the middle."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPalette, QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

Index = QModelIndex | QPersistentModelIndex

MARGIN_PX = 4
LINE_ROW_PX = 30  # height of a row with one line


def name_lines(text: str, metrics: QFontMetrics, width_px: int) -> list[str]:
    """Break a name into at most two lines; the second is elided in the middle.

    Args:
        text: the name.
        metrics: of the font.
        width_px: width of a line.
    """
    if metrics.horizontalAdvance(text) <= width_px:
        return [text]
    layout = QTextLayout(text)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(width_px)
    layout.endLayout()
    end = max(1, line.textLength())
    rest = metrics.elidedText(text[end:].strip(), Qt.TextElideMode.ElideMiddle, width_px)
    return [text[:end].rstrip(), rest]


class NameDelegate(QStyledItemDelegate):
    """Paints the color and the name of an object."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return a height of one or two lines for the width of the column."""
        self.initStyleOption(option, index)
        metrics: QFontMetrics = option.fontMetrics
        count = len(name_lines(option.text, metrics, _text_rect(option).width()))
        height = LINE_ROW_PX + (count - 1) * metrics.lineSpacing()
        return QSize(super().sizeHint(option, index).width(), height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint background and color as usual, and the name in up to two lines."""
        self.initStyleOption(option, index)
        text, option.text = option.text, ""
        style = QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if is_selected else QPalette.ColorRole.Text
        rect = _text_rect(option)
        lines = name_lines(text, option.fontMetrics, rect.width())
        painter.save()
        painter.setFont(option.font)
        painter.setPen(option.palette.color(role))
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(rect, left, "\n".join(lines))
        painter.restore()


def _text_rect(option: QStyleOptionViewItem) -> QRect:
    rect: QRect = option.rect
    taken = option.decorationSize.width() + 2 * MARGIN_PX
    return rect.adjusted(taken, 0, -MARGIN_PX, 0)
