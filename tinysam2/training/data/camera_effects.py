"""Camera effects on batches of clips, in torch: exposure, tint, blur and noise."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

BLURRED_FRACTION = 0.3
"""Fraction of the clips that are blurred, at least one; some only slightly."""
_REACH = 4  # pixels of a blur to each side


def color_drift(image: Tensor, generator: torch.Generator) -> Tensor:
    """Change exposure, tint, sharpness and noise of clips (B, T, 3, H, W), slowly in time."""
    count, length = image.shape[:2]

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, device=image.device, generator=generator)

    fraction = torch.arange(length, device=image.device).view(-1, 1, 1, 1) / length
    gain = 1 + 0.15 * randn(count, 1, 1, 1, 1) + 0.05 * randn(count, 1, 3, 1, 1)
    gain = gain + 0.04 * randn(count, length, 1, 1, 1) + 0.05 * randn(count, 1, 3, 1, 1) * fraction
    image = image * gain + (128 * (1 - gain) + 12 * randn(count, 1, 1, 1, 1))
    image = blur_some(image, generator)
    noise = torch.rand(count, 1, 1, 1, 1, device=image.device, generator=generator)
    return (image + 3 * math.sqrt(2) * noise * randn(*image.shape)).clamp(0, 255)


def blur_some(image: Tensor, generator: torch.Generator) -> Tensor:
    """Blur some of the clips (B, T, 3, H, W), each by a motion or a defocus of its own.

    How many is always the same, so that the device need not be asked.
    """
    count = len(image)
    order, angle, length, width = torch.rand(4, count, device=image.device, generator=generator)
    blurred = order.argsort()[: math.ceil(BLURRED_FRACTION * count)]
    kernels = _kernels(*(x[blurred] for x in (angle, length, width)))
    planes = image[blurred].flatten(1, 2)  # (K, T * 3, H, W)
    padded = F.pad(planes, (_REACH,) * 4, "replicate").flatten(0, 1)
    weight = kernels[:, None, None].expand(-1, planes.shape[1], -1, -1, -1).flatten(0, 1)
    soft = F.conv2d(padded[None], weight, groups=len(weight))
    return image.index_copy(0, blurred, soft.view(-1, *image.shape[1:]))


def _kernels(angle: Tensor, length: Tensor, width: Tensor) -> Tensor:
    """Make oriented Gaussians (K, 9, 9) of numbers (K,) in [0, 1): streaks to discs."""
    at = torch.arange(-_REACH, _REACH + 1, device=angle.device, dtype=torch.float32)
    y, x = at[:, None], at
    angle, length, width = (v[:, None, None] for v in (angle * math.pi, length, width))
    along = x * angle.cos() + y * angle.sin()
    across = y * angle.cos() - x * angle.sin()
    long = 0.3 + 2.2 * length
    wide = 0.3 + (long - 0.3) * width**2  # mostly much shorter than long
    kernel = torch.exp(-0.5 * ((along / long) ** 2 + (across / wide) ** 2))
    return kernel / kernel.sum((1, 2), keepdim=True)
