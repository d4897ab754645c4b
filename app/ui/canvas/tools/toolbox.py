"""The tools of a canvas, by name."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtGui import QColor

from app.core.masks import RleMask
from app.ui.canvas.tools.base import CanvasTool
from app.ui.canvas.tools.box import BoxTool
from app.ui.canvas.tools.brush import BrushTool, EraserTool
from app.ui.canvas.tools.point import PointTool
from app.ui.state.view_state import Tool, ViewState


class ActiveObject(Protocol):
    """What tools ask about the object they work on."""

    @property
    def active_color(self) -> QColor:
        """Its colour."""
        ...

    @property
    def active_mask(self) -> RleMask | None:
        """Its mask on the frame on screen."""
        ...


def make_tools(
    state: ViewState,
    size_hw: tuple[int, int],
    active: ActiveObject,
    point: Callable[[float, float, bool], object],
    box: Callable[[float, float, float, float], object],
    stroke: Callable[[RleMask], object],
) -> dict[Tool, CanvasTool]:
    """Make one of each.

    Args:
        state: brush radius and opacity.
        size_hw: height and width of the picture.
        active: the object they work on.
        point: called with x, y, is_positive.
        box: called with x0, y0, x1, y1.
        stroke: called with the painted mask.
    """

    def mask() -> RleMask:
        return active.active_mask or RleMask.empty(size_hw)

    def color() -> QColor:
        return active.active_color

    return {
        Tool.POINT: PointTool(size_hw, point),
        Tool.BOX: BoxTool(size_hw, box, color),
        Tool.BRUSH: BrushTool(state, mask, stroke, color),
        Tool.ERASER: EraserTool(state, mask, stroke, color),
    }
