"""The score curves of the active object: their painting and the choice of curves."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from app.core.memory import MemoryRecord
from app.ui.style.colors import is_dark
from app.ui.style.memory_marks import Mark, mark_color
from app.ui.timeline.model import ScoreSeries
from app.ui.timeline.raster import curve_pixels, image_of
from app.ui.timeline.scene import TimelineScene
from app.ui.translation import QT_TRANSLATE_NOOP, translate

LINE_PX = 1.6
DASHES: Mapping[Qt.PenStyle, tuple[int, ...]] = {  # columns with and without ink, in turn
    Qt.PenStyle.SolidLine: (1,),
    Qt.PenStyle.DashLine: (5, 3),
    Qt.PenStyle.DotLine: (2, 2),
    Qt.PenStyle.DashDotLine: (6, 3, 2, 3),
}
Score = TypeVar("Score", float, NDArray[np.float32])


@dataclass(frozen=True, slots=True)
class Curve:
    """How a score is drawn; the line style identifies it without color.

    Attributes:
        label: its name.
        tip: what it means.
        mark: the memory mark whose color it has.
        style: of its line; the quality is filled besides.
        worst: which of the frames that share a pixel column decides on its height.
    """

    label: str
    tip: str
    mark: Mark
    style: Qt.PenStyle
    worst: np.ufunc = np.fmin


CURVES: Mapping[str, Curve] = {
    "quality": Curve(
        QT_TRANSLATE_NOOP("CurveMenu", "Quality"),
        QT_TRANSLATE_NOOP("CurveMenu", "Predicted IoU times presence"),
        Mark.KEPT,
        Qt.PenStyle.SolidLine,
    ),
    "predicted_iou": Curve(
        QT_TRANSLATE_NOOP("CurveMenu", "Predicted IoU"),
        QT_TRANSLATE_NOOP("CurveMenu", "How well the model expects the mask to fit"),
        Mark.PROMPTED,
        Qt.PenStyle.DashLine,
    ),
    "object_presence": Curve(
        QT_TRANSLATE_NOOP("CurveMenu", "Presence"),
        QT_TRANSLATE_NOOP("CurveMenu", "How certain the model is that the object is visible"),
        Mark.REFUSED,
        Qt.PenStyle.DotLine,
    ),
    "novelty": Curve(
        QT_TRANSLATE_NOOP("CurveMenu", "Novelty"),
        QT_TRANSLATE_NOOP("CurveMenu", "How different the object looks from the frames in memory"),
        Mark.PINNED,
        Qt.PenStyle.DashDotLine,
        np.fmax,
    ),
}
"""By field of `MemoryScores`."""


def described(series: ScoreSeries, frame: int) -> str:
    """Return the scores of a frame in words; empty if unknown."""
    if np.isnan(series.values["quality"][frame]):
        return ""
    named = (f"{_label(name)} {series.values[name][frame]:.2f}" for name in CURVES)
    return "  ·  ".join(named)


def _label(name: str) -> str:
    return translate("CurveMenu", CURVES[name].label)


def paint_curves(
    painter: QPainter, scene: TimelineScene, series: ScoreSeries, shown: Iterable[str]
) -> None:
    """Paint the chosen curves but the quality's, which is a filled one of its own."""
    rect, ratio = scene.rows.quality, painter.device().devicePixelRatio()
    rows = round(rect.height() * ratio)
    for name in shown:
        if name != "quality":
            curve = CURVES[name]
            worst = scene.columns.reduce(curve.worst, series.values[name])
            ys = (score_y(rect, worst) - rect.top()) * ratio
            color = mark_color(curve.mark, scene.colors.dark).rgb()
            is_inked = _inked(curve.style, len(ys))
            pixels = curve_pixels(ys, is_inked, rows, LINE_PX * ratio, color)
            painter.drawImage(rect, image_of(pixels))


def paint_thresholds(
    painter: QPainter, scene: TimelineScene, record: MemoryRecord | None, shown: Iterable[str]
) -> None:
    """Paint what the memory policy asked of the scores on the displayed frame."""
    rect = scene.rows.quality
    for name, threshold in (record.thresholds if record is not None else {}).items():
        if name not in shown:
            continue
        y = score_y(rect, threshold)
        painter.setPen(QPen(mark_color(CURVES[name].mark, scene.colors.dark), 1))
        painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))
        text = f"{_label(name)} {threshold:.2f}"
        width = painter.fontMetrics().horizontalAdvance(text) + 8
        above = y - painter.fontMetrics().height() >= rect.top()
        corner = y - painter.fontMetrics().height() if above else y
        plate = QRect(rect.right() - width, round(corner), width, painter.fontMetrics().height())
        painter.fillRect(plate, scene.colors.background)
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


def score_y(rect: QRect, score: Score) -> Score:
    """Return where a score in [0, 1], or each of several, is in the row of the curves."""
    return rect.top() + 2 + (rect.height() - 6) * (1 - score)


def _inked(style: Qt.PenStyle, num_columns: int) -> NDArray[np.bool_]:
    """Return which pixel columns a line of this style is drawn in."""
    strokes = DASHES[style]
    is_ink = np.arange(len(strokes)) % 2 == 0
    return np.resize(np.repeat(is_ink, strokes), num_columns)


def _pen(curve: Curve, dark: bool) -> QPen:
    return QPen(mark_color(curve.mark, dark), LINE_PX, curve.style)


class CurveMenu(QToolButton):
    """The button in the gutter of the score row; its menu chooses and explains the curves.

    Signals:
        changed: other curves are chosen.
    """

    changed = Signal()
    ICON_SIZE = QSize(28, 12)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(self.tr("Scores"))
        self.setToolTip(self.tr("Choose the curves of the scores"))
        self.setAccessibleName(self.tr("Curves of the scores"))
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setProperty("role", "menu")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.choices: dict[str, QAction] = {}
        for name, curve in CURVES.items():
            action = self.choices[name] = menu.addAction(self.tr(curve.label))
            action.setToolTip(self.tr(curve.tip))
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(lambda _checked: self.changed.emit())
        menu.aboutToShow.connect(self._update_icons)
        self.setMenu(menu)

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of the chosen curves."""
        return tuple(name for name, action in self.choices.items() if action.isChecked())

    def show_only(self, names: Collection[str]) -> None:
        """Choose these curves and no other."""
        for name, action in self.choices.items():
            action.setChecked(name in names)

    def _update_icons(self) -> None:
        for name, action in self.choices.items():
            action.setIcon(self._line_icon(_pen(CURVES[name], is_dark(self.palette()))))

    def _line_icon(self, pen: QPen) -> QIcon:
        pixmap = QPixmap(self.ICON_SIZE)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        pen.setWidthF(2)
        painter.setPen(pen)
        painter.drawLine(1, 6, self.ICON_SIZE.width() - 1, 6)
        painter.end()
        return QIcon(pixmap)
