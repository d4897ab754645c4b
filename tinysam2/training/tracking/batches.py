"""Batches of stages 2 and 3."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count, repeat
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from tinysam2.inference.preprocess import normalize
from tinysam2.training.data.aspect_ratios import Shapes
from tinysam2.training.data.camera_effects import color_drift
from tinysam2.training.data.clips import ClickedStills, RealClips, StillLayers
from tinysam2.training.data.device_clips import DeviceDataset
from tinysam2.training.data.synthesis import synthesize
from tinysam2.training.engine.distributed import Ranks
from tinysam2.training.engine.run_control import ignore_interrupts
from tinysam2.training.tracking.config import Phase, TrackingConfig

Clips: TypeAlias = StillLayers | RealClips | ClickedStills

Batch: TypeAlias = tuple[Tensor | None, Tensor | None, Tensor | None]
"""Layers of synthetic clips, frames of real ones, and stills; None where none are wanted."""

BatchSource: TypeAlias = Callable[[Phase, int], Iterator[Batch]]
"""Gives the batches of a phase from a step on: the same ones, whatever was before."""


def batch_source(config: TrackingConfig, ranks: Ranks) -> BatchSource:
    """Prepare to read training data, or decode all of it into device memory now.

    Each process learns from as many clips as the recipe says, and draws its own.

    Raises:
        ValueError: something that the recipe wants is not in the data.
    """
    if config.resident_side is None:
        return partial(_read_batches, config, ranks)
    device = torch.device(config.device)
    dataset = DeviceDataset.of(
        config.data, config.resident_side, device, config.workers, config.real > 0
    )
    return partial(_device_batches, dataset, config, ranks)


def _device_batches(
    dataset: DeviceDataset, config: TrackingConfig, ranks: Ranks, phase: Phase, step: int
) -> Iterator[Batch]:
    """Draw batches on the device; that of a step depends on seed, step and process alone."""
    shapes = Shapes(phase.size, config.seed)
    for number in count(step):
        shape = shapes.of_step(number)
        sequence = np.random.SeedSequence((config.seed, 4, ranks.seed(number)))
        seed = int(sequence.generate_state(1, np.uint64)[0])
        generator = torch.Generator(config.device).manual_seed(seed)
        yield (
            dataset.layers(config.synthetic, shape, generator) if config.synthetic else None,
            dataset.clips(config.real, config.frames(phase), shape, generator)
            if config.real
            else None,
            dataset.stills(config.stills, shape, generator, config.objects)
            if config.stills and phase.prompts
            else None,
        )


def _read_batches(config: TrackingConfig, ranks: Ranks, phase: Phase, step: int) -> Iterator[Batch]:
    """Read batches from files; no item is read by two processes."""
    steps = step * ranks.count

    def shapes(clips: int) -> Shapes:
        return Shapes(phase.size, config.seed, clips * ranks.count)

    synthetic = real = stills = None
    if config.synthetic:
        synthetic = StillLayers(config.data, shapes(config.synthetic), steps * config.synthetic)
    if config.real:
        start = steps * config.real
        real = RealClips(config.data, shapes(config.real), config.frames(phase), start)
    if config.stills and phase.prompts:
        start = steps * config.stills
        stills = ClickedStills(config.data, shapes(config.stills), config.objects, start)
    return zip(
        _loader(synthetic, config.synthetic, config, ranks),
        _loader(real, config.real, config, ranks),
        _loader(stills, config.stills, config, ranks),
        strict=True,
    )


def _loader(
    items: Clips | None, count: int, config: TrackingConfig, ranks: Ranks
) -> Iterable[Tensor | None]:
    if items is None:
        return repeat(None)
    return DataLoader(
        items,
        count,
        sampler=ranks.items(len(items)),
        num_workers=config.workers,
        worker_init_fn=ignore_interrupts,
    )


def make_clips(
    layers: Tensor | None, real: Tensor | None, length: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Make one batch of normalized images (B, T, 3, H, W), target and other masks."""
    clips = []
    if layers is not None:
        clips.append(synthesize(layers.to(generator.device), length, generator))
    if real is not None:
        real = real.to(generator.device)
        masks = real[:, :, 3] > 127
        images = color_drift(real[:, :, :3].float(), generator)
        clips.append((images, masks, torch.zeros_like(masks)))
    images, masks, others = (torch.cat(parts) for parts in zip(*clips, strict=True))
    return normalize(images.flatten(0, 1)).unflatten(0, images.shape[:2]), masks, others


def make_stills(stills: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Make normalized images (B, 3, H, W) and masks (B, K, H, W) of (B, 3 + K, H, W) uint8."""
    stills = stills.to(generator.device)
    images = color_drift(stills[:, None, :3].float(), generator)[:, 0]
    return normalize(images), stills[:, 3:] > 127
