"""Whose features stage 1 copies, and on what view of the images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tinysam2.build import load_model
from tinysam2.datasets.registry import read_data
from tinysam2.datasets.samples import ImageSample, Pixels
from tinysam2.inference.preprocess import normalize
from tinysam2.training.distillation.features.config import DistillationConfig
from tinysam2.training.distillation.features.embedding_cache import EmbeddingCache
from tinysam2.training.distillation.features.resnet import ResNetTeacher
from tinysam2.training.engine import fingerprints
from tinysam2.training.engine.distributed import ALONE, Ranks
from tinysam2.training.engine.run_control import ignore_interrupts
from tinysam2.training.teacher_losses import reduced

_HALF_MAX = 65504.0  # of float16
_ENDLESS = 10**8

FeatureBatch: TypeAlias = tuple[Tensor, tuple[Tensor, ...]]
"""Normalized images (B, 3, S, S), and what to copy: the finer level first, stride 16 last."""


class FeatureTeacher(Protocol):
    """Shows images with the features that a student should find in them."""

    def batches(self, first: int) -> Iterator[FeatureBatch]:
        """Read batches from number ``first`` on; each depends on its number and the seed alone."""


def load_feature_teacher(config: DistillationConfig, ranks: Ranks = ALONE) -> FeatureTeacher:
    """Load the teacher of a recipe.

    Args:
        config: the recipe.
        ranks: the processes that train; each is shown images of its own.

    Raises:
        ValueError: its weights cannot be used.
    """
    kind = EmbeddingTeacher if config.teaches_embeddings else ClassifierTeacher
    return kind(config, ranks)


class ClassifierTeacher:
    """An ImageNet classifier's stages at strides 8 and 16, on random crops that it sees too."""

    def __init__(self, config: DistillationConfig, ranks: Ranks) -> None:
        self._config, self._ranks = config, ranks
        self._network = ResNetTeacher(config.teacher_file, torch.bfloat16).to(config.device)

    def batches(self, first: int) -> Iterator[FeatureBatch]:
        """Read batches from number ``first`` on."""
        config, ranks = self._config, self._ranks
        start = first * config.batch * ranks.count
        crops = _Crops(_images(config), config.crop, config.seed, start)
        loader = DataLoader(
            crops,
            config.batch,
            sampler=ranks.items(_ENDLESS),
            num_workers=config.workers,
            worker_init_fn=ignore_interrupts,
        )
        for batch in loader:
            image = _as_input(batch.to(config.device))
            yield image, self._network(image)


class EmbeddingTeacher:
    """The image embeddings (stride 16) of a known model, on whole images as they are.

    Neither crops nor flips: the teacher then has to see each image only once, at its own input
    size, and what it finds can be kept.  As kept, so used: averaged to the student's grid and
    rounded to half precision, whether it comes from the disk or not.
    """

    def __init__(self, config: DistillationConfig, ranks: Ranks) -> None:
        self._config, self._ranks = config, ranks
        self._model = load_model(
            config.teacher, config.teacher_checkpoint, config.device, download=False
        )
        shape = self._model.network.config
        self._side = shape.image_size
        self._grid = min(self._side, config.crop) // 16
        self._cache = None
        if config.cache is not None:
            whose = fingerprints.of_network(self._model.network)[:16]
            folder = config.cache / f"{config.teacher}-{whose}-{self._side}-{self._grid}"
            self._cache = EmbeddingCache(folder, (shape.dim, self._grid, self._grid))

    def batches(self, first: int) -> Iterator[FeatureBatch]:
        """Read batches from number ``first`` on."""
        config, ranks = self._config, self._ranks
        sides, start = (config.crop, self._side), first * config.batch * ranks.count
        views = _TeacherViews(_images(config), sides, config.seed, start, self._cache)
        loader = DataLoader(
            views,
            config.batch,
            sampler=ranks.items(_ENDLESS),
            num_workers=config.workers,
            worker_init_fn=ignore_interrupts,
            collate_fn=list,
        )
        for batch in loader:
            small = torch.stack([view.small for view in batch]).to(config.device)
            embeddings = torch.stack([self._embedding(view) for view in batch])
            yield _as_input(small), (embeddings.to(config.device).float(),)

    @torch.no_grad()
    def _embedding(self, view: "_TeacherView") -> Tensor:
        """Return (C, grid, grid) float16; alone, so that it is the same in every batch."""
        if view.large.is_floating_point():
            return view.large
        model = self._model
        is_mixed = model.autocast is not None
        with torch.autocast(model.device.type, model.autocast or torch.float32, enabled=is_mixed):
            found = model.network.encode_image(_as_input(view.large[None].to(model.device)))
        values = reduced(found.s16.float(), (self._grid, self._grid))[0]
        embedding = values.clamp(-_HALF_MAX, _HALF_MAX).half().cpu()
        if self._cache is not None:
            self._cache.write(view.key, embedding)
        return embedding


