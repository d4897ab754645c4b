"""Views of images that lie in a device's memory: drawn, cropped, flipped and resized there.

The images arrive from a `PartLoader` during the run; a view is drawn as `samples` does.
"""

import logging
import time
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from tinysam2.training.data.cropping import crop
from tinysam2.training.distillation.sam.part_loader import Decoded, ObjectIds, PartLoader
from tinysam2.training.distillation.sam.samples import draw_crop
from tinysam2.training.engine.run_control import StopRequest

_POLL_S = 0.5
_log = logging.getLogger(__name__)

Seed: TypeAlias = tuple[int, ...]


class GrowingTensor:
    """Rows on a device; the memory doubles when it is full, so adding stays cheap.

    Args:
        shape: of a row.
        device: where to keep them.
    """

    def __init__(self, shape: tuple[int, ...], device: torch.device) -> None:
        self._memory = torch.empty(64, *shape, dtype=torch.uint8, device=device)
        self._count = 0

    @property
    def rows(self) -> Tensor:
        """What has been added, (N, ...) uint8; a view that the next addition may outdate."""
        return self._memory[: self._count]

    def add(self, rows: Tensor) -> None:
        """Copy rows to the end."""
        needed = self._count + len(rows)
        if needed > len(self._memory):
            size = max(needed, 2 * len(self._memory))
            larger = self._memory.new_empty(size, *self._memory.shape[1:])
            larger[: self._count] = self.rows
            self._memory = larger
        self._memory[self._count : needed] = rows.to(self._memory.device, non_blocking=True)
        self._count = needed


@dataclass(slots=True)
class _Group:
    """Annotated images that are drawn alike, by number."""

    weight: float
    images: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _View:
    """Which part of which image is seen.

    Attributes:
        image: its number.
        box: y0, y1, x0, x1 in pixels of the square; x0 > x1 where it is flipped.
        objects: (K,) ids, or None where there are none.
    """

    image: int
    box: tuple[float, float, float, float]
    objects: ObjectIds | None


