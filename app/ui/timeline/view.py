"""The timeline widget: shows the document along its frames, turns the mouse into requests."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.core.document import TrackedObject
from app.session import Session
from app.ui.jobs.frame_loader import FrameLoader
from app.ui.state.document_bridge import ChangedRows, DocumentBridge
from app.ui.state.view_state import ViewState
from app.ui.style.colors import ChartColors
from app.ui.timeline.active_rows import paint_bank, paint_legend, paint_memory, paint_quality
from app.ui.timeline.hover import HoverPopup
from app.ui.timeline.lanes import paint_lanes
from app.ui.timeline.model import TimelineModel
from app.ui.timeline.mouse import TimelineMouse
from app.ui.timeline.ruler import paint_play_head, paint_range, paint_ruler
from app.ui.timeline.scene import EDGE_PX, GUTTER_PX, LANE_PX, Rows, TimelineScene, timecode
from app.ui.timeline.time_axis import TimeAxis
from app.ui.timeline.zoom_buttons import ZoomButtons

ZOOM_STEP = 1.25
MIN_HEIGHT_PX = 190


class TimelineView(QAbstractScrollArea):
    """The film along its frames.

    All that depends on the document and the zoom is painted once into a picture; a new current
    frame only adds the play head to it.  Lives on the GUI thread.

    Args:
        session: what is shown.
        bridge: tells of changes of the document.
        view_state: current frame and active object.
        frame_loader: pictures for the hover window.
        parent: owner.

    Signals:
        frame_requested: frame to go to.
        range_requested: in and out frame, None where open.
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
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._state = view_state
        self._model = TimelineModel(session.document, session.num_frames)
        self._axis = TimeAxis(session.num_frames, 1)
        self._layer: QPixmap | None = None
        self._scene: TimelineScene | None = None
        self._hover = HoverPopup(frame_loader, self)
        self._mouse = TimelineMouse(self)
        self._set_up_widget()
        self._connect(bridge)

    def _set_up_widget(self) -> None:
        self.setAccessibleName("Timeline")
        self.setAccessibleDescription(
            "Frames of the film with the masks, prompts, quality and memory of every object"
        )
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

    def _connect(self, bridge: DocumentBridge) -> None:
        bridge.changed.connect(self._on_document_changed)
        self.horizontalScrollBar().valueChanged.connect(self._on_scrolled_to)
        self.verticalScrollBar().valueChanged.connect(self._invalidate)
        self._state.frame_changed.connect(self._on_frame_changed)
        self._state.active_object_changed.connect(self._on_active_object_changed)

    # What is in view

    @property
    def axis(self) -> TimeAxis:
        """The part of the film in view."""
        return self._axis

    def set_axis(self, axis: TimeAxis) -> None:
        """Show this part of the film."""
        if axis != self._axis:
            self._axis = axis
            self._invalidate()

    def fit(self) -> None:
        """Show the whole film."""
        self.set_axis(TimeAxis(self._axis.num_frames, self._axis.width_px))

    def zoom_in(self) -> None:
        """Show fewer frames around the current one."""
        self._zoom_at_play_head(ZOOM_STEP**2)

    def zoom_out(self) -> None:
        """Show more frames around the current one."""
        self._zoom_at_play_head(ZOOM_STEP**-2)

    def _zoom_at_play_head(self, factor: float) -> None:
        x = self._axis.x_of(self._state.frame + 0.5)
        anchor = x if 0 <= x <= self._axis.width_px else self._axis.width_px / 2
        self.set_axis(self._axis.zoomed(factor, anchor))

    @property
    def frame_range(self) -> tuple[int | None, int | None]:
        """In and out frame of the document, None where open."""
        return self._session.document.frame_range

    @property
    def scene(self) -> TimelineScene:
        """What is painted, made anew after every change."""
        if self._scene is None:
            objects = self._session.document.objects
            rows = Rows.arranged(self.viewport().width(), self.viewport().height(), len(objects))
            self._scene = TimelineScene(
                model=self._model,
                viewport=self._axis,
                rows=rows,
                colors=ChartColors.of(self.palette()),
                objects=objects,
                active=self._session.document.find(self._state.active_object),
                scroll_px=self.verticalScrollBar().value(),
                seconds_of=self._session.source.timestamp_s,
            )
        return self._scene

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the layer and, over it, what moves with the current frame."""
        if self._layer is None:
            self._layer = self._painted_layer()
        scene, state = self.scene, self._state
        first, last = self._mouse.range_draft or self.frame_range
        painter = QPainter(self.viewport())
        painter.drawPixmap(0, 0, self._layer)
        paint_range(painter, scene, first, last)
        if scene.active is not None:
            record = self._session.document.memory(scene.active.object_id, state.frame)
            paint_bank(painter, scene, () if record is None else record.bank)
        paint_play_head(painter, scene, state.frame)
        painter.end()

    def _painted_layer(self) -> QPixmap:
        ratio, scene = self.devicePixelRatioF(), self.scene
        layer = QPixmap(self.viewport().size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(scene.colors.background)
        painter = QPainter(layer)
        painter.setFont(self.font())
        painter.fillRect(QRect(0, 0, GUTTER_PX - EDGE_PX, layer.height()), scene.colors.panel)
        for paint in (paint_ruler, paint_lanes, paint_quality, paint_memory, paint_legend):
            paint(painter, scene)
        painter.end()
        return layer

    def _invalidate(self) -> None:
        self._layer = self._scene = None
        self._update_scroll_bars()
        self.viewport().update()

    def _update_scroll_bars(self) -> None:
        axis, rows = self._axis, self.scene.rows
        for bar, content, page, value in (
            (
                self.horizontalScrollBar(),
                axis.num_frames * axis.px_per_frame,
                axis.width_px,
                axis.first * axis.px_per_frame,
            ),
            (
                self.verticalScrollBar(),
                rows.lanes_px,
                rows.lanes.height(),
                self.verticalScrollBar().value(),
            ),
        ):
            bar.blockSignals(True)
            bar.setRange(0, max(0, round(content - page)))
            bar.setPageStep(page)
            bar.setSingleStep(LANE_PX)
            bar.setValue(round(value))
            bar.blockSignals(False)

    # Qt events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the scale, or the whole film, in view."""
        self._axis = self._axis.resized(Rows.arranged(self.viewport().width(), 0, 0).ruler.width())
        self._invalidate()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move no pixels: the scroll bars' values say what to paint."""

    def changeEvent(self, event: QEvent) -> None:
        """Paint with the new colours or font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._invalidate()

    def viewportEvent(self, event: QEvent) -> bool:
        """Say the whole name of an object under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            tracked = self._mouse.object_at(event.pos())
            self.viewport().setToolTip("" if tracked is None else _described(tracked))
        return super().viewportEvent(event)

    # The document and the state

    def _on_document_changed(self, rows: ChangedRows) -> None:
        self._model.on_document_changed(rows)
        self._invalidate()

    def _on_scrolled_to(self, left_px: int) -> None:
        self.set_axis(replace(self._axis, first=left_px / self._axis.px_per_frame))

    def _on_frame_changed(self, frame: int) -> None:
        if not self._mouse.is_dragging:
            self.set_axis(self._axis.showing(frame))
        self.viewport().update()

    def _on_active_object_changed(self, _object_id: int | None) -> None:
        self._invalidate()
        scene, bar = self.scene, self.verticalScrollBar()
        if scene.active is not None:
            top = scene.objects.index(scene.active) * LANE_PX
            least = top + LANE_PX - scene.rows.lanes.height()
            bar.setValue(min(max(bar.value(), least), top))

    # The hover window

    def hover(self, x: int) -> None:
        """Show the frame under a pixel of the viewport."""
        frame = self._axis.frame_at(x - GUTTER_PX)
        time = timecode(self._session.source.timestamp_s(frame))
        above = self.viewport().mapToGlobal(self.viewport().rect().topLeft())
        above.setX(above.x() + x)
        self._hover.show_frame(frame, f"Frame {frame}  ·  {time}", above)

    def end_hover(self) -> None:
        """Take the hover window away."""
        self._hover.leave()


def _described(tracked: TrackedObject) -> str:
    locked = ", locked" if tracked.is_locked else ""
    return f"{tracked.name} ({tracked.category}{locked}): click to make it the active object"
