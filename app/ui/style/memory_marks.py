"""The memory marks: which one a frame gets for an object, and its name, shape and color."""

from enum import IntEnum

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from app.core.memory import Constraint, MemoryDecision, MemoryRecord
from app.core.memory_map import bank_rgb
from app.ui.translation import PLURAL, QT_TRANSLATE_NOOP, translate


class Mark(IntEnum):
    """The role of a frame in the memory bank of an object; where marks overlap the greater wins."""

    NONE = 0
    REFUSED = 1
    BANNED = 2
    REPLACED = 3  # was in the memory bank until another frame replaced it
    KEPT = 4
    PINNED = 5
    PROMPTED = 6


MARK_NAMES = {
    Mark.PROMPTED: QT_TRANSLATE_NOOP("MemoryMarks", "prompted"),
    Mark.PINNED: QT_TRANSLATE_NOOP("MemoryMarks", "pinned"),
    Mark.KEPT: QT_TRANSLATE_NOOP("MemoryMarks", "kept"),
    Mark.REPLACED: QT_TRANSLATE_NOOP("MemoryMarks", "replaced later"),
    Mark.REFUSED: QT_TRANSLATE_NOOP("MemoryMarks", "refused"),
    Mark.BANNED: QT_TRANSLATE_NOOP("MemoryMarks", "banned"),
}
_DECISION_MARKS = {
    MemoryDecision.PROMPTED: Mark.PROMPTED,
    MemoryDecision.KEPT: Mark.KEPT,
    MemoryDecision.REPLACED: Mark.KEPT,  # entered the bank by replacing another frame
    MemoryDecision.REFUSED: Mark.REFUSED,
    MemoryDecision.PINNED: Mark.PINNED,
    MemoryDecision.BANNED: Mark.BANNED,
}
_CONSTRAINT_MARKS = {Constraint.PIN: Mark.PINNED, Constraint.BAN: Mark.BANNED}
# For a light and for a dark background; after the color-blind-safe palette of Okabe and Ito.
_COLORS = {
    Mark.PROMPTED: ("#0067a5", "#56b4e9"),
    Mark.PINNED: ("#a03c7d", "#e79cc9"),
    Mark.KEPT: ("#007f5c", "#2fcf9f"),
    Mark.REPLACED: ("#5f6670", "#b4bac4"),
    Mark.REFUSED: ("#bf4f00", "#ff9142"),
    Mark.BANNED: ("#b3261e", "#ff7b72"),
}


def bank_color(position: int) -> QColor:
    """Return the color of the frame at a position of the memory bank, from 0."""
    return QColor(*bank_rgb(position))


def tokens_text(tokens: int | None) -> str:
    """Return how many tokens a remembered frame holds, in words."""
    if tokens is None:
        return translate("MemoryMarks", "tokens unknown")
    if tokens == 0:
        return translate("MemoryMarks", "no tokens")
    return translate("MemoryMarks", "%Ln token(s)", "", PLURAL, tokens)


def mark_name(mark: Mark) -> str:
    """Return the name of a mark, in lower case."""
    return translate("MemoryMarks", MARK_NAMES[mark])


def memory_mark(
    record: MemoryRecord | None, constraint: Constraint | None, was_evicted: bool
) -> Mark:
    """Return the mark of a frame for an object.

    Args:
        record: the tracker's decision about the frame; None if it was not tracked.
        constraint: the user's constraint; it takes precedence, even before tracking applied it.
        was_evicted: whether a later frame replaced this one in the memory bank.
    """
    if constraint is not None:
        return _CONSTRAINT_MARKS[constraint]
    if record is None:
        return Mark.NONE
    mark = _DECISION_MARKS[record.decision]
    return Mark.REPLACED if mark is Mark.KEPT and was_evicted else mark


def bank_mark(mark: Mark) -> Mark:
    """Return how a frame in the memory bank entered it, whether or not it is replaced later.

    Args:
        mark: the mark of the frame over the whole video; `Mark.NONE` if tracking started there.
    """
    if mark is Mark.NONE:
        return Mark.PROMPTED
    return Mark.KEPT if mark is Mark.REPLACED else mark


def mark_color(mark: Mark, dark: bool) -> QColor:
    """Return the color of a mark on a light or dark background."""
    return QColor(_COLORS[mark][dark])


def _polygon(*corners: tuple[float, float]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    path.closeSubpath()
    return path


def _circle(radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(0, 0), radius, radius)
    return path


def _cross() -> QPainterPath:
    path = QPainterPath(QPointF(-0.4, -0.4))
    path.lineTo(0.4, 0.4)
    path.moveTo(-0.4, 0.4)
    path.lineTo(0.4, -0.4)
    return path


def mark_path(mark: Mark) -> QPainterPath:
    """Return the outline of a mark, centered on the origin, in a box of side 1."""
    match mark:
        case Mark.PROMPTED:
            return _polygon((0, -0.5), (0.5, 0.42), (-0.5, 0.42))
        case Mark.REFUSED:
            return _polygon((0, 0.5), (0.5, -0.42), (-0.5, -0.42))
        case Mark.PINNED:
            return _polygon((0, -0.55), (0.5, 0), (0, 0.55), (-0.5, 0))
        case Mark.KEPT:
            return _circle(0.45)
        case Mark.REPLACED:
            return _circle(0.38)
        case Mark.BANNED:
            return _cross()
        case _:
            return QPainterPath()


def paint_mark(painter: QPainter, mark: Mark, center: QPointF, size_px: float, dark: bool) -> None:
    """Paint a mark; rings and crosses are stroked, other shapes filled."""
    color = mark_color(mark, dark)
    is_stroked = mark in (Mark.REPLACED, Mark.BANNED)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(center)
    painter.scale(size_px, size_px)
    painter.setPen(QPen(color, 0.2) if is_stroked else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if is_stroked else color)
    painter.drawPath(mark_path(mark))
    painter.restore()


def mark_pixmap(mark: Mark, size_px: int, dark: bool, pixel_ratio: float = 1.0) -> QPixmap:
    """Return a transparent pixmap of ``size_px`` logical pixels with a mark."""
    side = round(size_px * pixel_ratio)
    pixmap = QPixmap(side, side)
    pixmap.setDevicePixelRatio(pixel_ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_mark(painter, mark, QRectF(0, 0, size_px, size_px).center(), 0.8 * size_px, dark)
    painter.end()
    return pixmap


def mark_icon(mark: Mark, dark: bool) -> QIcon:
    """Return an icon of a mark."""
    return QIcon(mark_pixmap(mark, 16, dark, pixel_ratio=2.0))
