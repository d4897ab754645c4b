"""How masks of neighboring frames differ, computed from their runs without decoding them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.core.masks import RleMask


@dataclass(frozen=True)
class MaskChange:
    """What changed between two masks of one object.

    Attributes:
        area_ratio: area of the later mask / area of the earlier; 1 if both are empty, infinite if
            only the earlier is.
        overlap: intersection / smaller area after one centroid was moved onto the other, to the
            nearest pixel; 1 if both are empty, 0 if only one is.
        jump: distance of the centroids / square root of the larger area; 0 if a mask is empty.
    """

    area_ratio: float
    overlap: float
    jump: float


class MaskRuns:
    """The foreground runs of a mask, with its area and centroid.

    Args:
        mask: the mask.
    """

    def __init__(self, mask: RleMask) -> None:
        self._size_hw = mask.size_hw
        bounds = np.cumsum(mask.runs, dtype=np.int64)
        self._edges = bounds[: len(bounds) // 2 * 2]  # start, end (exclusive), start, end, ...
        lengths = self._edges[1::2] - self._edges[::2]
        self.area = int(lengths.sum())

    @cached_property
    def _covered(self) -> NDArray[np.float64]:
        """Foreground pixels before each edge."""
        lengths = self._edges[1::2] - self._edges[::2]
        return np.repeat(np.concatenate([[0], np.cumsum(lengths)]), 2)[1:-1].astype(np.float64)

    def _count_before(self, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """Count the foreground pixels before positions of the flattened image."""
        return np.interp(positions, self._edges, self._covered)

    @cached_property
    def centroid_xy(self) -> tuple[float, float]:
        """Mean x and y of the foreground pixels, of which there must be some."""
        height, width = self._size_hw
        before = self._count_before(np.arange(height + 1, dtype=np.int64) * width)
        y = float(np.diff(before) @ np.arange(height)) / self.area
        starts, ends = self._edges[::2], self._edges[1::2]
        flat = float((ends - starts) @ (starts + ends - 1)) / 2 / self.area
        return flat - width * y, y

    def intersection(self, other: "MaskRuns", offset: int = 0) -> int:
        """Count the pixels that both have once this one is moved by an offset of flat positions."""
        edges = self._edges + offset
        inside = other._count_before(edges)
        return round(float((inside[1::2] - inside[::2]).sum()))

    def change_to(self, later: "MaskRuns") -> MaskChange:
        """Compare this mask with that of the next frame."""
        if not self.area or not later.area:
            if self.area == later.area:
                return MaskChange(1.0, 1.0, 0.0)
            return MaskChange(np.inf if later.area else 0.0, 0.0, 0.0)
        (x0, y0), (x1, y1) = self.centroid_xy, later.centroid_xy
        offset = round(y1 - y0) * self._size_hw[1] + round(x1 - x0)
        shared = self.intersection(later, offset)
        jump = float(np.hypot(x1 - x0, y1 - y0) / np.sqrt(max(self.area, later.area)))
        overlap = shared / min(self.area, later.area)
        return MaskChange(later.area / self.area, overlap, jump)


def mask_iou(first: RleMask, second: RleMask) -> float:
    """Return the IoU of two masks of one size; 1 if both are empty."""
    ours, theirs = MaskRuns(first), MaskRuns(second)
    if not ours.area or not theirs.area:
        return float(ours.area == theirs.area)
    shared = ours.intersection(theirs)
    return shared / (ours.area + theirs.area - shared)
