"""Mouse input of the timeline: scrub, move the range, zoom, pan, activate an object."""

from collections.abc import Callable
from enum import Enum, auto

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.core.document import TrackedObject
from app.ui.timeline.active_rows import active_lane, memory_marks
from app.ui.timeline.lanes import mark_x
from app.ui.timeline.ruler import range_ends
from app.ui.timeline.scene import GUTTER_PX, LANE_PX, TimelineScene

GRAB_PX = 7
SNAP_PX = 6
WHEEL_NOTCH = 120
ZOOM_PER_NOTCH = 1.25


class Drag(Enum):
    """The gesture of the pressed mouse button."""

    NONE = auto()
    SCRUB = auto()
    PAN = auto()
    RANGE_IN = auto()
    RANGE_OUT = auto()


class TimelineMouse(QObject):
    """Turns the mouse events of the timeline's viewport into signals, as its event filter.

    Args:
        viewport: the widget whose events are handled; owner.
        scene: returns the current layout.
        frame_range: returns the in and out frame of the document.

    Attributes:
        range_draft: the in/out range while a bracket is dragged; None otherwise.

    Signals:
        frame_requested: frame to go to.
        range_requested: in and out frame; None for an open end.
        object_activated: id of the object whose name was clicked.
        axis_requested: the `TimeAxis` after a zoom or pan.
        lanes_scrolled: pixels to scroll the lanes by, positive downwards.
        hovered: x of the pointer over the tracks, in pixels of the viewport.
        hover_ended: the pointer left the tracks.
    """

    frame_requested = Signal(int)
    range_requested = Signal(object, object)
    object_activated = Signal(int)
    axis_requested = Signal(object)
    lanes_scrolled = Signal(int)
    hovered = Signal(int)
    hover_ended = Signal()

    def __init__(
        self,
        viewport: QWidget,
        scene: Callable[[], TimelineScene],
        frame_range: Callable[[], tuple[int | None, int | None]],
    ) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self._scene = scene
        self._frame_range = frame_range
        self._drag = Drag.NONE
        self._pan_x = 0.0
        self.range_draft: tuple[int | None, int | None] | None = None

    @property
    def is_dragging(self) -> bool:
        """Whether a gesture is in progress."""
        return self._drag is not Drag.NONE

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle the mouse events of the viewport."""
        if isinstance(event, QWheelEvent):
            return self._wheel(event)
        if event.type() == QEvent.Type.Leave:
            self.hover_ended.emit()
        elif isinstance(event, QMouseEvent):
            if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
                return self._press(event)
            if event.type() == QEvent.Type.MouseMove:
                return self._move(event)
            if event.type() == QEvent.Type.MouseButtonRelease:
                return self._release()
        return False

    def object_at(self, position: QPoint) -> TrackedObject | None:
        """Return the object whose name is at a position of the viewport."""
        scene = self._scene()
        if not scene.rows.gutter(scene.rows.lanes).contains(position):
            return None
        index = (position.y() - scene.rows.lanes.top() + scene.scroll_px) // LANE_PX
        return scene.objects[index] if index < len(scene.objects) else None

    def _wheel(self, event: QWheelEvent) -> bool:
        axis = self._scene().axis
        dx, dy = event.angleDelta().x(), event.angleDelta().y()
        position = event.position().toPoint()
        if position.x() < GUTTER_PX:
            self.lanes_scrolled.emit(-round(dy / WHEEL_NOTCH * LANE_PX))
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(dx) > abs(dy):
            self.axis_requested.emit(axis.panned(-(dx or dy)))
        else:
            factor = ZOOM_PER_NOTCH ** (dy / WHEEL_NOTCH)
            x = event.position().x() - GUTTER_PX
            self.axis_requested.emit(axis.zoomed(factor, x))
        return True

    def _press(self, event: QMouseEvent) -> bool:
        position = event.position().toPoint()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag, self._pan_x = Drag.PAN, event.position().x()
        elif event.button() != Qt.MouseButton.LeftButton:
            return False
        elif (tracked := self.object_at(position)) is not None:
            self.object_activated.emit(tracked.object_id)
        elif self._scene().rows.with_edges(self._scene().rows.tracks).contains(position):
            self._drag = self._bracket_at(position) or Drag.SCRUB
            if self._drag is Drag.SCRUB:
                self.frame_requested.emit(self._frame_at(position))
        return True

    def _bracket_at(self, position: QPoint) -> Drag | None:
        scene = self._scene()
        strip = scene.rows.range_strip.adjusted(-GRAB_PX, 0, GRAB_PX, 0)
        if not strip.contains(position):
            return None
        left, right = range_ends(scene, *self._frame_range())
        to_left, to_right = abs(position.x() - left), abs(position.x() - right)
        if min(to_left, to_right) > GRAB_PX:
            return None
        return Drag.RANGE_IN if to_left <= to_right else Drag.RANGE_OUT

    def _frame_at(self, position: QPoint) -> int:
        """Return the frame at a position; in the memory row, the frame of the mark near it."""
        scene = self._scene()
        at_pointer = scene.axis.frame_at(position.x() - GUTTER_PX)
        lane = active_lane(scene)
        if lane is None or not scene.rows.memory.contains(position):
            return at_pointer
        near = min(
            memory_marks(scene),
            key=lambda found: abs(mark_x(scene, found[0]) - position.x()),
            default=None,
        )
        if near is None or abs(mark_x(scene, near[0]) - position.x()) > SNAP_PX:
            return at_pointer
        start, end = int(scene.columns.starts[near[0]]), int(scene.columns.ends[near[0]])
        return start + int(np.argmax(lane.marks[start:end] == near[1]))

    def _move(self, event: QMouseEvent) -> bool:
        position, axis = event.position().toPoint(), self._scene().axis
        frame = axis.frame_at(position.x() - GUTTER_PX)
        match self._drag:
            case Drag.SCRUB:
                self.frame_requested.emit(frame)
            case Drag.PAN:
                self.axis_requested.emit(axis.panned(self._pan_x - event.position().x()))
                self._pan_x = event.position().x()
            case Drag.RANGE_IN | Drag.RANGE_OUT:
                self._move_bracket(frame)
            case _:
                on_bracket = self._bracket_at(position) is not None
                shape = Qt.CursorShape.SizeHorCursor if on_bracket else Qt.CursorShape.ArrowCursor
                self._viewport.setCursor(shape)
        if position.x() >= GUTTER_PX and self._drag is not Drag.PAN:
            self.hovered.emit(position.x())
        else:
            self.hover_ended.emit()
        return True

    def _move_bracket(self, frame: int) -> None:
        end = self._scene().axis.num_frames - 1
        first, last = self._frame_range()
        if self._drag is Drag.RANGE_IN:
            first = min(frame, end if last is None else last) or None
        else:
            stop = max(frame, first or 0)
            last = None if stop == end else stop
        self.range_draft = (first, last)
        self._viewport.update()

    def _release(self) -> bool:
        draft, self.range_draft, self._drag = self.range_draft, None, Drag.NONE
        if draft is not None and draft != self._frame_range():
            self.range_requested.emit(*draft)
        self._viewport.update()
        return True
