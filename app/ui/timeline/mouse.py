"""What the mouse does on the timeline: scrub, move the range, zoom, pan, choose an object."""

from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from app.core.document import TrackedObject
from app.ui.timeline.active_rows import active_lane, memory_marks
from app.ui.timeline.lanes import mark_x
from app.ui.timeline.ruler import range_ends
from app.ui.timeline.scene import GUTTER_PX, LANE_PX

if TYPE_CHECKING:
    from app.ui.timeline.view import TimelineView

GRAB_PX = 7
SNAP_PX = 6
WHEEL_NOTCH = 120
ZOOM_PER_NOTCH = 1.25


class Drag(Enum):
    """What a pressed button is doing."""

    NONE = auto()
    SCRUB = auto()
    PAN = auto()
    RANGE_IN = auto()
    RANGE_OUT = auto()


class TimelineMouse(QObject):
    """The gestures of a `TimelineView`, as the event filter of its viewport.

    Attributes:
        range_draft: the range while a bracket is dragged; None otherwise.
    """

    def __init__(self, view: "TimelineView") -> None:
        super().__init__(view)
        self._view = view
        self._drag = Drag.NONE
        self._pan_x = 0.0
        self.range_draft: tuple[int | None, int | None] | None = None

    @property
    def is_dragging(self) -> bool:
        """Whether a gesture is under way."""
        return self._drag is not Drag.NONE

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the mouse events of the viewport."""
        if isinstance(event, QWheelEvent):
            return self._wheel(event)
        if event.type() == QEvent.Type.Leave:
            self._view.end_hover()
        elif isinstance(event, QMouseEvent):
            if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
                return self._press(event)
            if event.type() == QEvent.Type.MouseMove:
                return self._move(event)
            if event.type() == QEvent.Type.MouseButtonRelease:
                return self._release()
        return False

    def object_at(self, position: QPoint) -> TrackedObject | None:
        """Return the object whose name is at a point of the viewport."""
        scene = self._view.scene
        if not scene.rows.gutter(scene.rows.lanes).contains(position):
            return None
        index = (position.y() - scene.rows.lanes.top() + scene.scroll_px) // LANE_PX
        return scene.objects[index] if index < len(scene.objects) else None

    def _wheel(self, event: QWheelEvent) -> bool:
        dx, dy = event.angleDelta().x(), event.angleDelta().y()
        position = event.position().toPoint()
        if position.x() < GUTTER_PX:
            bar = self._view.verticalScrollBar()
            bar.setValue(bar.value() - round(dy / WHEEL_NOTCH * LANE_PX))
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(dx) > abs(dy):
            self._view.set_axis(self._view.axis.panned(-(dx or dy)))
        else:
            factor = ZOOM_PER_NOTCH ** (dy / WHEEL_NOTCH)
            x = event.position().x() - GUTTER_PX
            self._view.set_axis(self._view.axis.zoomed(factor, x))
        return True

    def _press(self, event: QMouseEvent) -> bool:
        position = event.position().toPoint()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag, self._pan_x = Drag.PAN, event.position().x()
        elif event.button() != Qt.MouseButton.LeftButton:
            return False
        elif (tracked := self.object_at(position)) is not None:
            self._view.object_activated.emit(tracked.object_id)
        elif self._view.scene.rows.with_edges(self._view.scene.rows.tracks).contains(position):
            self._drag = self._bracket_at(position) or Drag.SCRUB
            if self._drag is Drag.SCRUB:
                self._view.frame_requested.emit(self._frame_to_show(position))
        return True

    def _bracket_at(self, position: QPoint) -> Drag | None:
        scene = self._view.scene
        strip = scene.rows.range_strip.adjusted(-GRAB_PX, 0, GRAB_PX, 0)
        if not strip.contains(position):
            return None
        left, right = range_ends(scene, *self._view.frame_range)
        to_left, to_right = abs(position.x() - left), abs(position.x() - right)
        if min(to_left, to_right) > GRAB_PX:
            return None
        return Drag.RANGE_IN if to_left <= to_right else Drag.RANGE_OUT

    def _frame_to_show(self, position: QPoint) -> int:
        """Return the frame at a point, in the memory row that of the mark under it."""
        scene = self._view.scene
        at_pointer = scene.viewport.frame_at(position.x() - GUTTER_PX)
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
        position = event.position().toPoint()
        frame = self._view.axis.frame_at(position.x() - GUTTER_PX)
        match self._drag:
            case Drag.SCRUB:
                self._view.frame_requested.emit(frame)
            case Drag.PAN:
                self._view.set_axis(self._view.axis.panned(self._pan_x - event.position().x()))
                self._pan_x = event.position().x()
            case Drag.RANGE_IN | Drag.RANGE_OUT:
                self._move_bracket(frame)
            case _:
                on_bracket = self._bracket_at(position) is not None
                shape = Qt.CursorShape.SizeHorCursor if on_bracket else Qt.CursorShape.ArrowCursor
                self._view.viewport().setCursor(shape)
        if position.x() >= GUTTER_PX and self._drag is not Drag.PAN:
            self._view.hover(position.x())
        else:
            self._view.end_hover()
        return True

    def _move_bracket(self, frame: int) -> None:
        end = self._view.axis.num_frames - 1
        first, last = self._view.frame_range
        if self._drag is Drag.RANGE_IN:
            first = min(frame, end if last is None else last) or None
        else:
            stop = max(frame, first or 0)
            last = None if stop == end else stop
        self.range_draft = (first, last)
        self._view.viewport().update()

    def _release(self) -> bool:
        draft, self.range_draft, self._drag = self.range_draft, None, Drag.NONE
        if draft is not None and draft != self._view.frame_range:
            self._view.range_requested.emit(*draft)
        self._view.viewport().update()
        return True
