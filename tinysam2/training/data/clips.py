"""Samples for training clips: stills with an object, backgrounds, and short real clips."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from tinysam2.datasets.registry import Data, read_data
from tinysam2.datasets.samples import MAX_AREA, MIN_AREA, VOID, Clip, ImageSample, Still
from tinysam2.training.data.aspect_ratios import Shapes
from tinysam2.training.data.cropping import ASPECT_NOISE

WHOLE_FRACTION = 0.4
"""Fraction of clicked stills that show the largest possible crop, where objects are small."""
MAX_GAP = 8
"""Most frames from one frame of a real clip to the next; each clip draws its own limit."""
MAX_DRAWS = 1000
"""Draws without a usable object after which reading the data fails."""

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class WeightedDraw(Generic[T_co]):
    """Groups of things to draw from: a group by its weight, then one of its things."""

    groups: tuple[Sequence[T_co], ...]
    weights: tuple[float, ...]

    @staticmethod
    def of(pairs: Iterable[tuple[float, Sequence[T_co]]]) -> "WeightedDraw[T_co]":
        """Keep the groups that are not empty."""
        kept = [(weight, group) for weight, group in pairs if len(group)]
        return WeightedDraw(tuple(g for _, g in kept), tuple(w for w, _ in kept))

    def __len__(self) -> int:
        """Number of things."""
        return sum(map(len, self.groups))

    def draw(self, rng: np.random.Generator) -> T_co:
        """Draw one thing."""
        weights = np.array(self.weights)
        group = self.groups[rng.choice(len(weights), p=weights / weights.sum())]
        return group[int(rng.integers(len(group)))]


def draw_objects(
    labels: NDArray[np.uint8], rng: np.random.Generator, count: int = 1
) -> list[NDArray[np.bool_]]:
    """Pick objects of a label map that are neither tiny nor the whole image.

    Returns:
        So many masks (H, W), an object maybe more than once; none where there is no object.
    """
    good = object_ids(labels)
    return [labels == value for value in rng.choice(good, count)] if len(good) else []


def object_ids(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the ids in a label map of objects that are neither tiny nor the whole image."""
    ids, counts = np.unique(labels[(labels > 0) & (labels < VOID)], return_counts=True)
    fraction = counts / labels.size
    good: NDArray[np.uint8] = ids[(fraction > MIN_AREA) & (fraction < MAX_AREA)]
    return good


def _crop_box(
    size_hw: tuple[int, int],
    inner: tuple[int, int, int, int],
    shape: tuple[int, int],
    rng: np.random.Generator,
    is_whole: bool = False,
) -> tuple[int, int, int, int]:
    """Draw a crop (y0, y1, x0, x1) that holds a box, in the proportions of a shape if it can.

    Args:
        size_hw: of the image, pixels.
        inner: the box, alike.
        shape: height and width that the crop is squashed to.
        rng: of all choices.
        is_whole: take as much of the image as there is.
    """
    y0, y1, x0, x1 = inner
    height, width = size_hw
    area = float(height * width)
    if not is_whole:
        rows = rng.integers(y1, height + 1) - rng.integers(0, y0 + 1)
        columns = rng.integers(x1, width + 1) - rng.integers(0, x0 + 1)
        area = float(rows * columns)
    aspect = shape[1] / shape[0] * math.exp(ASPECT_NOISE * rng.standard_normal())
    wide = np.clip(math.sqrt(area * aspect), x1 - x0, width)
    high = np.clip(wide / aspect, y1 - y0, height)
    wide = np.clip(high * aspect, x1 - x0, width)
    return *_place(round(high), y0, y1, height, rng), *_place(round(wide), x0, x1, width, rng)


def _place(
    length: int, low: int, high: int, limit: int, rng: np.random.Generator
) -> tuple[int, int]:
    """Draw where a span of a length begins and ends that holds another, from 0 to a limit."""
    start = int(rng.integers(max(0, high - length), min(low, limit - length) + 1))
    return start, start + length


