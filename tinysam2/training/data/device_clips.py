"""The whole training set in a device's memory: batches are drawn and cropped there.

Gives the same kinds of batches as `clip_data`, in the same proportions, without reading files.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinysam2.datasets.registry import Data
from tinysam2.datasets.samples import MAX_AREA, MIN_AREA, VOID, Clip
from tinysam2.training.data.clips import (
    MAX_GAP,
    WHOLE_FRACTION,
    Stills,
    WeightedDraw,
    find_clips,
)
from tinysam2.training.data.cropping import crop, draw_boxes
from tinysam2.training.data.device_images import DeviceImages, Extents, decode


@dataclass(frozen=True, slots=True)
class _Odds:
    """How likely each of several things (K,) is drawn, summed up: the last is 1."""

    sums: Tensor

    @staticmethod
    def of(weights: NDArray[np.float64], device: torch.device) -> "_Odds":
        sums = np.cumsum(weights)
        return _Odds(torch.from_numpy(sums / sums[-1]).float().to(device))

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw things: (count,) numbers."""
        chance = torch.rand(count, device=self.sums.device, generator=generator)
        return torch.searchsorted(self.sums, chance, right=True).clamp(max=len(self.sums) - 1)


@dataclass(frozen=True, slots=True)
class _Objects:
    """Objects to learn from (K,): which label of which map they are, and their boxes (K, 4)."""

    maps: Tensor
    values: Tensor
    boxes: Tensor
    odds: _Odds

    def beside(self, drawn: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """Draw objects from the maps of others (B,): (B, count), each row begins with its own."""
        first = torch.searchsorted(self.maps, self.maps[drawn])
        behind = torch.searchsorted(self.maps, self.maps[drawn], right=True)
        chance = torch.rand(len(drawn), count, device=drawn.device, generator=generator)
        others = first[:, None] + (chance * (behind - first)[:, None]).long()
        return torch.cat([drawn[:, None], others[:, 1:]], 1)

    @staticmethod
    def of(
        extents: Extents, side: int, weights: NDArray[np.float64], device: torch.device
    ) -> "_Objects":
        """Find the objects of label maps that are drawn by weights (M,).

        Raises:
            ValueError: there are none.
        """
        fraction = extents[:, :, 0] / side**2
        is_good = (fraction > MIN_AREA) & (fraction < MAX_AREA) & (weights > 0)[:, None]
        is_good[:, [0, VOID]] = False
        maps, values = np.nonzero(is_good)
        if not len(maps):
            raise ValueError("no image of the training data shows an object to learn from")
        odds = _Odds.of((weights / is_good.sum(1).clip(1))[maps], device)
        boxes = extents[maps, values, 1:].astype(np.float32)
        return _Objects(
            torch.from_numpy(np.ascontiguousarray(maps)).to(device),
            torch.from_numpy(values).to(device),
            torch.from_numpy(boxes).to(device),
            odds,
        )


@dataclass(frozen=True, slots=True)
class _Videos:
    """Frames of videos, which are the last label maps, one video after the other.

    Attributes:
        objects: of all frames.
        offset: the first frame's number among the label maps.
        first: (F,) the number, among the label maps, of the first frame of a frame's video.
        length: (F,) the number of frames of its video.
        boxes: (F, 256, 4) int16, of each label; a box that changes no union where it is absent.
    """

    objects: _Objects
    offset: int
    first: Tensor
    length: Tensor
    boxes: Tensor

    @staticmethod
    def of(
        clips: WeightedDraw[Clip], extents: Extents, side: int, device: torch.device
    ) -> "_Videos":
        lengths = np.array([len(clip) for group in clips.groups for clip in group])
        offset = len(extents) - int(lengths.sum())
        starts = offset + np.cumsum(lengths) - lengths
        weights = np.zeros(len(extents))
        weights[offset:] = np.repeat(_fractions(clips) / lengths, lengths)
        boxes = extents[offset:, :, 1:].astype(np.int16)
        boxes[extents[offset:, :, 0] == 0] = side, 0, side, 0
        return _Videos(
            _Objects.of(extents, side, weights, device),
            offset,
            torch.from_numpy(np.repeat(starts, lengths)).to(device),
            torch.from_numpy(np.repeat(lengths, lengths)).to(device),
            torch.from_numpy(boxes).to(device),
        )

    def draw(
        self, count: int, length: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Draw objects and frames from where they are seen, with random gaps and direction.

        Returns:
            Numbers of label maps (B, T), labels (B,), and boxes that hold them (B, 4).
        """
        device = self.boxes.device
        drawn = self.objects.odds.draw(count, generator)
        maps, values = self.objects.maps[drawn], self.objects.values[drawn]
        first, frames = (x[maps - self.offset][:, None] for x in (self.first, self.length))
        most = torch.randint(MAX_GAP, (count, 1), device=device, generator=generator) + 1
        fraction = torch.rand(count, length, device=device, generator=generator)
        gaps = 1 + (fraction * most).long()
        coin = torch.rand(count, 1, device=device, generator=generator) < 0.5
        gaps[:, 0] = 0
        at = maps[:, None] - first + gaps.cumsum(1) * torch.where(coin, 1, -1)
        span = 2 * frames - 2  # reflect at the ends
        at = at.remainder(span)
        maps = first + torch.minimum(at, span - at)
        boxes = self.boxes[maps - self.offset, values[:, None]].float()
        low, high = boxes.amin(1), boxes.amax(1)
        return maps, values, torch.stack([low[:, 0], high[:, 1], low[:, 2], high[:, 3]], 1)


@dataclass(frozen=True, slots=True)
class DeviceDataset:
    """A training set in memory.

    What a call draws depends on its generator alone.
    """

    images: DeviceImages
    objects: _Objects
    backgrounds: tuple[Tensor, _Odds]
    videos: _Videos | None

    @staticmethod
    def of(
        data: Data, side: int, device: torch.device, workers: int, has_clips: bool
    ) -> "DeviceDataset":
        """Decode training data.

        Args:
            data: where it is.
            side: to squash images to, pixels.
            device: where to keep them.
            workers: processes that decode; 0 decodes in this one.
            has_clips: whether videos are wanted too.

        Raises:
            ValueError: something that is wanted is not there.
        """
        stills_of_data = Stills.of(data)
        clips: WeightedDraw[Clip] = find_clips(data) if has_clips else WeightedDraw((), ())
        stills = [still for group in stills_of_data.stills.groups for still in group]
        frames = [frame for group in clips.groups for clip in group for frame in clip]
        scenes = [image for group in stills_of_data.backgrounds.groups for image in group]
        images, extents, numbers = decode([*stills, *frames], scenes, side, device, workers)
        weights = np.zeros(len(extents))
        weights[: len(stills)] = _fractions(stills_of_data.stills)
        return DeviceDataset(
            images,
            _Objects.of(extents, side, weights, device),
            (
                torch.tensor(numbers, device=device),
                _Odds.of(_fractions(stills_of_data.backgrounds), device),
            ),
            _Videos.of(clips, extents, side, device) if has_clips else None,
        )

    def layers(self, count: int, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
        """Draw target, other object and background of clips: (B, 3, 4, H, W) uint8."""
        objects = self.stills(2 * count, shape, generator, whole_fraction=0.0)
        numbers, odds = self.backgrounds
        drawn = numbers[odds.draw(count, generator)]
        side = self.images.side
        ends = torch.arange(4, device=drawn.device) % 2  # where it is used: sending would wait
        middle = (side * (ends + 0.5) / 2).expand(count, 4)
        boxes = self._boxes(middle, torch.zeros_like(drawn).bool(), drawn, shape, generator)
        scenes = crop(self.images.pixels[drawn], boxes, shape)
        scenes = torch.cat([scenes, torch.full_like(scenes[:, :1], 255)], 1)
        return torch.stack([objects[:count], objects[count:], scenes], 1)

    def stills(
        self,
        count: int,
        shape: tuple[int, int],
        generator: torch.Generator,
        objects: int = 1,
        whole_fraction: float = WHOLE_FRACTION,
    ) -> Tensor:
        """Draw images with some of their objects: (B, 3 + K, H, W) uint8.

        Args:
            count: of images, B.
            shape: of images, H and W.
            generator: of all choices, on the device.
            objects: masks wanted, K; the first one's object is seen in full.
            whole_fraction: how often, of 1, as much as there is of an image is shown.
        """
        drawn = self.objects.odds.draw(count, generator)
        maps = self.objects.maps[drawn]
        is_whole = torch.rand(count, device=drawn.device, generator=generator) < whole_fraction
        values = self.objects.values[self.objects.beside(drawn, objects, generator)]
        number = self.images.image_of[maps]
        boxes = self._boxes(self.objects.boxes[drawn], is_whole, number, shape, generator)
        cut = crop(self.images.objects(maps, values), boxes, shape)
        is_seen = (cut[:, 3:] > 127).float().mean((2, 3)) > MIN_AREA
        masks = torch.where(is_seen[..., None, None], cut[:, 3:], cut[:, 3:4])
        return torch.cat([cut[:, :3], masks], 1)

    def clips(
        self, count: int, length: int, shape: tuple[int, int], generator: torch.Generator
    ) -> Tensor:
        """Draw short real clips with one object: (B, T, 4, H, W) uint8."""
        assert self.videos is not None
        maps, values, inner = self.videos.draw(count, length, generator)
        number = self.images.image_of[maps[:, 0]]
        is_whole = torch.zeros_like(number).bool()
        boxes = self._boxes(inner, is_whole, number, shape, generator)
        planes = self.images.objects(maps.flatten(), values.repeat_interleave(length)[:, None])
        cut = crop(planes, boxes.repeat_interleave(length, 0), shape)
        return cut.unflatten(0, (count, length))

    def _boxes(
        self,
        inner: Tensor,
        is_whole: Tensor,
        number: Tensor,
        shape: tuple[int, int],
        generator: torch.Generator,
    ) -> Tensor:
        """Draw crops of stored images, by number (B,), in the proportions of a shape."""
        aspect = shape[1] / shape[0] / self.images.aspects[number]  # of what was squashed
        return draw_boxes(inner, is_whole, aspect, self.images.side, generator)


def _fractions(draw: WeightedDraw[object]) -> NDArray[np.float64]:
    """Return how likely each thing is drawn, up to a factor, group after group."""
    groups = zip(draw.weights, draw.groups, strict=True)
    return np.concatenate([np.full(len(group), weight / len(group)) for weight, group in groups])
