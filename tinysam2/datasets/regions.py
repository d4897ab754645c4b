"""Regions of like appearance, found in images that nobody annotated: stills without people."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tinysam2.datasets.samples import ImageFile, Pixels

REGION_COUNTS = (4, 8, 16, 32, 60)
"""Regions that an image is divided into: from coarse to fine, each a still of its own."""

_SHORT_SIDE = 256  # Longest short side of a divided image, pixels; smaller images keep their size.
_SMOOTHING = 1.0  # Standard deviation of the blur, pixels.
_SEED_SPACING = 11  # pixels; a piece grows from each place that is smoother than all so near
_MIN_REGION_FRACTION = 0.002  # Smallest area of a region as a fraction of the image.
_BINS = 8  # Histogram bins of each channel of CIE L*a*b*.
_COLOR_SPANS = ((0, 255), (88, 167), (88, 167))  # Value ranges of the bins.
_BORDER_WEIGHT = 2.0  # Weight of edges on a border, relative to histogram differences.
_AREA_POWER = 0.5  # 1 joins small regions before alike ones, 0 only looks at likeness
_JOIN_FRACTION = 0.5  # Fraction of the mutually best pairs that join at once, cheapest first.

_Floats = NDArray[np.float64]
_Indices = NDArray[np.int64]
_Slices = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class RegionStill(ImageFile):
    """An image whose objects are its regions of like appearance; depends on the file alone."""

    count: int

    def pixels(self) -> Pixels:
        """Read it as (H, W, 3) RGB, the short side at most 256."""
        image = ImageFile.pixels(self)
        scale = _SHORT_SIDE / min(image.shape[:2])
        if scale >= 1:
            return image
        return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(
            np.uint8, copy=False
        )

    def labels(self) -> Pixels:
        """Divide it into ``count`` regions (H, W): 1 and up, 0 where a region is too small."""
        return divide(self.pixels(), self.count)


def region_stills(paths: Iterable[Path]) -> list[RegionStill]:
    """List each image with all `REGION_COUNTS`."""
    return [RegionStill(path, count) for path in paths for count in REGION_COUNTS]


@dataclass(frozen=True, slots=True)
class _Graph:
    """Connected regions and the borders between them.

    Attributes:
        area: (N,) pixels.
        colors: (N, 3 * bins) histograms of the channels, not normalized.
        ends: (2, E) the regions on either side of each border, the lower one first.
        length: (E,) pixels of each border.
        contrast: (E,) gradient summed along it.
    """

    area: _Floats
    colors: _Floats
    ends: _Indices
    length: _Floats
    contrast: _Floats

    def costs(self) -> _Floats:
        """Rate (E,) how unlike two regions are, and how large."""
        low, high = self.ends
        fractions = self.colors / (3 * self.area[:, None])
        unlike = np.abs(fractions[low] - fractions[high]).sum(1) ** 2
        unlike += _BORDER_WEIGHT * (self.contrast / self.length) ** 2
        both = self.area[low] * self.area[high] / (self.area[low] + self.area[high])
        return (unlike + 1e-6) * both**_AREA_POWER

    def partners(self, most: int) -> _Indices:
        """Choose which region (N,) each one joins, itself mostly; ``most`` others at most."""
        low, high = self.ends
        costs = self.costs()
        least = np.full(len(self.area), np.inf)
        np.minimum.at(least, low, costs)
        np.minimum.at(least, high, costs)
        mutual = np.flatnonzero((costs == least[low]) & (costs == least[high]))
        cheapest = np.argsort(costs[mutual], kind="stable")
        mutual = mutual[cheapest[: min(int(len(mutual) * _JOIN_FRACTION) + 1, most)]]
        partners = np.arange(len(self.area))
        partners[high[mutual]] = low[mutual]
        return partners

    def joined(self, new: _Indices) -> "_Graph":
        """Join regions of the same new number."""
        number = int(new.max()) + 1
        colors = np.zeros((number, self.colors.shape[1]))
        np.add.at(colors, new, self.colors)
        ends, length, contrast = _borders(new[self.ends], self.length, self.contrast)
        area = np.bincount(new, self.area).astype(np.float64)
        return _Graph(area, colors, ends, length, contrast)


def divide(image: Pixels, count: int) -> Pixels:
    """Divide an image into connected regions whose borders follow its edges.

    Small pieces are grown from the smoothest places, then neighbors that look alike join until
    ``count`` regions are left.

    Args:
        image: (H, W, 3) RGB.
        count: 1 to 254.

    Returns:
        (H, W) ids from 1, 0 for regions of less than 0.2 % of the image.
    """
    smooth = cv2.GaussianBlur(image, (0, 0), _SMOOTHING)
    lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB).astype(np.uint8, copy=False)
    gradient = _gradient(lab)
    regions = _pieces(lab, gradient)
    graph = _graph(lab, gradient, regions)
    owner = np.arange(len(graph.area))
    while len(graph.area) > count and graph.ends.size:
        _, new = np.unique(graph.partners(len(graph.area) - count), return_inverse=True)
        graph, owner = graph.joined(new), new[owner]
    large = graph.area >= _MIN_REGION_FRACTION * regions.size
    ids = np.where(large, np.cumsum(large), 0).astype(np.uint8)
    return np.asarray(ids[owner][regions])


def _gradient(lab: Pixels) -> NDArray[np.float32]:
    """Measure the steepest channel's slope (H, W), 1 for 32 levels a pixel."""
    slopes = [cv2.Sobel(lab, cv2.CV_32F, dx, 1 - dx, scale=1 / (8 * 32)) for dx in (1, 0)]
    channels = cv2.split(cv2.multiply(slopes[0], slopes[0]) + cv2.multiply(slopes[1], slopes[1]))
    return np.sqrt(np.maximum(np.maximum(channels[0], channels[1]), channels[2]))


