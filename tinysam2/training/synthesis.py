"""Moving pictures from stills: smooth motion, occlusion, colour drift; all in torch, per batch."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

OTHER_SHARE = 0.6  # of the clips show another object


def synthesise(
    layers: Tensor, length: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Animate layers into clips.

    Half of the clips move the whole target picture (camera motion); in the others the target is cut
    out and moves over a background that moves too.  Another object passes above or below.

    Args:
        layers: (B, 3, 4, S, S) uint8: target, other object, background, each RGB and alpha.
        length: frames, T.
        generator: of all random choices, on the device of ``layers``.

    Returns:
        Pictures (B, T, 3, S, S) float32 in [0, 255], masks of the target (B, T, S, S) bool and,
        alike, of the other object, as far as they are seen.
    """
    device, count = layers.device, len(layers)

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, device=device, generator=generator)

    moved = [
        _warp(layers[:, i].float(), _motion(count, length, strength, generator, device))
        for i, strength in ((0, 1.0), (1, 1.6), (2, 0.6))
    ]
    target, other, background = moved
    # Camera clips: the target's own picture is the background.
    is_camera = (rand(count, 1, 1, 1, 1) < 0.5).float()
    background = is_camera * target + (1 - is_camera) * background
    is_shown = (rand(count, 1, 1, 1, 1) < OTHER_SHARE).float()
    is_above = (rand(count, 1, 1, 1, 1) < 0.5).float()
    picture, seen, other_seen = _compose(target, other, background, is_shown, is_above)
    # Turn clips round that begin without the target: tracking begins where it is seen.
    area = seen.flatten(2).sum(2)
    turned = area[:, 0] < area[:, -1] / 2
    picture, seen, other_seen = (_turned(x, turned) for x in (picture, seen, other_seen))
    return colour_drift(picture, generator), seen, other_seen


def _compose(
    target: Tensor, other: Tensor, background: Tensor, is_shown: Tensor, is_above: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Lay (B, T, 4, S, S) layers over each other; return pictures and what is seen of both."""
    target_alpha = target[:, :, 3:] / 255
    other_alpha = other[:, :, 3:] / 255 * is_shown
    # Below: the other object lies behind the target and never hides it.
    below_alpha, above_alpha = other_alpha * (1 - is_above), other_alpha * is_above
    picture = _over(background[:, :, :3], other[:, :, :3], below_alpha)
    picture = _over(picture, target[:, :, :3], target_alpha)
    picture = _over(picture, other[:, :, :3], above_alpha)
    seen = (target_alpha * (1 - above_alpha))[:, :, 0] > 0.5
    other_seen = (above_alpha + below_alpha * (1 - target_alpha))[:, :, 0] > 0.5
    return picture, seen, other_seen


def _turned(clips: Tensor, turned: Tensor) -> Tensor:
    """Reverse the time of the clips (B, T, ...) flagged in (B,)."""
    return torch.where(turned.view(-1, *[1] * (clips.ndim - 1)), clips.flip(1), clips)


def _over(below: Tensor, above: Tensor, alpha: Tensor) -> Tensor:
    return below + alpha * (above - below)


def _motion(
    count: int, length: int, strength: float, generator: torch.Generator, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Draw affine matrices (B, T, 2, 3) and small warps (B, T, 2, 4, 4), both smooth in time."""

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device, generator=generator)

    t = torch.arange(length, device=device, dtype=torch.float32)

    def path(start: float, speed: float) -> Tensor:
        pace = torch.rand(count, 1, device=device, generator=generator) * 2
        wobble = 0.3 * speed * randn(count, length)
        return start * randn(count, 1) + strength * (pace * speed * randn(count, 1) * t + wobble)

    angle, scale = path(0.15, 0.08), torch.exp(-path(0.15, 0.06))
    aspect, shear = torch.exp(path(0.05, 0.02)), path(0.05, 0.03)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [
        torch.stack([cos * aspect, -sin + shear, path(0.1, 0.09)], -1),
        torch.stack([sin, cos / aspect, path(0.1, 0.07)], -1),
    ]
    drift = randn(count, 1, 2, 4, 4) + randn(count, 1, 2, 4, 4) * t[:, None, None, None] / 2
    return torch.stack(rows, -2), 0.02 * strength * drift


def _warp(layer: Tensor, motion: tuple[Tensor, Tensor]) -> Tensor:
    """Resample (B, 4, S, S) along a motion: (B, T, 4, S, S); alpha is zero outside."""
    matrices, bends = motion
    count, length = matrices.shape[:2]
    size = layer.shape[-1]
    grid = F.affine_grid(
        matrices.flatten(0, 1), [count * length, 4, size, size], align_corners=False
    )
    bend = F.interpolate(bends.flatten(0, 1), (size, size), mode="bicubic", align_corners=True)
    grid = grid + bend.permute(0, 2, 3, 1)
    source = layer.repeat_interleave(length, 0)
    colour = F.grid_sample(source[:, :3], grid, padding_mode="reflection", align_corners=False)
    alpha = F.grid_sample(source[:, 3:], grid, padding_mode="zeros", align_corners=False)
    return torch.cat([colour, alpha], 1).unflatten(0, (count, length))


def colour_drift(picture: Tensor, generator: torch.Generator) -> Tensor:
    """Change exposure, tint, sharpness and noise of clips (B, T, 3, S, S), slowly in time."""
    count, length = picture.shape[:2]

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, device=picture.device, generator=generator)

    gain = 1 + 0.15 * randn(count, 1, 1, 1, 1) + 0.05 * randn(count, 1, 3, 1, 1)
    gain = gain + 0.04 * randn(count, length, 1, 1, 1)
    picture = (picture - 128) * gain + 128 + 12 * randn(count, 1, 1, 1, 1)
    if float(randn(1)) > 0.8:
        flat = picture.flatten(0, 1)
        picture = F.avg_pool2d(F.pad(flat, (1, 1, 1, 1), "replicate"), 3, 1).view_as(picture)
    noise = 3 * torch.rand(count, 1, 1, 1, 1, device=picture.device, generator=generator)
    picture = picture + noise * math.sqrt(2) * randn(*picture.shape)
    return picture.clamp(0, 255)
