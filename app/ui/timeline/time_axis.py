"""From frames to pixels and back: the viewport, its columns, ticks.  No Qt, no painting."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_PX_PER_FRAME = 48.0


@dataclass(frozen=True, slots=True)
class Columns:
    """The frames ``starts[c]:ends[c]`` of each column of pixels, at least one each."""

    starts: NDArray[np.intp]
    ends: NDArray[np.intp]

    def reduce(self, ufunc: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        """Combine the values of each column's frames.

        Args:
            ufunc: how two values become one, e.g. ``np.bitwise_or``.
            values: one per frame and one spare at the end.
        """
        bounds = np.stack([self.starts, self.ends], axis=1).ravel()
        reduced: NDArray[Any] = ufunc.reduceat(values, bounds)[::2]
        return reduced


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The part of a film that a strip of pixels shows; frame ``f`` covers [f, f + 1).

    Attributes:
        num_frames: length of the film.
        width_px: width of the strip.
        px_per_frame: scale; 0 or too small means that the whole film fits.
        first: position in frames at the left edge.
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
        """Number of frames in view."""
        return self.width_px / self.px_per_frame

    @property
    def is_fitted(self) -> bool:
        """Whether the whole film is in view."""
        return self.span >= self.num_frames - 1e-6

    def x_of(self, frame: float) -> float:
        """Return where a frame begins, in pixels from the left edge; +0.5 gives its centre."""
        return (frame - self.first) * self.px_per_frame

    def frame_at(self, x: float) -> int:
        """Return the frame under a pixel, the nearest one for pixels outside."""
        frame = int(np.floor(self.first + x / self.px_per_frame))
        return min(max(frame, 0), self.num_frames - 1)

    def zoomed(self, factor: float, x: float) -> "TimeAxis":
        """Zoom so that what is under pixel ``x`` stays there."""
        anchor = self.first + x / self.px_per_frame
        scaled = replace(self, px_per_frame=self.px_per_frame * factor)
        return replace(scaled, first=anchor - x / scaled.px_per_frame)

    def panned(self, dx: float) -> "TimeAxis":
        """Move the strip ``dx`` pixels to the right along the film."""
        return replace(self, first=self.first + dx / self.px_per_frame)

    def resized(self, width_px: int) -> "TimeAxis":
        """Show the same scale, or still the whole film, on another width."""
        scale = 0.0 if self.is_fitted else self.px_per_frame
        return replace(self, width_px=width_px, px_per_frame=scale)

    def showing(self, frame: int) -> "TimeAxis":
        """Return this viewport, turned like a page when the frame is out of view."""
        if self.first <= frame <= self.first + self.span - 1 or self.is_fitted:
            return self
        margin = 0.1 if frame > self.first else 0.9
        return replace(self, first=frame - margin * self.span)

    def columns(self) -> Columns:
        """Return which frames each pixel shows; frames that share a pixel are combined."""
        edges = self.first + np.arange(self.width_px + 1) / self.px_per_frame
        bounds = np.clip(np.floor(edges + 1e-9).astype(np.intp), 0, self.num_frames)
        starts = np.minimum(bounds[:-1], self.num_frames - 1)
        return Columns(starts, np.maximum(bounds[1:], starts + 1))

    def ticks(self, min_gap_px: float) -> range:
        """Return the frames in view that are multiples of the finest 1-2-5 step that fits."""
        least = min_gap_px / self.px_per_frame
        power = 10 ** int(np.floor(np.log10(max(least, 1.0))))
        step = next(s for s in (power, 2 * power, 5 * power, 10 * power) if s >= least)
        begin = -(-int(np.floor(self.first)) // step) * step
        end = min(self.num_frames, int(np.ceil(self.first + self.span)))
        return range(begin, end, step)


def thinned(marks: NDArray[np.uint8], gap_px: int) -> list[int]:
    """Choose which columns' marks to draw so that their number depends on the width only.

    Args:
        marks: one per column, 0 for none.
        gap_px: one mark is drawn in each slot of so many columns: the greatest, then first.

    Returns:
        Columns, ascending.
    """
    padded = np.pad(marks, (0, -len(marks) % gap_px)).reshape(-1, gap_px)
    best = padded.argmax(axis=1)
    chosen = np.flatnonzero(padded.any(axis=1))
    return [int(slot * gap_px + best[slot]) for slot in chosen]
