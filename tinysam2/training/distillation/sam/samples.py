"""Random views of images, with the masks of annotated objects where there are any."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from tinysam2.datasets.regions import RegionStill
from tinysam2.datasets.registry import Data, read_data
from tinysam2.datasets.samples import ImageSample, Still
from tinysam2.training.data.clips import WeightedDraw, draw_objects

MIN_CROP_AREA = 0.3
"""Smallest fraction of the image that a crop shows."""
WHOLE_FRACTION = 0.4
"""Fraction of the views that show the whole image."""
ASPECT_NOISE = 0.15  # standard deviation, in logarithms, of a view's stretching
_ENDLESS = 10**8


@dataclass(frozen=True, slots=True)
class Pools:
    """What views are drawn from.

    Attributes:
        images: every image, by weight.
        labeled: those whose objects are annotated; regions of like appearance are no objects.
    """

    images: WeightedDraw[ImageSample]
    labeled: WeightedDraw[Still]

    @staticmethod
    def of(data: Data) -> "Pools":
        """Read the lists of images.

        Raises:
            ValueError: there are none.
        """
        parts = read_data(data)
        # Videos and backgrounds of one place are one group, weighed by how many images they are.
        images = WeightedDraw.of((m.weight * len(m.images), m.images) for m in parts)
        stills = [(m.weight, _objects_of(m.stills)) for m in parts]
        clips = [(m.weight, _objects_of([s for c in m.clips for s in c])) for m in parts]
        if not len(images):
            raise ValueError("the data must hold images, found none")
        return Pools(images, WeightedDraw.of([*stills, *clips]))


def _objects_of(stills: Sequence[Still]) -> list[Still]:
    return [still for still in stills if not isinstance(still, RegionStill)]


class Views(Dataset[tuple[Tensor, Tensor]]):
    """Random views; item i depends on i and the seed alone.

    Args:
        pools: what to draw from.
        shape_of: height and width in pixels of the view of an item.
        objects: masks of each view, K.
        labeled: fraction of the views of annotated images.
        seed: of all choices.

    Items are an image (3, H, W) uint8 and masks (K, H, W) uint8 of 0 and 255; the masks are empty
    where nothing is annotated.
    """

    def __init__(
        self,
        pools: Pools,
        shape_of: Callable[[int], tuple[int, int]],
        objects: int,
        labeled: float,
        seed: int,
    ) -> None:
        self.pools, self.shape_of, self.objects = pools, shape_of, objects
        self.labeled = labeled if len(pools.labeled) else 0.0
        self.seed = seed

    def __len__(self) -> int:
        return _ENDLESS

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((self.seed, index))
        masks: list[NDArray[np.bool_]] = []
        if rng.random() < self.labeled:
            still = self.pools.labeled.draw(rng)
            pixels = still.pixels()
            masks = draw_objects(still.labels(), rng, self.objects)
        else:
            pixels = self.pools.images.draw(rng).pixels()
        return self._view(pixels, masks, self.shape_of(index), rng)

    def _view(
        self,
        pixels: NDArray[np.uint8],
        masks: list[NDArray[np.bool_]],
        shape: tuple[int, int],
        rng: np.random.Generator,
    ) -> tuple[Tensor, Tensor]:
        rows, columns = draw_crop(pixels.shape[:2], shape, rng)
        step = 1 if rng.random() < 0.5 else -1  # flipped or not

        def cut(plane: NDArray[np.uint8], method: int) -> Tensor:
            small = cv2.resize(plane[rows, columns], shape[::-1], interpolation=method)
            return torch.from_numpy(np.ascontiguousarray(small[:, ::step]))

        shrinks = rows.stop - rows.start >= shape[0]
        image = cut(pixels, cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR).permute(2, 0, 1)
        planes = torch.zeros(self.objects, *shape, dtype=torch.uint8)
        for plane, mask in zip(planes, masks, strict=False):
            plane.copy_(cut(mask.view(np.uint8) * np.uint8(255), cv2.INTER_LINEAR))
        return image, planes


def draw_crop(
    size_hw: tuple[int, ...], shape: tuple[int, int], rng: np.random.Generator
) -> tuple[slice, slice]:
    """Draw a part of an image in about the proportions of a shape."""
    height, width = size_hw
    aspect = shape[1] / shape[0] * math.exp(ASPECT_NOISE * rng.standard_normal())
    largest = min(height, width / aspect)  # rows of the largest part of these proportions
    area = 1.0 if rng.random() < WHOLE_FRACTION else rng.uniform(MIN_CROP_AREA, 1.0)
    rows = max(16, round(largest * math.sqrt(area)))
    columns = min(width, max(16, round(rows * aspect)))
    rows = min(rows, height)
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    return slice(top, top + rows), slice(left, left + columns)
