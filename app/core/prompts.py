"""Prompts: the points, the box or the mask that the user gives for an object on a frame."""

from dataclasses import dataclass, replace

from app.core.masks import RleMask


@dataclass(frozen=True, slots=True)
class PointPrompt:
    """A click, in pixels of the video frame (x right, y down)."""

    x: float
    y: float
    is_positive: bool = True


@dataclass(frozen=True, slots=True)
class BoxPrompt:
    """A box, in pixels of the video frame, ``x0 < x1`` and ``y0 < y1``."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if self.x0 >= self.x1 or self.y0 >= self.y1:
            raise ValueError(f"box must have x0 < x1 and y0 < y1, got {self}")


@dataclass(frozen=True, slots=True)
class FramePrompts:
    """All prompts of one object on one frame; a mask overrides points and box."""

    points: tuple[PointPrompt, ...] = ()
    box: BoxPrompt | None = None
    mask: RleMask | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no point, box or mask."""
        return not self.points and self.box is None and self.mask is None

    def with_point(self, point: PointPrompt) -> "FramePrompts":
        """Return these prompts with one more point and without their mask."""
        return replace(self, points=(*self.points, point), mask=None)

    def with_box(self, box: BoxPrompt) -> "FramePrompts":
        """Return these prompts with this box instead of theirs and without their mask."""
        return replace(self, box=box, mask=None)

    def without_point(self, index: int) -> "FramePrompts":
        """Return these prompts less the point at ``index``."""
        return replace(self, points=self.points[:index] + self.points[index + 1 :])
