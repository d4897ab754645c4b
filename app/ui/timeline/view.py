"""The timeline widget: displays the document per frame and turns mouse input into requests."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QHBoxLayout, QToolButton, QWidget

from app.core.document import TrackedObject
from app.session import Session
from app.ui.jobs.frame_loader import FrameLoader
from app.ui.state.document_bridge import ChangedRows, DocumentBridge
from app.ui.state.review_state import ReviewState
from app.ui.state.view_state import ViewState
from app.ui.style.colors import ChartColors
from app.ui.timeline.active_rows import paint_bank, paint_memory, paint_quality
from app.ui.timeline.hover import HoverPopup
from app.ui.timeline.lanes import Lanes
from app.ui.timeline.legend import LegendPopup
from app.ui.timeline.model import TimelineModel
from app.ui.timeline.mouse import TimelineMouse
from app.ui.timeline.ruler import paint_playhead, paint_range, paint_ruler
from app.ui.timeline.scene import (
    EDGE_PX,
    GUTTER_PX,
    LANE_PX,
    RULER_PX,
    Rows,
    TimelineScene,
    timecode,
)
from app.ui.timeline.scores import CurveMenu, described, paint_curves, paint_thresholds
from app.ui.timeline.time_axis import TimeAxis
from app.ui.translation import translate

ZOOM_STEP = 1.25
MIN_HEIGHT_PX = 180


class ZoomButtons(QWidget):
    """Buttons to zoom out, zoom in, fit and explain, above the object names.

    Args:
        parent: the viewport of the timeline; the buttons are in its top left corner.

    Signals:
        out_clicked, in_clicked, fit_clicked, legend_clicked: a button was clicked.
    """

    out_clicked = Signal()
    in_clicked = Signal()
    fit_clicked = Signal()
    legend_clicked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setGeometry(0, 0, GUTTER_PX - EDGE_PX, RULER_PX)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 4, 2, 4)
        layout.setSpacing(0)
        for text, tip, clicked in (
            ("\N{MINUS SIGN}", self.tr("Zoom the timeline out"), self.out_clicked),
            ("+", self.tr("Zoom the timeline in"), self.in_clicked),
            (self.tr("Fit"), self.tr("Show the whole video"), self.fit_clicked),
            ("?", self.tr("Legend: what the marks and bars mean"), self.legend_clicked),
        ):
            button = QToolButton(self)
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(clicked)
            layout.addWidget(button)
        layout.addStretch()


class TimelineView(QAbstractScrollArea):
    """Displays masks, prompts, quality and memory decisions of every object per frame.

    What depends on the document and the zoom is cached in a pixmap, and each lane in an image of
    its own; a new current frame only repaints the playhead over it.  Lives on the GUI thread.

    Args:
        session: the session to display.
        bridge: signals changes of the document.
        view_state: current frame and active object.
        frame_loader: loads the thumbnails of the hover popup.
        review: the frames that are suggested for review.
        parent: owner.

    Attributes:
        curves: the choice of score curves.

    Signals:
        frame_requested: frame to go to.
        range_requested: in and out frame; None for an open end.
        object_activated: id of the object whose name was clicked.
    """

    frame_requested = Signal(int)
    range_requested = Signal(object, object)
    object_activated = Signal(int)

    def __init__(
        self,
        session: Session,
        bridge: DocumentBridge,
        view_state: ViewState,
        frame_loader: FrameLoader,
        review: ReviewState,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._review = review
        self._state = view_state
        self._model = TimelineModel(session.document, session.num_frames)
        self._axis = TimeAxis(session.num_frames, 1)
        self._layer: QPixmap | None = None
        self._lanes = Lanes()
        self._scene: TimelineScene | None = None
        self._is_laying_out = False
        self._hover = HoverPopup(frame_loader, self)
        self.curves = CurveMenu(self.viewport())
        self.curves.changed.connect(self._invalidate)
        self.legend = LegendPopup(self)
        self._mouse = TimelineMouse(
            self.viewport(), lambda: self.scene, lambda: session.document.frame_range
        )
        self._set_up_widget()
        self._connect(bridge)

    def _set_up_widget(self) -> None:
        self.setAccessibleName(self.tr("Timeline"))
        description = self.tr(
            "Masks, prompts, quality and memory of every object in each frame of the video"
        )
        self.setAccessibleDescription(description)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(MIN_HEIGHT_PX)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.viewport().setMouseTracking(True)
        self.viewport().installEventFilter(self._mouse)
        buttons = ZoomButtons(self.viewport())
        buttons.out_clicked.connect(self.zoom_out)
        buttons.in_clicked.connect(self.zoom_in)
        buttons.fit_clicked.connect(self.fit)
        buttons.legend_clicked.connect(
            lambda: self.legend.open_above(self.viewport().mapToGlobal(QPoint(0, 0)))
        )

    def _connect(self, bridge: DocumentBridge) -> None:
        bridge.changed.connect(self._on_document_changed)
        self._review.changed.connect(self._invalidate)
        self.horizontalScrollBar().valueChanged.connect(self._on_scrolled_to)
        self.verticalScrollBar().valueChanged.connect(self._on_lanes_scrolled_to)
        self._connect_mouse()
        self._state.frame_changed.connect(self._on_frame_changed)
        self._state.active_object_changed.connect(self._on_active_object_changed)

    def _connect_mouse(self) -> None:
        mouse = self._mouse
        mouse.frame_requested.connect(self.frame_requested)
        mouse.range_requested.connect(self.range_requested)
        mouse.object_activated.connect(self.object_activated)
        mouse.axis_requested.connect(self.set_axis)
        mouse.lanes_scrolled.connect(self._on_lanes_scrolled)
        mouse.hovered.connect(self._on_hovered)
        mouse.hover_ended.connect(self._hover.leave)

    # Visible part

    @property
    def axis(self) -> TimeAxis:
        """The visible part of the video."""
        return self._axis

    def set_axis(self, axis: TimeAxis) -> None:
        """Show another part of the video."""
        if axis != self._axis:
            self._axis = axis
            self._invalidate()

    def fit(self) -> None:
        """Show the whole video."""
        self.set_axis(TimeAxis(self._axis.num_frames, self._axis.width_px))

    def zoom_in(self) -> None:
        """Zoom in around the current frame."""
        self._zoom_at_playhead(ZOOM_STEP**2)

    def zoom_out(self) -> None:
        """Zoom out around the current frame."""
        self._zoom_at_playhead(ZOOM_STEP**-2)

    def _zoom_at_playhead(self, factor: float) -> None:
        x = self._axis.x_of(self._state.frame + 0.5)
        anchor = x if 0 <= x <= self._axis.width_px else self._axis.width_px / 2
        self.set_axis(self._axis.zoomed(factor, anchor))

    @property
    def scene(self) -> TimelineScene:
        """The layout that is painted; rebuilt after every change."""
        if self._scene is None:
            objects = self._session.document.objects
            rows = Rows.arranged(self.viewport().width(), self.viewport().height(), len(objects))
            self._scene = TimelineScene(
                model=self._model,
                axis=self._axis,
                rows=rows,
                colors=ChartColors.of(self.palette()),
                objects=objects,
                active=self._session.document.find(self._state.active_object),
                scroll_px=self.verticalScrollBar().value(),
                seconds_of=self._session.source.timestamp_s,
                suggested_runs=self._review.runs_of,
            )
        return self._scene

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cached layer, then range, bank and playhead."""
        if self._layer is None:
            self._layer = self._painted_layer()
        scene, state = self.scene, self._state
        first, last = self._mouse.range_draft or self._session.document.frame_range
        painter = QPainter(self.viewport())
        painter.drawPixmap(0, 0, self._layer)
        paint_range(painter, scene, first, last)
        if scene.active is not None:
            record = self._session.document.memory(scene.active.object_id, state.frame)
            paint_bank(painter, scene, () if record is None else record.bank)
            paint_thresholds(painter, scene, record, self.curves.shown)
        paint_playhead(painter, scene, state.frame)
        painter.end()

    def _painted_layer(self) -> QPixmap:
        ratio, scene = self.devicePixelRatioF(), self.scene
        layer = QPixmap(self.viewport().size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(scene.colors.background)
        painter = QPainter(layer)
        painter.setFont(self.font())
        painter.fillRect(QRect(0, 0, GUTTER_PX - EDGE_PX, layer.height()), scene.colors.panel)
        for paint in (paint_ruler, self._lanes.paint, self._paint_scores, paint_memory):
            paint(painter, scene)
        painter.end()
        return layer

    def _paint_scores(self, painter: QPainter, scene: TimelineScene) -> None:
        shown = self.curves.shown
        paint_quality(painter, scene, is_shown="quality" in shown)
        if scene.active is not None:
            paint_curves(painter, scene, scene.model.scores(scene.active.object_id), shown)

    def _place_curve_menu(self) -> None:
        """Keep the button in the middle of its row, of which it is the title."""
        gutter = self.scene.rows.gutter(self.scene.rows.quality)
        size = self.curves.sizeHint()
        top = gutter.top() + (gutter.height() - size.height()) // 2
        self.curves.setGeometry(QRect(QPoint(gutter.left() + 2, top), size))

    def _invalidate(self) -> None:
        self._layer = self._scene = None
        self._place_curve_menu()
        self._update_scroll_bars()
        self.viewport().update()

    def _update_scroll_bars(self) -> None:
        scene, self._is_laying_out = self.scene, True
        axis, rows = scene.axis, scene.rows
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        content = axis.num_frames * axis.px_per_frame
        for bar, least_px, page_px, value in (
            (across, content, axis.width_px, axis.first * axis.px_per_frame),
            (down, rows.lanes_px, rows.lanes.height(), down.value()),
        ):
            bar.setPageStep(page_px)
            bar.setSingleStep(LANE_PX)
            bar.setRange(0, max(0, round(least_px - page_px)))
            bar.setValue(round(value))
        self._is_laying_out = False

    # Qt events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the scale, or the whole video visible, and the active lane."""
        self._axis = self._axis.resized(Rows.arranged(self.viewport().width(), 0, 0).ruler.width())
        self._show_active_lane()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Do nothing: everything is repainted from the values of the scroll bars."""

    def changeEvent(self, event: QEvent) -> None:
        """Repaint with the new colors or font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._invalidate()

    def viewportEvent(self, event: QEvent) -> bool:
        """Set the tooltip to the full name of the object under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            tracked = self._mouse.object_at(event.pos())
            self.viewport().setToolTip("" if tracked is None else _described(tracked))
        return super().viewportEvent(event)

    # Changes of document and view state

    def _on_document_changed(self, rows: ChangedRows) -> None:
        self._model.on_document_changed(rows)
        self._invalidate()

    def _on_scrolled_to(self, left_px: int) -> None:
        if not self._is_laying_out:  # rounding to pixels must not move the axis
            self.set_axis(replace(self._axis, first=left_px / self._axis.px_per_frame))

    def _on_lanes_scrolled_to(self, _top_px: int) -> None:
        self._layer = self._scene = None
        self.viewport().update()

    def _on_frame_changed(self, frame: int) -> None:
        if not self._mouse.is_dragging:
            self.set_axis(self._axis.showing(frame))
        self.viewport().update()

    def _on_active_object_changed(self, _object_id: int | None) -> None:
        self._show_active_lane()

    def _show_active_lane(self) -> None:
        self._invalidate()
        scene, bar = self.scene, self.verticalScrollBar()
        if scene.active is not None:
            top = scene.objects.index(scene.active) * LANE_PX
            least = top + LANE_PX - scene.rows.lanes.height()
            bar.setValue(min(max(bar.value(), least), top))

    def _on_lanes_scrolled(self, by_px: int) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + by_px)

    def _on_hovered(self, x: int) -> None:
        frame = self._axis.frame_at(x - GUTTER_PX)
        time = timecode(self._session.source.timestamp_s(frame))
        above = self.viewport().mapToGlobal(self.viewport().rect().topLeft())
        above.setX(above.x() + x)
        active = self._state.active_object
        scores = "" if active is None else described(self._model.scores(active), frame)
        text = self.tr("Frame {frame}  ·  {time}").format(frame=frame, time=time)
        self._hover.show_frame(frame, f"{text}\n{scores}".rstrip(), above)


def _described(tracked: TrackedObject) -> str:
    if tracked.is_locked:
        text = translate(
            "TimelineView", "{name} ({category}, locked): click to make it the active object"
        )
    else:
        text = translate("TimelineView", "{name} ({category}): click to make it the active object")
    return text.format(name=tracked.name, category=tracked.category)