class GrowingImages:
    """All images so far, resized to squares of one side, and their label maps.

    Args:
        side: of the squares, pixels.
        device: where to keep them.
    """

    def __init__(self, side: int, device: torch.device) -> None:
        self.side, self.device = side, device
        self._pixels = GrowingTensor((3, side, side), device)
        self._labels = GrowingTensor((side, side), device)
        self._sizes_hw: list[tuple[int, int]] = []
        self._weights: list[float] = []
        self._objects: list[ObjectIds | None] = []
        self._map_of: list[int] = []  # number of an image's label map
        self._groups: dict[int, _Group] = {}
        self._chances = np.zeros(0)  # cumulative weights

    def __len__(self) -> int:
        """Number of images."""
        return len(self._sizes_hw)

    def add(self, decoded: Decoded) -> None:
        """Copy images to the device."""
        number, label_map = len(self), len(self._labels.rows)
        self._pixels.add(decoded.pixels)
        self._labels.add(decoded.labels)
        for ids, sampling in zip(decoded.objects, decoded.sampling, strict=True):
            self._objects.append(ids)
            self._map_of.append(label_map)
            label_map += ids is not None
            if sampling.group is not None and ids is not None and len(ids):
                group = self._groups.setdefault(sampling.group, _Group(sampling.group_weight))
                group.images.append(number)
            number += 1
        self._sizes_hw += decoded.sizes_hw
        self._weights += [sampling.weight for sampling in decoded.sampling]
        self._chances = np.cumsum(self._weights)

    def draw(
        self,
        count: int,
        shape: tuple[int, int],
        objects: int,
        labeled: float,
        rng: np.random.Generator,
    ) -> tuple[Tensor, Tensor]:
        """Draw views.

        Args:
            count: of views, B.
            shape: of each, H and W.
            objects: masks of each, K.
            labeled: fraction of the views of annotated images.
            rng: of all choices.

        Returns:
            Images (B, 3, H, W) uint8, and masks (B, K, H, W) uint8 of 0 to 255, empty where
            nothing is annotated; both on the device.
        """
        views = [self._draw_view(shape, objects, labeled, rng) for _ in range(count)]
        boxes = torch.tensor([view.box for view in views], device=self.device)
        numbers = torch.tensor([view.image for view in views], device=self.device)
        images = crop(self._pixels.rows[numbers], boxes, shape)
        masks = images.new_zeros(count, objects, *shape)
        annotated = [(i, v.image, v.objects) for i, v in enumerate(views) if v.objects is not None]
        if annotated:
            places = torch.tensor([place for place, _, _ in annotated], device=self.device)
            maps = torch.tensor([self._map_of[n] for _, n, _ in annotated], device=self.device)
            ids = torch.from_numpy(np.stack([ids for *_, ids in annotated])).to(self.device)
            planes = self._labels.rows[maps][:, None] == ids[..., None, None]
            masks[places] = crop(planes.to(torch.uint8) * 255, boxes[places], shape)
        return images, masks

    def _draw_view(
        self, shape: tuple[int, int], objects: int, labeled: float, rng: np.random.Generator
    ) -> _View:
        ids = None
        if rng.random() < labeled and self._groups:
            number = self._draw_labeled(rng)
            known = self._objects[number]
            assert known is not None
            ids = rng.choice(known, objects)
        else:
            chance = rng.random() * self._chances[-1]
            number = int(np.searchsorted(self._chances, chance, side="right"))
        return _View(number, self._draw_box(number, shape, rng), ids)

    def _draw_labeled(self, rng: np.random.Generator) -> int:
        groups = list(self._groups.values())
        weights = np.array([group.weight for group in groups])
        images = groups[rng.choice(len(groups), p=weights / weights.sum())].images
        return images[int(rng.integers(len(images)))]

    def _draw_box(
        self, number: int, shape: tuple[int, int], rng: np.random.Generator
    ) -> tuple[float, float, float, float]:
        size_hw = self._sizes_hw[number]
        rows, columns = draw_crop(size_hw, shape, rng)
        down, right = (self.side / length for length in size_hw)  # what resizing did
        x0, x1 = columns.start * right, columns.stop * right
        if rng.random() < 0.5:
            x0, x1 = x1, x0
        return rows.start * down, rows.stop * down, x0, x1


class DeviceViews:
    """Batches of views from all images that have arrived.

    What is drawn depends on the seed and on what has arrived by then.

    Args:
        loader: of the parts, running.
        images: to which what it decodes is added.
    """

    def __init__(self, loader: PartLoader, images: GrowingImages) -> None:
        self.loader, self.images = loader, images
        self.parts = 0
        self._reported_s, self._reported_images = time.monotonic(), 0

    def absorb(self, timeout_s: float = 0.0) -> None:
        """Move what has been decoded to the device."""
        chunks, parts = self.loader.take(timeout_s)
        for chunk in chunks:
            self.images.add(chunk)
        self.parts += parts

    def wait_for_part(self, is_stopped: StopRequest) -> None:
        """Return when the first part is decoded, or the run is to stop.

        Raises:
            ValueError: none of the part's images can be decoded.
        """
        if not self.parts:
            _log.info("waiting for the first part in %s", self.loader.folder)
        while not self.parts and not is_stopped():
            self.absorb(_POLL_S)
        if self.parts and not len(self.images):
            raise ValueError(f"no image of the parts in {self.loader.folder} can be decoded")

    def draw(
        self, shape: tuple[int, int], batch: int, objects: int, labeled: float, seed: Seed
    ) -> tuple[Tensor, Tensor]:
        """Take in what has arrived, then draw as `GrowingImages.draw` does."""
        self.absorb()
        return self.images.draw(batch, shape, objects, labeled, np.random.default_rng(seed))

    def report(self) -> dict[str, float]:
        """Return the state of loading: parts, images, and images a second since last asked."""
        now = time.monotonic()
        rate = (len(self.images) - self._reported_images) / max(now - self._reported_s, 1e-3)
        self._reported_s, self._reported_images = now, len(self.images)
        return {
            "parts": self.parts,
            "resident": len(self.images),
            "decoded_per_s": round(rate, 1),
        }
