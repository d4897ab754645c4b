"""Images and label maps, each decoded once and squashed to one size, in a device's memory."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tinysam2.datasets.samples import ImageFile, ImageSample, Pixels, Still
from tinysam2.training.engine.run_control import ignore_interrupts

LABELS = 256
_CHUNK = 4  # items that a worker hands over at once; more would fill a small shared memory
_log = logging.getLogger(__name__)

Extents: TypeAlias = NDArray[np.int32]
"""(M, 256, 5): area, y0, y1, x0 and x1 of each label in each map, pixels; zeros if absent."""


@dataclass(frozen=True, slots=True)
class DeviceImages:
    """What was decoded.

    Attributes:
        pixels: (N, 3, S, S) uint8.
        aspects: (N,) width over height of each image before it was squashed.
        labels: (M, S, S) uint8.
        image_of: (M,) number of the image that a label map is of.
    """

    pixels: Tensor
    aspects: Tensor
    labels: Tensor
    image_of: Tensor

    @property
    def side(self) -> int:
        """Side of the images, S."""
        return self.labels.shape[-1]

    def objects(self, maps: Tensor, values: Tensor) -> Tensor:
        """Collect images (B, 3 + K, S, S) uint8 with the masks of K labels each (B, K)."""
        masks = (self.labels[maps][:, None] == values[..., None, None]).to(torch.uint8) * 255
        return torch.cat([self.pixels[self.image_of[maps]], masks], 1)


def decode(
    stills: Sequence[Still],
    others: Sequence[ImageSample],
    side: int,
    device: torch.device,
    workers: int,
) -> tuple[DeviceImages, Extents, list[int]]:
    """Decode images and label maps; each file is stored once.

    Args:
        stills: annotated images.
        others: images of which labels are not wanted.
        side: squash to this, pixels.
        device: where to keep them.
        workers: processes that decode; 0 decodes in this one.

    Returns:
        The images, the extents of each label, and the numbers of the ``others``.
    """
    images, numbers = _without_repeats([*stills, *others])
    stored = DeviceImages(
        torch.empty(len(images), 3, side, side, dtype=torch.uint8, device=device),
        torch.empty(len(images), device=device),
        torch.empty(len(stills), side, side, dtype=torch.uint8, device=device),
        torch.tensor(numbers[: len(stills)], device=device),
    )
    size = f"{(stored.pixels.nbytes + stored.labels.nbytes) / 1e9:.1f} GB on {device}"
    _log.info("storing %d images and %d label maps: %s", len(images), len(stills), size)
    extents = torch.empty(len(stills), LABELS, 5, dtype=torch.int32)
    _fill([stored.pixels, stored.aspects], partial(_read_image, images, side), workers)
    _fill([stored.labels, extents], partial(_read_labels, stills, side), workers)
    return stored, extents.numpy(), numbers[len(stills) :]


def _without_repeats(images: Sequence[ImageSample]) -> tuple[list[ImageSample], list[int]]:
    """Return one image for each file, and the number that each image has among them."""
    kept: list[ImageSample] = []
    found: dict[object, int] = {}
    numbers = []
    for image in images:
        identity = image.path if isinstance(image, ImageFile) else id(image)
        numbers.append(found.setdefault(identity, len(kept)))
        if numbers[-1] == len(kept):
            kept.append(image)
    return kept, numbers


_Read: TypeAlias = Callable[[int], tuple[Tensor, ...]]


@dataclass(frozen=True, slots=True)
class _Decoded(Dataset[tuple[Tensor, ...]]):
    read: _Read
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return self.read(index)


def _fill(targets: Sequence[Tensor], read: _Read, workers: int) -> None:
    """Put what is read of each number into the targets, row by row."""
    items = _Decoded(read, len(targets[0]))
    loader = DataLoader(items, _CHUNK, num_workers=workers, worker_init_fn=ignore_interrupts)
    for at, chunk in enumerate(loader):
        for target, values in zip(targets, chunk, strict=True):
            target[at * _CHUNK :][: len(values)] = values


def _read_image(images: Sequence[ImageSample], side: int, number: int) -> tuple[Tensor, ...]:
    pixels = images[number].pixels()
    squashed = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    aspect = torch.tensor(pixels.shape[1] / pixels.shape[0])
    return torch.from_numpy(squashed).permute(2, 0, 1), aspect


def _read_labels(stills: Sequence[Still], side: int, number: int) -> tuple[Tensor, ...]:
    labels = stills[number].labels()
    squashed = cv2.resize(labels, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
    return torch.from_numpy(squashed), torch.from_numpy(
        label_extents(squashed.astype(np.uint8, copy=False))
    )


def label_extents(labels: Pixels) -> NDArray[np.int32]:
    """Measure the labels of a map (S, S): a row of `Extents`."""
    side = len(labels)
    at = np.arange(side)
    found = [np.bincount(labels.ravel(), minlength=LABELS)]
    for places in (at[:, None], at):  # rows, then columns
        is_there = np.zeros((LABELS, side), np.bool_)
        is_there[labels, places] = True
        found += [is_there.argmax(1), (side - is_there[:, ::-1].argmax(1)) * is_there.any(1)]
    return np.stack(found, 1).astype(np.int32)
