"""Interface state that widgets share and that is not part of the document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal

from app.core.document import FrameMask, ObjectFrame

T = TypeVar("T")

MAX_BRUSH_RADIUS_PX = 500
BRUSH_STEP = 1.25
OPACITY_STEP = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class EarlierMasks:
    """Masks that are displayed instead of the document's; None where there was none."""

    rows: Mapping[ObjectFrame, FrameMask | None]


class Tool(StrEnum):
    """What a drag or click on the canvas does."""

    POINT = "point"
    BOX = "box"
    BRUSH = "brush"
    ERASER = "eraser"
    POLYGON = "polygon"
    LASSO = "lasso"


class _ObservedValue(Generic[T]):
    """One attribute of a `ViewState`: clamps assigned values and notifies of real changes only.

    Args:
        initial: its value at first.
        notify: called with the new value after a change.
        clamp: returns the nearest value that is allowed.
        prepare: called before a change, while the old value is in force.
    """

    def __init__(
        self,
        initial: T,
        notify: Callable[["ViewState", T], None],
        clamp: Callable[["ViewState", T], T] = lambda _state, value: value,
        prepare: Callable[["ViewState"], None] = lambda _state: None,
    ) -> None:
        self._initial = initial
        self._notify = notify
        self._clamp = clamp
        self._prepare = prepare

    def __set_name__(self, owner: type, name: str) -> None:
        self._slot = f"_{name}"

    def __get__(self, state: "ViewState", owner: type) -> T:
        value: T = state.__dict__.get(self._slot, self._initial)
        return value

    def __set__(self, state: "ViewState", value: T) -> None:
        value = self._clamp(state, value)
        if value != state.__dict__.get(self._slot, self._initial):
            self._prepare(state)
            state.__dict__[self._slot] = value
            self._notify(state, value)


def _leave(state: "ViewState") -> None:
    state.leaving.emit()


def _overlay_changed(state: "ViewState", _value: object) -> None:
    state.overlay_changed.emit()


class ViewState(QObject):
    """The displayed frame, the active object and tool, and how masks are drawn.

    Assign to an attribute to change it; values outside their range are clamped.  Lives on the
    GUI thread.

    Attributes:
        frame: index of the displayed frame, in [0, ``num_frames``).
        active_object: id of the object that receives prompts and strokes; None if there is none.
        tool: the selected canvas tool.
        overlay_opacity: opacity of mask fills, in [0, 1].
        show_outlines: whether masks are drawn as outlines instead of fills.
        show_masks: whether masks are drawn at all.
        show_patterns: whether mask fills are hatched, so that objects differ not by color alone.
        brush_radius: radius of brush and eraser in image pixels, from 1 to
            `MAX_BRUSH_RADIUS_PX`.
        selected_point: index of the selected point of the active object on this frame, or None.
        solo_object: id of the object that is drawn alone, but for the active one; None to draw all
            visible ones.
        show_memory_map: whether the canvas shows where the active object's memory holds tokens.
        earlier_masks: masks from before a tracking run, displayed to compare; usually None.
        inspected_bank: frame whose memory bank is displayed while others of its frames are; None
            to display the bank after the displayed frame.

    Signals:
        leaving: ``frame``, ``active_object`` or ``tool`` is about to change.
        frame_changed: frame index.
        active_object_changed: object id or None.
        tool_changed: `Tool`.
        overlay_changed: any of the other attributes changed.
    """

    leaving = Signal()
    frame_changed = Signal(int)
    active_object_changed = Signal(object)
    tool_changed = Signal(object)
    overlay_changed = Signal()

    num_frames: int

    frame = _ObservedValue[int](
        0,
        lambda state, value: state.frame_changed.emit(value),
        lambda state, value: max(0, min(value, state.num_frames - 1)),
        _leave,
    )
    active_object = _ObservedValue[int | None](
        None, lambda state, value: state.active_object_changed.emit(value), prepare=_leave
    )
    tool = _ObservedValue[Tool](
        Tool.POINT, lambda state, value: state.tool_changed.emit(value), prepare=_leave
    )
    overlay_opacity = _ObservedValue[float](
        0.5, _overlay_changed, lambda _state, value: max(0.0, min(value, 1.0))
    )
    show_outlines = _ObservedValue[bool](False, _overlay_changed)
    show_masks = _ObservedValue[bool](True, _overlay_changed)
    show_patterns = _ObservedValue[bool](False, _overlay_changed)
    brush_radius = _ObservedValue[int](
        12, _overlay_changed, lambda _state, value: max(1, min(value, MAX_BRUSH_RADIUS_PX))
    )
    selected_point = _ObservedValue[int | None](None, _overlay_changed)
    solo_object = _ObservedValue[int | None](None, _overlay_changed)
    show_memory_map = _ObservedValue[bool](False, _overlay_changed)
    earlier_masks = _ObservedValue[EarlierMasks | None](None, _overlay_changed)
    inspected_bank = _ObservedValue[int | None](None, _overlay_changed)

    @property
    def bank_frame(self) -> int:
        """The frame after which the memory bank is displayed."""
        return self.frame if self.inspected_bank is None else self.inspected_bank

    def __init__(self, num_frames: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.num_frames = num_frames

    def shows_earlier(self, object_id: int, frame: int) -> bool:
        """Return whether an earlier mask of an object is displayed on a frame."""
        return self.earlier_masks is not None and (object_id, frame) in self.earlier_masks.rows

    def activate(self, object_id: int) -> None:
        """Make an object the active one."""
        self.active_object = object_id

    def select_tool(self, tool: Tool) -> None:
        """Select a canvas tool."""
        self.tool = tool

    def select_point(self, index: int) -> None:
        """Select a point of the active object on the displayed frame."""
        self.selected_point = index

    def toggle_masks(self) -> None:
        """Show or hide all masks."""
        self.show_masks = not self.show_masks

    def toggle_outlines(self) -> None:
        """Toggle between filled masks and outlines."""
        self.show_outlines = not self.show_outlines

    def toggle_solo(self) -> None:
        """Show the active object alone, or all objects again."""
        is_on = self.solo_object == self.active_object
        self.solo_object = None if is_on else self.active_object

    def change_opacity(self, sign: int) -> None:
        """Change the opacity of mask fills by one step up (1) or down (-1)."""
        self.overlay_opacity += sign * OPACITY_STEP

    def change_brush(self, sign: int) -> None:
        """Change the brush radius by one step up (1) or down (-1)."""
        radius = self.brush_radius
        larger = max(radius + 1, round(radius * BRUSH_STEP))
        self.brush_radius = larger if sign > 0 else min(radius - 1, round(radius / BRUSH_STEP))