def _bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return the box (y0, y1, x0, x1) of a mask that is not empty."""
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(ys[0]), int(ys[-1]) + 1, int(xs[0]), int(xs[-1]) + 1


def _resize(
    image: NDArray[np.uint8], masks: list[NDArray[np.bool_]], shape: tuple[int, int]
) -> Tensor:
    """Squash an image and its K masks to (3 + K, *shape) uint8, the masks in 0 and 255."""
    planes = [image, *(mask.astype(np.uint8) * 255 for mask in masks)]
    squashed = [cv2.resize(p, shape[::-1], interpolation=cv2.INTER_AREA) for p in planes]
    return torch.from_numpy(np.dstack(squashed)).permute(2, 0, 1).contiguous()


@dataclass(frozen=True, slots=True)
class Stills:
    """Where stills and backgrounds come from."""

    stills: WeightedDraw[Still]
    backgrounds: WeightedDraw[ImageSample]

    @staticmethod
    def of(data: Data) -> "Stills":
        """Collect the training stills; where there are none, the frames of clips are stills.

        Raises:
            ValueError: there is nothing annotated.
        """
        found = read_data(data)
        stills = WeightedDraw.of((m.weight, m.stills) for m in found)
        if not len(stills):
            stills = WeightedDraw.of((m.weight, [f for c in m.clips for f in c]) for m in found)
        if not len(stills):
            raise ValueError("the training data has no annotated images")
        backgrounds = WeightedDraw.of((m.weight, m.backgrounds) for m in found)
        return Stills(stills, backgrounds if len(backgrounds) else stills)

    def draw_still(
        self,
        rng: np.random.Generator,
        shape: tuple[int, int],
        whole_fraction: float = 0.0,
        objects: int = 1,
    ) -> Tensor:
        """Draw an image with some of its objects: (3 + objects, *shape) uint8.

        Args:
            rng: of all choices.
            shape: height and width, pixels.
            whole_fraction: how often, of 1, as much as there is of the image is shown.
            objects: masks wanted; the first one's object is seen in full.
        """
        for _ in range(MAX_DRAWS):
            still = self.stills.draw(rng)
            masks = draw_objects(still.labels(), rng, objects)
            if not masks:
                continue
            size_hw = (masks[0].shape[0], masks[0].shape[1])
            is_whole = rng.random() < whole_fraction
            y0, y1, x0, x1 = _crop_box(size_hw, _bounds(masks[0]), shape, rng, is_whole)
            flip = slice(None, None, -1 if rng.random() < 0.5 else 1)
            seen = [mask[y0:y1, x0:x1][:, flip] for mask in masks]
            seen = [mask if mask.mean() > MIN_AREA else seen[0] for mask in seen]
            return _resize(still.pixels()[y0:y1, x0:x1][:, flip], seen, shape)
        raise ValueError(f"no image shows an object in {MAX_DRAWS} draws")

    def draw_background(self, rng: np.random.Generator, shape: tuple[int, int]) -> Tensor:
        """Draw an image without a mask: (4, *shape) uint8."""
        image = self.backgrounds.draw(rng).pixels()
        height, width = image.shape[:2]
        middle = (height // 4, 3 * height // 4, width // 4, 3 * width // 4)
        y0, y1, x0, x1 = _crop_box((height, width), middle, shape, rng)
        everything = np.ones((y1 - y0, x1 - x0), np.bool_)
        return _resize(image[y0:y1, x0:x1], [everything], shape)


def find_clips(data: Data) -> WeightedDraw[Clip]:
    """Collect the training clips.

    The validation sequences of DAVIS are never among them: no reader gives them.

    Raises:
        ValueError: there are none.
    """
    clips = WeightedDraw.of((m.weight, m.clips) for m in read_data(data))
    if not len(clips):
        raise ValueError("the training data has no annotated videos (real = 0 does without)")
    return clips


class StillLayers(Dataset[Tensor]):
    """Layers for one synthetic clip each: target, another object, background (3, 4, H, W) uint8.

    Item i depends on the seed and i alone, so training resumes exactly.
    """

    def __init__(self, data: Data, shapes: Shapes, start: int = 0) -> None:
        self.stills, self.shapes, self.start = Stills.of(data), shapes, start

    def __len__(self) -> int:
        return 10**8

    def __getitem__(self, index: int) -> Tensor:
        rng = np.random.default_rng((self.shapes.seed, 1, index + self.start))
        shape = self.shapes.of_item(index + self.start)
        target, other = (self.stills.draw_still(rng, shape) for _ in range(2))
        return torch.stack([target, other, self.stills.draw_background(rng, shape)])


class ClickedStills(Dataset[Tensor]):
    """Images with K of their objects: (3 + K, H, W) uint8; see `StillLayers`."""

    def __init__(self, data: Data, shapes: Shapes, objects: int, start: int = 0) -> None:
        self.stills, self.shapes, self.start = Stills.of(data), shapes, start
        self.objects = objects

    def __len__(self) -> int:
        return 10**8

    def __getitem__(self, index: int) -> Tensor:
        rng = np.random.default_rng((self.shapes.seed, 3, index + self.start))
        shape = self.shapes.of_item(index + self.start)
        return self.stills.draw_still(rng, shape, WHOLE_FRACTION, self.objects)


class RealClips(Dataset[Tensor]):
    """Short real clips with one object: (T, 4, H, W) uint8, random gaps and direction.

    See `find_clips`.
    """

    def __init__(self, data: Data, shapes: Shapes, length: int, start: int = 0) -> None:
        self.clips = find_clips(data)
        self.shapes, self.length, self.start = shapes, length, start

    def __len__(self) -> int:
        return 10**8

    def __getitem__(self, index: int) -> Tensor:
        rng = np.random.default_rng((self.shapes.seed, 2, index + self.start))
        shape = self.shapes.of_item(index + self.start)
        for _ in range(MAX_DRAWS):
            frames = self._draw_frames(rng)
            labels = [frame.labels() for frame in frames]
            drawn = draw_objects(labels[0], rng)
            if not drawn:
                continue
            first = drawn[0]
            value = labels[0][first][0]
            masks = [m == value for m in labels]
            inner = _bounds(np.logical_or.reduce(masks))
            y0, y1, x0, x1 = _crop_box((first.shape[0], first.shape[1]), inner, shape, rng)
            flip = slice(None, None, -1 if rng.random() < 0.5 else 1)
            crops = [
                (frame.pixels()[y0:y1, x0:x1][:, flip], mask[y0:y1, x0:x1][:, flip])
                for frame, mask in zip(frames, masks, strict=True)
            ]
            return torch.stack([_resize(image, [mask], shape) for image, mask in crops])
        raise ValueError(f"no video shows an object in {MAX_DRAWS} draws")

    def _draw_frames(self, rng: np.random.Generator) -> list[Still]:
        frames: Clip = self.clips.draw(rng)
        gaps = rng.integers(1, 2 + rng.integers(MAX_GAP), self.length)
        at = rng.integers(len(frames)) + np.cumsum(gaps) * (1 if rng.random() < 0.5 else -1)
        span = 2 * len(frames) - 2  # reflect at the ends
        return [frames[min(i % span, span - i % span)] for i in at]
