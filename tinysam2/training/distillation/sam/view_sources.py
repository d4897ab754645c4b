"""Where a run's views come from: files that worker processes read, or parts held on the device."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from tinysam2.inference.preprocess import input_hw
from tinysam2.training.data.aspect_ratios import Shapes
from tinysam2.training.distillation.sam.config import SamDistillationConfig, SamPhase
from tinysam2.training.distillation.sam.device_views import DeviceViews, GrowingImages
from tinysam2.training.distillation.sam.part_loader import PartLoader
from tinysam2.training.distillation.sam.samples import Pools, Views
from tinysam2.training.engine.distributed import Ranks
from tinysam2.training.engine.run_control import StopRequest, ignore_interrupts

Batch: TypeAlias = tuple[Tensor, Tensor]
"""Images (B, 3, H, W) uint8, and masks (B, K, H, W) uint8 of 0 to 255, empty where unknown."""

ASPECTS = (1.0, 4 / 3, 16 / 9, 3 / 4)
"""Width over height of views of parts: few shapes, so that little is compiled and cached."""


class ViewSource(Protocol):
    """Gives batches of random views."""

    def batches(self, phase: SamPhase, step: int) -> Iterable[Batch]:
        """Draw without end, from a step of the run on; ends when the run is to stop."""

    def report(self) -> dict[str, float]:
        """Return figures of loading for the log."""


@contextmanager
def open_views(
    config: SamDistillationConfig, ranks: Ranks, is_stopped: StopRequest
) -> Iterator[ViewSource]:
    """Open what the recipe learns from.

    Raises:
        ValueError: there are no images.
    """
    if config.parts is None:
        assert config.data is not None
        yield _FileSource(config, ranks, Pools.of(config.data))
        return
    with PartLoader(config.parts, config.resident_side, config.workers) as loader:
        images = GrowingImages(config.resident_side, torch.device(config.device))
        yield _DeviceSource(config, ranks, is_stopped, DeviceViews(loader, images))


@dataclass(frozen=True, slots=True)
class _FileSource:
    config: SamDistillationConfig
    ranks: Ranks
    pools: Pools

    def batches(self, phase: SamPhase, step: int) -> DataLoader[Batch]:
        config, ranks = self.config, self.ranks
        shapes = Shapes(phase.size, config.seed, config.batch * ranks.count)
        views = Views(self.pools, shapes.of_item, config.objects, config.labeled, config.seed)
        return DataLoader(
            views,
            config.batch,
            sampler=ranks.items(len(views))[step * config.batch :],
            num_workers=config.workers,
            worker_init_fn=ignore_interrupts,
            prefetch_factor=4 if config.workers else None,
        )

    def report(self) -> dict[str, float]:
        return {}


@dataclass(frozen=True, slots=True)
class _DeviceSource:
    config: SamDistillationConfig
    ranks: Ranks
    is_stopped: StopRequest
    views: DeviceViews

    def batches(self, phase: SamPhase, step: int) -> Iterator[Batch]:
        config = self.config
        self.views.wait_for_part(self.is_stopped)
        for number in count(step) if self.views.parts else ():
            common = config.seed, number
            aspect = ASPECTS[np.random.default_rng(common).integers(len(ASPECTS))]
            shape = input_hw(phase.size, aspect)
            seed = (*common, 1 + self.ranks.own)
            yield self.views.draw(shape, config.batch, config.objects, config.labeled, seed)

    def report(self) -> dict[str, float]:
        return self.views.report()
