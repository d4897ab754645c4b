"""Run-length encoded binary masks, as the document stores and exports them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MAX_SIDE = 1 << 16
MAX_MASK_PIXELS = 1 << 27
"""Limits of a mask that is read: those of frames that can be read."""

Bitmap = NDArray[np.bool_]


@dataclass(frozen=True)
class RleMask:
    """An immutable binary mask as the lengths of its runs, in row-major order.

    Runs alternate background, foreground, ...; the first may be 0.  A 1080p object takes a few
    kB, encoding and decoding run in numpy.  COCO's column-major runs are made on export.

    Attributes:
        size_hw: height and width in pixels of the video frame.
        runs: uint32 run lengths that add up to height x width.
    """

    size_hw: tuple[int, int]
    runs: NDArray[np.uint32]

    @staticmethod
    def encode(bitmap: Bitmap) -> "RleMask":
        """Encode a (H, W) boolean array.

        Raises:
            ValueError: ``bitmap`` is not a 2-D boolean array.
        """
        if bitmap.ndim != 2 or bitmap.dtype != np.bool_:
            raise ValueError(f"bitmap must be (H, W) bool, got {bitmap.shape} {bitmap.dtype}")
        flat = bitmap.reshape(-1)
        edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        start = [0, 0] if flat.size and flat[0] else [0]
        bounds = np.concatenate([start, edges, [flat.size]])
        return RleMask(bitmap.shape, np.diff(bounds).astype(np.uint32))

    @staticmethod
    def empty(size_hw: tuple[int, int]) -> "RleMask":
        """Return a mask without any foreground pixel."""
        return RleMask(size_hw, np.array([size_hw[0] * size_hw[1]], dtype=np.uint32))

    def __or__(self, other: "RleMask") -> "RleMask":
        """Return the union with a mask of the same size, without decoding either."""
        return self._combined(other, np.logical_or)

    def __sub__(self, other: "RleMask") -> "RleMask":
        """Return this mask without the pixels of another of the same size."""
        return self._combined(other, np.greater)

    def __and__(self, other: "RleMask") -> "RleMask":
        """Return the intersection with a mask of the same size."""
        return self._combined(other, np.logical_and)

    def _combined(self, other: "RleMask", combine: Callable[[Bitmap, Bitmap], Bitmap]) -> "RleMask":
        if self.size_hw != other.size_hw:
            raise ValueError(f"masks must have one size, got {self.size_hw} and {other.size_hw}")
        ends = [np.cumsum(mask.runs, dtype=np.int64) for mask in (self, other)]
        bounds = np.unique(np.concatenate([[0], *ends]))
        starts = bounds[:-1]
        first, second = (np.searchsorted(e, starts, "right") % 2 == 1 for e in ends)
        values = combine(first, second)
        changes = np.flatnonzero(values[1:] != values[:-1]) + 1
        lead = [0, 0] if values.size and values[0] else [0]
        edges = np.concatenate([lead, starts[changes], bounds[-1:]])
        return RleMask(self.size_hw, np.diff(edges).astype(np.uint32))

    def covers(self, x: float, y: float) -> bool:
        """Return whether the pixel at (x, y), or the nearest one inside, is foreground."""
        height, width = self.size_hw
        column, row = min(max(int(x), 0), width - 1), min(max(int(y), 0), height - 1)
        ends = np.cumsum(self.runs, dtype=np.int64)
        return bool(np.searchsorted(ends, row * width + column, "right") % 2)

    def decode(self) -> Bitmap:
        """Return the (H, W) boolean array, freshly allocated."""
        values = np.arange(len(self.runs)) % 2 == 1
        return np.repeat(values, self.runs).reshape(self.size_hw)

    @cached_property
    def area(self) -> int:
        """Number of foreground pixels."""
        return int(self.runs[1::2].sum())

    @cached_property
    def box_xyxy(self) -> tuple[int, int, int, int] | None:
        """Smallest enclosing box, end exclusive; None for an empty mask."""
        if self.area == 0:
            return None
        bitmap = self.decode()
        ys, xs = np.flatnonzero(bitmap.any(1)), np.flatnonzero(bitmap.any(0))
        return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1

    def to_bytes(self) -> bytes:
        """Pack the runs, little endian; `from_bytes` is the inverse."""
        return self.runs.astype("<u4").tobytes()

    @staticmethod
    def from_bytes(size_hw: tuple[int, int], packed: bytes) -> "RleMask":
        """Unpack `to_bytes`.

        Raises:
            ValueError: the runs do not add up to height x width, or the mask is larger than any
                frame.
        """
        if any(type(side) is not int or not 0 < side <= MAX_SIDE for side in size_hw):
            raise ValueError(f"size_hw must be integers from 1 to {MAX_SIDE}, got {size_hw}")
        if size_hw[0] * size_hw[1] > MAX_MASK_PIXELS:
            raise ValueError(f"size_hw must have at most {MAX_MASK_PIXELS} pixels, got {size_hw}")
        runs = np.frombuffer(packed, dtype="<u4").astype(np.uint32)
        if int(runs.sum()) != size_hw[0] * size_hw[1]:
            raise ValueError(f"runs must add up to {size_hw} pixels, got {int(runs.sum())}")
        return RleMask(size_hw, runs)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, RleMask)
            and self.size_hw == other.size_hw
            and np.array_equal(self.runs, other.runs)
        )

    def __hash__(self) -> int:
        return hash((self.size_hw, self.runs.tobytes()))
