"""The plot of the active object's scores over the video, drawn with pyqtgraph."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QPainter, QPen, QPixmap, QShowEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from app.core.document import Document, Table
from app.ui.style.colors import ChartColors, is_dark
from app.ui.style.memory_marks import Mark, mark_color

if TYPE_CHECKING:
    from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent

REDRAW_MS = 200
# The label, color and line style of each score; the style identifies a curve without color.
_CURVES = {
    "quality": ("Quality", Mark.KEPT, Qt.PenStyle.SolidLine),
    "predicted_iou": ("Predicted IoU", Mark.PROMPTED, Qt.PenStyle.DashLine),
    "object_presence": ("Presence", Mark.REFUSED, Qt.PenStyle.DotLine),
    "novelty": ("Novelty", Mark.PINNED, Qt.PenStyle.DashDotLine),
}


class ScoreSeries:
    """The scores of one object: ``values[name]`` is (num_frames,) float32, NaN where unknown."""

    def __init__(self, document: Document, object_id: int, num_frames: int) -> None:
        self._document = document
        self.object_id = object_id
        self.values = {name: np.full(num_frames, np.nan, np.float32) for name in _CURVES}
        self.refresh(document.of_object(Table.MEMORY, object_id))

    def refresh(self, frames: Iterable[int]) -> None:
        """Update the scores of these frames from the document."""
        records = self._document.of_object(Table.MEMORY, self.object_id)
        frames = tuple(frames)
        found = [records[frame].scores if frame in records else None for frame in frames]
        at = np.array(frames, np.intp)
        for name, values in self.values.items():
            values[at] = [np.nan if one is None else getattr(one, name) for one in found]


class ScorePlot(QWidget):
    """Plots a `ScoreSeries` with the playhead; a click requests a frame.

    pyqtgraph takes a good part of a second to import, so it is imported when there are values
    to plot and the widget is visible.  New values are plotted every `REDRAW_MS` at most.

    Args:
        num_frames: number of frames of the video.
        parent: owner.

    Signals:
        frame_requested: the frame that was clicked.
    """

    frame_requested = Signal(int)

    def __init__(self, num_frames: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._num_frames = num_frames
        self._series: ScoreSeries | None = None
        self._frame = 0
        self.plot: Any = None
        self._curves: dict[str, Any] = {}
        self._playhead: Any = None
        self._redraw = QTimer(self, singleShot=True, interval=0)
        self._redraw.timeout.connect(self._draw)
        self._empty = QLabel("Scores are plotted here once the object is tracked.", self)
        self._empty.setProperty("role", "muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 4, 0, 0)
        self._layout.setSpacing(2)
        self._buttons = self._make_buttons()
        self._layout.addLayout(self._buttons_layout())
        self._layout.addWidget(self._empty, 1)

    def _make_buttons(self) -> dict[str, QCheckBox]:
        buttons = {}
        for name, (label, _, _) in _CURVES.items():
            button = QCheckBox(label, self)
            button.setChecked(True)
            button.setIconSize(QSize(24, 12))
            button.setToolTip(f"Show or hide the curve of {label.lower()}")
            button.toggled.connect(lambda _checked: self._redraw.start(0))
            buttons[name] = button
        return buttons

    def _buttons_layout(self) -> QGridLayout:
        layout = QGridLayout()
        layout.setVerticalSpacing(2)
        for index, button in enumerate(self._buttons.values()):
            layout.addWidget(button, index // 2, index % 2, Qt.AlignmentFlag.AlignLeft)
        return layout

    def show_series(self, series: ScoreSeries | None) -> None:
        """Plot the scores of another object, or none."""
        self._series = series
        self._redraw.start(0)

    def values_changed(self) -> None:
        """Plot changed values within `REDRAW_MS`."""
        if not self._redraw.isActive():
            self._redraw.start(REDRAW_MS)

    def set_frame(self, frame: int) -> None:
        """Move the playhead to a frame."""
        self._frame = frame
        if self._playhead is not None:
            self._playhead.setValue(frame)

    def showEvent(self, event: QShowEvent) -> None:
        """Plot what changed while the widget was hidden."""
        self._redraw.start(0)

    def changeEvent(self, event: QEvent) -> None:
        """Plot with the new colors."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._redraw.start(0)

    def _draw(self) -> None:
        if not self.isVisible():
            return
        values = {} if self._series is None else self._series.values
        has_values = any(not np.isnan(one).all() for one in values.values())
        if has_values and self.plot is None:
            self._make_plot()
        self._empty.setVisible(not has_values)
        for button in self._buttons.values():
            button.setVisible(has_values)
        if self.plot is None:
            return
        self.plot.setVisible(has_values)
        self._restyle()
        for name, curve in self._curves.items():
            curve.setVisible(self._buttons[name].isChecked())
            if has_values:
                curve.setData(np.arange(self._num_frames), values[name], connect="finite")

    def _make_plot(self) -> None:
        import pyqtgraph

        self.plot = pyqtgraph.PlotWidget(self)
        self.plot.setAccessibleName("Scores of the active object over the video")
        self.plot.setToolTip("Click to go to a frame; wheel zooms, drag moves")
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.setLimits(xMin=-1, xMax=self._num_frames, yMin=-0.15, yMax=1.15, minXRange=8)
        self.plot.setRange(xRange=(0, self._num_frames - 1), yRange=(-0.1, 1.1), padding=0)
        self.plot.getAxis("left").setTicks([[(0, "0"), (0.5, "0.5"), (1, "1")]])
        self.plot.setDownsampling(auto=True, mode="peak")
        self.plot.setClipToView(True)
        self.plot.showGrid(x=True, y=True, alpha=0.15)
        for name in _CURVES:
            self._curves[name] = self.plot.plot()
        self._curves["quality"].setZValue(1)
        self._playhead = pyqtgraph.InfiniteLine(self._frame, movable=False)
        self.plot.addItem(self._playhead)
        self.plot.scene().sigMouseClicked.connect(self._on_clicked)
        self._layout.addWidget(self.plot, 1)

    def _restyle(self) -> None:
        palette, dark = self.palette(), is_dark(self.palette())
        self.plot.setBackground(palette.base().color())
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setPen(palette.mid().color())
            self.plot.getAxis(side).setTextPen(palette.placeholderText().color())
        self._playhead.setPen(QPen(ChartColors.of(palette).playhead, 0))
        for name, (_, mark, style) in _CURVES.items():
            # Wider lines take 100 times as long to draw.
            pen = QPen(mark_color(mark, dark), 1, style)
            pen.setCosmetic(True)
            self._curves[name].setPen(pen)
            self._buttons[name].setIcon(_line_icon(pen))

    def _on_clicked(self, event: "MouseClickEvent") -> None:
        x = self.plot.getViewBox().mapSceneToView(event.scenePos()).x()
        self.frame_requested.emit(min(max(round(x), 0), self._num_frames - 1))


def _line_icon(pen: QPen) -> QIcon:
    pixmap = QPixmap(24, 12)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(QPen(pen.color(), 2, pen.style()))
    painter.drawLine(1, 6, 23, 6)
    painter.end()
    return QIcon(pixmap)
