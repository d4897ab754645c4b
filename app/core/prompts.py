"""Prompts: points, box, mask and strokes that a user gives for an object on a frame."""

from dataclasses import dataclass, replace
from hashlib import blake2b

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
class Strokes:
    """The pixels of a frame that a person set and cleared; predictions leave them alone.

    Attributes:
        painted: pixels that are part of the object.
        erased: pixels that are not; disjoint from ``painted``.
        num_points: how many of the frame's points are older than the last stroke.  The strokes
            overrule these; later points overrule the strokes around them.
    """

    painted: RleMask
    erased: RleMask
    num_points: int = 0

    def applied(self, mask: RleMask) -> RleMask:
        """Return a mask with the painted pixels and without the erased ones."""
        return (mask - self.erased) | self.painted


@dataclass(frozen=True, slots=True)
class FramePrompts:
    """All prompts of one object on one frame.

    Attributes:
        points: clicks, oldest first.
        box: the box, if there is one.
        mask: a given mask, which points and box refine.
        strokes: what was painted and erased by hand.
    """

    points: tuple[PointPrompt, ...] = ()
    box: BoxPrompt | None = None
    mask: RleMask | None = None
    strokes: Strokes | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no point, box, mask or stroke."""
        return not self.points and self.box is None and not self.is_drawn

    @property
    def can_predict(self) -> bool:
        """Whether there is a point in force or a box, from which a model predicts a mask."""
        return bool(self.points_in_force) or self.box is not None

    @property
    def is_drawn(self) -> bool:
        """Whether a person gave the mask or painted on it."""
        return self.mask is not None or self.strokes is not None

    @property
    def digest(self) -> str:
        """A short text that differs between different prompts, in this session and later ones."""
        digest = blake2b(digest_size=8)
        clicks = [(float(p.x), float(p.y), p.is_positive) for p in self.points]
        box = self.box and [float(v) for v in (self.box.x0, self.box.y0, self.box.x1, self.box.y1)]
        digest.update(repr((clicks, box)).encode())
        if (mask := self.drawn_mask) is not None:
            digest.update(repr(mask.size_hw).encode() + mask.to_bytes())
        return digest.hexdigest()

    @property
    def drawn_mask(self) -> RleMask | None:
        """The given mask with the strokes; None without either."""
        if self.strokes is None:
            return self.mask
        return self.strokes.applied(self.mask or RleMask.empty(self.strokes.painted.size_hw))

    @property
    def points_in_force(self) -> tuple[PointPrompt, ...]:
        """The points that no later stroke contradicts."""
        strokes = self.strokes
        if strokes is None:
            return self.points
        older = (
            point
            for point in self.points[: strokes.num_points]
            if not (strokes.erased if point.is_positive else strokes.painted).covers(
                point.x, point.y
            )
        )
        return (*older, *self.points[strokes.num_points :])

    def with_point(self, point: PointPrompt) -> "FramePrompts":
        """Return these prompts with one more point."""
        return replace(self, points=(*self.points, point))

    def with_box(self, box: BoxPrompt | None) -> "FramePrompts":
        """Return these prompts with this box instead of theirs, or without one."""
        return replace(self, box=box)

    def with_strokes(self, painted: RleMask, erased: RleMask) -> "FramePrompts":
        """Return these prompts with these strokes instead of theirs, newer than all points."""
        return replace(self, strokes=Strokes(painted, erased, len(self.points)))

    def without_point(self, index: int) -> "FramePrompts":
        """Return these prompts less the point at ``index``."""
        strokes = self.strokes
        if strokes is not None and index < strokes.num_points:
            strokes = replace(strokes, num_points=strokes.num_points - 1)
        points = self.points[:index] + self.points[index + 1 :]
        return replace(self, points=points, strokes=strokes)

    def with_moved_point(self, index: int, x: float, y: float) -> "FramePrompts":
        """Return these prompts with the point at ``index`` elsewhere.

        A point that is older than the strokes becomes the newest one, and overrules them.
        """
        moved = replace(self.points[index], x=x, y=y)
        if self.strokes is not None and index < self.strokes.num_points:
            return self.without_point(index).with_point(moved)
        return replace(self, points=(*self.points[:index], moved, *self.points[index + 1 :]))