def _pieces(lab: Pixels, gradient: NDArray[np.float32]) -> _Indices:
    """Flood from the local minima of the gradient: (H, W) numbers from 0 without gaps."""
    slope = cv2.GaussianBlur((gradient * 1024).clip(max=255).astype(np.uint8), (0, 0), 1)
    spacing = np.ones((_SEED_SPACING, _SEED_SPACING), np.uint8)
    _, seeds = cv2.connectedComponents((cv2.erode(slope, spacing) == slope).astype(np.uint8))
    pieces = np.maximum(cv2.watershed(lab, seeds), 0).astype(np.uint16)
    for _ in range(2):  # the ridges between the pieces, then the corners
        pieces = np.where(pieces > 0, pieces, cv2.dilate(pieces, np.ones((3, 3), np.uint8)))
    return np.asarray((np.cumsum(np.bincount(pieces.ravel()) > 0) - 1)[pieces])


def _graph(lab: Pixels, gradient: NDArray[np.float32], pieces: _Indices) -> _Graph:
    flat, number = pieces.ravel(), int(pieces.max()) + 1
    histograms = []
    for channel, (least, most) in enumerate(_COLOR_SPANS):
        bins = (np.arange(256) - least).clip(0, most - least) * _BINS // (most - least + 1)
        locations = flat * _BINS + bins[lab[:, :, channel].ravel()]
        histograms.append(np.bincount(locations, minlength=number * _BINS).reshape(number, _BINS))
    sides: list[tuple[_Slices, _Slices]] = [
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
    ]
    ends = np.concatenate([np.stack([pieces[a], pieces[b]]).reshape(2, -1) for a, b in sides], 1)
    slope = np.concatenate([np.maximum(gradient[a], gradient[b]).ravel() for a, b in sides])
    borders = _borders(ends, np.ones(len(slope)), slope.astype(np.float64))
    area = np.bincount(flat).astype(np.float64)
    return _Graph(area, np.concatenate(histograms, 1).astype(np.float64), *borders)


def _borders(
    ends: _Indices, length: _Floats, contrast: _Floats
) -> tuple[_Indices, _Floats, _Floats]:
    """Sum up borders between the same two regions, and drop those inside a region."""
    between = ends[0] != ends[1]
    low, high = ends[:, between].min(0), ends[:, between].max(0)
    number = int(ends.max()) + 1
    keys, border = np.unique(low * number + high, return_inverse=True)
    length, contrast = (
        np.bincount(border, values[between]).astype(np.float64) for values in (length, contrast)
    )
    return np.stack(np.divmod(keys, number)), length, contrast
