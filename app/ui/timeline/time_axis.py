"""The mapping between frames and pixels: time axis, pixel columns, ticks; Qt-free."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Position = TypeVar("Position", float, NDArray[Any])

MAX_PX_PER_FRAME = 48.0
"""Largest zoom in pixels per frame, unless a shorter video has to fill the width."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The frames ``starts[c]:ends[c]`` that pixel column ``c`` shows, at least one each."""

    starts: NDArray[np.intp]
    ends: NDArray[np.intp]

    def reduce(self, ufunc: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        """Reduce per-frame values to one value per pixel column.

        Args:
            ufunc: the reduction, such as ``np.bitwise_or``.
            values: one per frame and one padding element.
        """
        bounds = np.stack([self.starts, self.ends], axis=1).ravel()
        reduced: NDArray[Any] = ufunc.reduceat(values, bounds)[::2]
        return reduced


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The visible part of the video on a horizontal axis; frame ``f`` covers [f, f + 1).

    Attributes:
        num_frames: length of the video.
        width_px: length of the axis in pixels.
        px_per_frame: scale; raised to the value at which the whole video fits.
        first: position at the left edge, in frames; clamped so that the axis is filled.
    """

    num_frames: int
    width_px: int
    px_per_frame: float = 0.0
    first: float = 0.0

    def __post_init__(self) -> None:
        fitting = self.width_px / self.num_frames
        scale = min(max(self.px_per_frame, fitting), max(MAX_PX_PER_FRAME, fitting))
        last_first = max(0.0, self.num_frames - self.width_px / scale)
        object.__setattr__(self, "px_per_frame", scale)
        object.__setattr__(self, "first", min(max(self.first, 0.0), last_first))

    @property
    def span(self) -> float:
        """Number of visible frames, with fraction."""
        return self.width_px / self.px_per_frame

    @property
    def is_fitted(self) -> bool:
        """Whether the whole video is visible."""
        return self.span >= self.num_frames - 1e-6

    def x_of(self, frame: Position) -> Position:
        """Map a frame position, or an array of them, to pixels from the left edge.

        The center of a frame is 0.5 after its index.
        """
        return (frame - self.first) * self.px_per_frame

    def frame_at(self, x: float) -> int:
        """Map pixels from the left edge to a frame index, clamped to the video."""
        frame = int(np.floor(self.first + x / self.px_per_frame))
        return min(max(frame, 0), self.num_frames - 1)

    def zoomed(self, factor: float, x: float) -> "TimeAxis":
        """Return the axis zoomed by ``factor`` around pixel ``x``."""
        anchor = self.first + x / self.px_per_frame
        scaled = replace(self, px_per_frame=self.px_per_frame * factor)
        return replace(scaled, first=anchor - x / scaled.px_per_frame)

    def panned(self, dx: float) -> "TimeAxis":
        """Return the axis scrolled by ``dx`` pixels towards later frames."""
        return replace(self, first=self.first + dx / self.px_per_frame)

    def resized(self, width_px: int) -> "TimeAxis":
        """Return the axis for another width; the scale stays, or the whole video stays visible."""
        scale = 0.0 if self.is_fitted else self.px_per_frame
        return replace(self, width_px=width_px, px_per_frame=scale)

    def showing(self, frame: int) -> "TimeAxis":
        """Return the axis scrolled, if necessary, so that a frame is visible.

        It scrolls by about a page, so that playback does not scroll at every frame.
        """
        if self.first <= frame <= self.first + self.span - 1 or self.is_fitted:
            return self
        margin = 0.1 if frame > self.first else 0.9
        return replace(self, first=frame - margin * self.span)

    def columns(self) -> Columns:
        """Return which frames each pixel column shows."""
        edges = self.first + np.arange(self.width_px + 1) / self.px_per_frame
        bounds = np.clip(np.floor(edges + 1e-9).astype(np.intp), 0, self.num_frames)
        starts = np.minimum(bounds[:-1], self.num_frames - 1)
        return Columns(starts, np.maximum(bounds[1:], starts + 1))

    def ticks(self, min_gap_px: float) -> range:
        """Return the visible frames at the finest 1-2-5 step that is ``min_gap_px`` or wider."""
        least = min_gap_px / self.px_per_frame
        power = 10 ** int(np.floor(np.log10(max(least, 1.0))))
        step = next(s for s in (power, 2 * power, 5 * power, 10 * power) if s >= least)
        begin = -(-int(np.floor(self.first)) // step) * step
        end = min(self.num_frames, int(np.ceil(self.first + self.span)))
        return range(begin, end, step)


def covered(starts: NDArray[np.intp], ends: NDArray[np.intp], num_columns: int) -> NDArray[Any]:
    """Return which of some columns are in any of the intervals ``starts[i]:ends[i]``."""
    is_in_view = (ends > 0) & (starts < num_columns)
    steps = np.zeros(num_columns + 1, np.intp)
    np.add.at(steps, np.maximum(starts[is_in_view], 0), 1)
    np.add.at(steps, np.minimum(ends[is_in_view], num_columns), -1)
    return np.cumsum(steps[:-1]) > 0


def thinned(marks: NDArray[np.uint8], gap_px: int) -> list[int]:
    """Select the columns whose marks are drawn, at most one per slot of columns.

    Args:
        marks: one `Mark` or flag value per column; 0 for none.
        gap_px: columns per slot; the greatest value of a slot is selected, the first if equal.

    Returns:
        Column indices, ascending.
    """
    padded = np.pad(marks, (0, -len(marks) % gap_px)).reshape(-1, gap_px)
    best = padded.argmax(axis=1)
    chosen = np.flatnonzero(padded.any(axis=1))
    return [int(slot * gap_px + best[slot]) for slot in chosen]
