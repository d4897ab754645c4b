"""The curves of a comparison over its frames, drawn with pyqtgraph."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.tracking.comparison import Comparison, Curve
from app.ui.dialogs.comparison_view import SIDE_RGB, swatch
from app.ui.style.colors import ChartColors, with_alpha
from app.ui.style.theme import SPACING_PX

if TYPE_CHECKING:
    from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent

ROW_HEIGHT_PX, FRAME_AXIS_PX, VALUE_AXIS_PX = 46, 22, 56
CURVE_PX = (3.0, 1.5)
"""Widths of the curves of A and B; A is seen where B, which is on top of it, has the same value."""
MARGIN = 0.2
"""Room above and below the values for the numbers of the axis, as a fraction of the values."""
GRID_OPACITY = 0.25
GRAB_PX = 5
"""Width of the play head under the pointer, by which it can be dragged."""
FEWEST_FRAMES = 8
"""How many frames remain visible when zoomed in."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A plot and its label.

    Attributes:
        title: what is plotted.
        values: one curve for A and B together, or one for each.
        digits: decimal places of the values in the label.
        label: title, and the values of one frame.
        plot: the ``pyqtgraph.PlotWidget``.
        items: its curves, each a ``PlotDataItem``.
        playhead: the line of the displayed frame.
        pointer: the line of the frame under the pointer.
    """

    title: str
    values: tuple[Curve, ...]
    digits: int
    label: QLabel
    plot: Any
    items: tuple[Any, ...]
    playhead: Any
    pointer: Any

    @property
    def top(self) -> float:
        """The greatest value of the axis; IoUs and token counts before the first are at most 1."""
        known = np.concatenate(self.values)
        return float(np.nanmax(known, initial=1.0))


class ComparisonCurves(QWidget):
    """Plots IoU of A and B, predicted IoU and tokens of each; all share the frame axis.

    The labels hold the values of the frame under the pointer, else of the displayed one.  A click
    goes to a frame and the play head can be dragged; the wheel zooms and dragging elsewhere pans.

    Args:
        comparison: what to plot; call `refresh` when it has grown.
        parent: owner.

    Signals:
        frame_requested: the frame that was clicked, or that the play head was dragged to.
    """

    frame_requested = Signal(int)

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._frame = comparison.first
        self._hovered: int | None = None
        self.frame_label = QLabel(self)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setHorizontalSpacing(SPACING_PX)
        self._layout.setVerticalSpacing(SPACING_PX // 2)
        self._layout.setColumnStretch(1, 1)
        self.rows = (
            self._make_row(self.tr("IoU of A and B"), (comparison.iou,), 2),
            self._make_row(self.tr("Predicted IoU"), comparison.predicted_iou, 2),
            self._make_row(self.tr("Tokens"), comparison.tokens, 0),
        )
        self._link_rows()
        self._restyle()
        self.refresh()

    def _make_row(self, title: str, values: tuple[Curve, ...], digits: int) -> _Row:
        # The import takes a quarter of a second: not when the program starts, and never on another
        # thread, where it creates all of Qt's enums; PySide crashes if the GUI thread does, too.
        import pyqtgraph

        # By default it drops moves within 10 ms, hence often the one that ends on a frame.
        pyqtgraph.setConfigOption("mouseRateLimit", 0)
        plot = pyqtgraph.PlotWidget(self)
        plot.setAccessibleName(self.tr("Curve of {title}").format(title=title))
        tip = self.tr("Click or drag the line to go to a frame; wheel zooms, drag moves")
        plot.setToolTip(tip)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys step through frames
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=True, y=False)
        plot.setDownsampling(auto=True, mode="peak")
        plot.setClipToView(True)
        first, last = self._comparison.first, self._comparison.last
        playhead = pyqtgraph.InfiniteLine(movable=True, bounds=(first, last))
        pointer = pyqtgraph.InfiniteLine()
        items = tuple(plot.plot(antialias=True, autoDownsampleFactor=1.0) for _ in values)
        for line, depth in ((pointer, 1), (playhead, 2)):
            line.setZValue(depth)
            plot.addItem(line, ignoreBounds=True)
        playhead.sigDragged.connect(self._on_dragged)
        plot.scene().sigMouseClicked.connect(partial(self._on_clicked, plot))
        plot.scene().sigMouseMoved.connect(partial(self._on_moved, plot))
        plot.installEventFilter(self)
        return _Row(title, values, digits, QLabel(self), plot, items, playhead, pointer)

    def _link_rows(self) -> None:
        first, last = self._comparison.first - 0.5, self._comparison.last + 0.5
        bottom = self.rows[-1]
        for index, row in enumerate(self.rows):
            is_last = row is bottom
            row.plot.setLimits(xMin=first, xMax=last, minXRange=min(FEWEST_FRAMES, last - first))
            row.plot.setXRange(first, last, padding=0)
            row.plot.getAxis("left").setWidth(VALUE_AXIS_PX)
            frame_axis = row.plot.getAxis("bottom")
            frame_axis.setHeight(FRAME_AXIS_PX * is_last)
            frame_axis.setStyle(showValues=is_last)
            frame_axis.enableAutoSIPrefix(False)
            row.plot.showGrid(x=True, y=True, alpha=GRID_OPACITY)
            row.plot.setFixedHeight(ROW_HEIGHT_PX + FRAME_AXIS_PX * is_last)
            if not is_last:
                row.plot.setXLink(bottom.plot)
            self._layout.addWidget(row.label, index, 0, Qt.AlignmentFlag.AlignTop)
            self._layout.addWidget(row.plot, index, 1)
        self.frame_label.setAlignment(Qt.AlignmentFlag.AlignRight)
        at_bottom = Qt.AlignmentFlag.AlignBottom
        self._layout.addWidget(self.frame_label, len(self.rows) - 1, 0, at_bottom)
        widest = self.fontMetrics().horizontalAdvance("\N{BLACK SQUARE} 99,999  " * 2)
        self._layout.setColumnMinimumWidth(0, widest)

    def refresh(self) -> None:
        """Plot what the runs have found since."""
        first, last = self._comparison.first, self._comparison.last
        for row in self.rows:
            for item, values in zip(row.items, row.values, strict=True):
                item.setData(np.arange(first, last + 1), values, connect="finite")
            top = row.top
            row.plot.setYRange(0, top, padding=MARGIN)
            row.plot.getAxis("left").setTicks([[(0, "0"), (top, f"{top:,.0f}")]])
        self._describe()

    def set_frame(self, frame: int) -> None:
        """Move the play head; the plots pan if it is outside of them."""
        self._frame = frame
        for row in self.rows:
            row.playhead.setValue(frame)
        view_box = self.rows[-1].plot.getViewBox()
        low, high = view_box.viewRange()[0]
        if not low <= frame <= high:
            view_box.translateBy(x=frame - (low if frame < low else high))
        self._describe()

    def _describe(self) -> None:
        frame = self._frame if self._hovered is None else self._hovered
        place = frame - self._comparison.first
        for row in self.rows:
            texts = [number(values[place], row.digits) for values in row.values]
            if len(texts) > 1:
                sides = zip(SIDE_RGB, texts, strict=True)
                texts = [f"{swatch(rgb)}&nbsp;{text}" for rgb, text in sides]
            row.label.setText(f"<b>{row.title}</b><br>{'&nbsp;&nbsp;'.join(texts)}")
            row.pointer.setVisible(self._hovered is not None)
            row.pointer.setValue(frame)
        self.frame_label.setText(self.tr("Frame {frame}").format(frame=frame))

    def _hover(self, frame: int | None) -> None:
        if frame != self._hovered:
            self._hovered = frame
            self._describe()

    def _nearest(self, x: float) -> int:
        return min(max(round(x), self._comparison.first), self._comparison.last)

    def _on_dragged(self, line: Any) -> None:  # noqa: ANN401  # an InfiniteLine
        frame = self._nearest(line.value())
        if frame == self._frame:
            line.setValue(frame)
        else:
            self.frame_requested.emit(frame)

    def _on_clicked(self, plot: Any, event: "MouseClickEvent") -> None:  # noqa: ANN401
        if event.button() == Qt.MouseButton.LeftButton:
            at = plot.getViewBox().mapSceneToView(event.scenePos())
            self.frame_requested.emit(self._nearest(at.x()))

    def _on_moved(self, plot: Any, scene_position: QPointF) -> None:  # noqa: ANN401
        view_box = plot.getViewBox()
        is_inside = view_box.sceneBoundingRect().contains(scene_position)
        x = view_box.mapSceneToView(scene_position).x()
        self._hover(self._nearest(x) if is_inside else None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Forget the frame under the pointer when it leaves a plot."""
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Draw with the new colors."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._restyle()

    def _restyle(self) -> None:
        import pyqtgraph

        colors, make_pen = ChartColors.of(self.palette()), pyqtgraph.mkPen
        for row in self.rows:
            row.plot.setBackground(colors.background)
            for side in ("left", "bottom"):
                row.plot.getAxis(side).setPen(colors.muted)
                row.plot.getAxis(side).setTextPen(colors.muted)
            curve_colors = SIDE_RGB if len(row.items) > 1 else (colors.text,)
            widths = CURVE_PX[-len(row.items) :]
            for item, color, width in zip(row.items, curve_colors, widths, strict=True):
                item.setPen(make_pen(color, width=width))
            row.playhead.setPen(make_pen(colors.playhead, width=1))
            row.playhead.setHoverPen(make_pen(with_alpha(colors.playhead, 160), width=GRAB_PX))
            row.pointer.setPen(make_pen(colors.muted, width=1))


def number(value: float, digits: int = 2) -> str:
    """Return a value for people; a dash if it is NaN."""
    return "-" if np.isnan(value) else f"{value:,.{digits}f}"
