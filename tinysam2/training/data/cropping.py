"""Cropping, flipping and resizing many images at once, each by a box of its own."""

import torch
from torch import Tensor

ASPECT_NOISE = 0.1  # how differently, in logarithms, a crop is stretched


def draw_boxes(
    inner: Tensor, is_whole: Tensor, aspect: Tensor, side: int, generator: torch.Generator
) -> Tensor:
    """Draw boxes that hold others, in wanted proportions where they can, half of them flipped.

    Args:
        inner: (B, 4) y0, y1, x0, x1 in pixels, what has to be inside.
        is_whole: (B,) bool, take as much of the image as there is.
        aspect: (B,) wanted width over height.
        side: of the images, pixels.
        generator: of all choices, on the device of ``inner``.

    Returns:
        (B, 4), alike; x0 > x1 where it is flipped.
    """
    count, device = len(inner), inner.device
    chance = torch.rand(count, 7, device=device, generator=generator)
    noise = torch.randn(count, device=device, generator=generator)
    before, after = inner[:, ::2], inner[:, 1::2]
    free = after + chance[:, :2] * (side - after) - chance[:, 2:4] * before
    area = torch.where(is_whole, float(side * side), free.prod(1))
    aspect = aspect * torch.exp(ASPECT_NOISE * noise)
    min_high, min_wide = (after - before).unbind(1)
    wide = (area * aspect).sqrt().maximum(min_wide).clamp(max=side)
    high = (wide / aspect).maximum(min_high).clamp(max=side)
    wide = (high * aspect).maximum(min_wide).clamp(max=side)
    length = torch.stack([high, wide], 1)
    first, last = (after - length).clamp(min=0), before.minimum(side - length)
    starts = first + chance[:, 4:6] * (last - first)
    boxes = torch.stack([starts, starts + length], 2).flatten(1)
    return torch.where(chance[:, 6:] < 0.5, boxes[:, [0, 1, 3, 2]], boxes)


def crop(planes: Tensor, boxes: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Cut boxes out and squash them to one size: areas are averaged, what grows is interpolated.

    Args:
        planes: (B, C, S, S) in [0, 255].
        boxes: (B, 4) y0, y1, x0, x1 in pixels; ends before starts flip.
        size_hw: height and width of the result, pixels.

    Returns:
        (B, C, height, width) uint8.
    """
    side = planes.shape[-1]
    rows = _weights(boxes[:, :2], side, size_hw[0])
    columns = _weights(boxes[:, 2:], side, size_hw[1])
    narrow = (planes.float().flatten(1, 2) @ columns.mT).unflatten(1, planes.shape[1:3])
    return (rows[:, None] @ narrow).round().clamp(0, 255).to(torch.uint8)


def _weights(spans: Tensor, side: int, size: int) -> Tensor:
    """Return how much of each of S pixels each of ``size`` results is made of: (B, size, S).

    A result covers its fraction of the span (B, 2), or one pixel where that is less: overlaps of
    intervals are areas when shrinking and linear interpolation when growing.
    """
    start, end = spans[:, :1], spans[:, 1:]
    step = (end - start) / size
    at = torch.arange(max(side, size), device=spans.device, dtype=torch.float32) + 0.5
    distance = ((start + step * at[:size])[..., None] - at[:side]).abs()
    reach = (step.abs().clamp(min=1)[..., None] + 1) / 2
    overlap = (reach - distance).clamp(0, 1)
    return overlap / overlap.sum(2, keepdim=True)