def _as_input(images: Tensor) -> Tensor:
    return normalize(images).contiguous(memory_format=torch.channels_last)


def _images(config: DistillationConfig) -> list[ImageSample]:
    return [image for found in read_data(config.data) for image in found.images]


class _Crops(Dataset[Tensor]):
    """Random resized, flipped crops, uint8; item i depends on i and the seed alone."""

    def __init__(self, images: Sequence[ImageSample], size: int, seed: int, start: int) -> None:
        self.images, self.size, self.seed, self.start = images, size, seed, start

    def __len__(self) -> int:
        return _ENDLESS

    def __getitem__(self, index: int) -> Tensor:
        rng = np.random.default_rng((self.seed, index + self.start))
        image = self.images[int(rng.integers(len(self.images)))].pixels()
        h, w = image.shape[:2]
        side_y = int(h * np.sqrt(rng.uniform(0.2, 1.0)))
        side_x = int(np.clip(side_y * np.exp(rng.uniform(-0.3, 0.5)), 16, w))
        y, x = rng.integers(h - side_y + 1), rng.integers(w - side_x + 1)
        crop = image[y : y + side_y, x : x + side_x]
        small = cv2.resize(crop, (self.size, self.size), interpolation=cv2.INTER_AREA)
        if rng.random() < 0.5:
            small = small[:, ::-1]
        return torch.from_numpy(np.ascontiguousarray(small)).permute(2, 0, 1)


@dataclass(frozen=True, slots=True)
class _TeacherView:
    """A whole image.

    Attributes:
        key: its fingerprint.
        small: (3, S, S) uint8, for the student.
        large: (3, T, T) uint8, for the teacher; where it need not look, (C, g, g) float16: what
            it saw before.
    """

    key: str
    small: Tensor
    large: Tensor


class _TeacherViews(Dataset[_TeacherView]):
    """Random whole images; item i depends on i and the seed alone, but for what is kept."""

    def __init__(
        self,
        images: Sequence[ImageSample],
        sides: tuple[int, int],
        seed: int,
        start: int,
        cache: EmbeddingCache | None,
    ) -> None:
        self.images, self.sides, self.seed, self.start = images, sides, seed, start
        self.cache = cache

    def __len__(self) -> int:
        return _ENDLESS

    def __getitem__(self, index: int) -> _TeacherView:
        rng = np.random.default_rng((self.seed, index + self.start))
        image = self.images[int(rng.integers(len(self.images)))].pixels()
        small_side, large_side = self.sides
        key, small = fingerprints.of_image(image), _resized(image, small_side)
        kept = None if self.cache is None else self.cache.read(key)
        return _TeacherView(key, small, _resized(image, large_side) if kept is None else kept)


def _resized(image: Pixels, side: int) -> Tensor:
    """Resize to (3, side, side), as external models see images; stage 1 compares squares."""
    shrinks = min(image.shape[:2]) >= side
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = cv2.resize(image, (side, side), interpolation=method)
    return torch.from_numpy(small).permute(2, 0, 1)
