"""The score curves of the active object: their painting and the choice of curves."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from app.core.memory import MemoryRecord
from app.ui.style.colors import is_dark
from app.ui.style.memory_marks import Mark, mark_color
from app.ui.timeline.model import ScoreSeries
from app.ui.timeline.scene import TimelineScene
from app.ui.translation import QT_TRANSLATE_NOOP, translate


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
    rect = scene.rows.quality
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for name in shown:
        if name != "quality":
            curve = CURVES[name]
            heights = scene.columns.reduce(curve.worst, series.values[name])
            painter.setPen(_pen(curve, scene.colors.dark))
            painter.drawPath(_path(heights, rect))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


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


def score_y(rect: QRect, score: float) -> float:
    """Return where a score in [0, 1] is in the row of the curves."""
    return rect.top() + 2 + (rect.height() - 6) * (1 - score)


def _path(heights: NDArray[np.float32], rect: QRect) -> QPainterPath:
    path, is_joined = QPainterPath(), False
    for column, value in enumerate(heights.tolist()):
        if is_known := not math.isnan(value):
            at = QPointF(rect.left() + column + 0.5, score_y(rect, value))
            if is_joined:
                path.lineTo(at)
            else:
                path.moveTo(at - QPointF(0.5, 0))
                path.lineTo(at + QPointF(0.5, 0))
        is_joined = is_known
    return path


def _pen(curve: Curve, dark: bool) -> QPen:
    return QPen(mark_color(curve.mark, dark), 1.25, curve.style)


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
