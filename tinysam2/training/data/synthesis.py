"""Moving pictures from stills: smooth motion, occlusion, leaving and return; in torch, per batch.

Nothing here asks the device for a value, so a GPU is never waited for.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.training.data.camera_effects import colour_drift

OTHER_SHARE = 0.6  # of the clips show another object
COMPANION_SHARE = 0.25  # of these let it move with the target and belong to it
COMPANION_HOLD = 0.85  # of a companion's motion is the target's
LEAST_TOLD = 0.002  # of the first picture: what target and companion must each show of themselves
TWIN_SHARE = 0.2  # of the rest make it the target's mirror image, and another object
TWIN_SHIFT = 0.5  # that a twin is moved aside, in half sides of the picture
PASSER_SHARE = 0.3  # of the clips show one more, the other object of the batch's previous clip
LEAVING_SHARE = 0.3  # of the clips that are long enough let the target leave and come back
LEAVING_LENGTH = 4  # frames of a clip in which an object can be seen, be away and come back
STRENGTHS = (1.0, 1.6, 1.6, 0.6)  # of motion: target, other, passer, background
_FAR = 4.0  # how far it goes, in half sides of the picture
_BENDS = 4  # control points of a bend, along each side


def synthesise(
    layers: Tensor, length: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Animate layers into clips.

    Half of the clips move the whole target picture (camera motion); in the others the target is cut
    out and moves over a background that moves too, and at times leaves the picture and comes back.
    Another object passes above or below, and at times one more.  At times the other object looks
    like the target, and at times it keeps the target company and both are one, as rider and horse.

    Args:
        layers: (B, 3, 4, H, W) uint8: target, other object, background, each RGB and alpha.
        length: frames, T.
        generator: of all random choices, on the device of ``layers``.

    Returns:
        Pictures (B, T, 3, H, W) float32 in [0, 255], masks of the target (B, T, H, W) bool and,
        alike, of the other object, as far as they are seen; a companion's are part of the target's.
    """
    device, count = layers.device, len(layers)

    def coin(share: float) -> Tensor:
        return torch.rand(count, 1, 1, 1, 1, device=device, generator=generator) < share

    is_camera = coin(0.5)
    grids = _grids(layers, length, generator)
    away = _excursions(count, length, generator, device) * ~is_camera.view(-1, 1, 1)
    grids[0] += away[..., None]
    target, other, background = layers.float().unbind(1)
    is_companion = coin(COMPANION_SHARE)
    is_twin = coin(TWIN_SHARE) & ~is_companion
    other = torch.where(is_twin[:, 0], target.flip(-1), other)
    grids[1] = torch.lerp(grids[1], grids[0], COMPANION_HOLD * is_companion[..., 0])
    grids[1][:, :, :1] += TWIN_SHIFT * is_twin[..., 0] * (1 - 2.0 * coin(0.5)[..., 0])
    scene, alpha, behind = _scene(target, background, grids, is_camera)
    passer = _Passing.of(other.roll(1, 0), grids[2], coin(PASSER_SHARE), coin(0.5))
    passing = _Passing.of(other, grids[1], coin(OTHER_SHARE), coin(0.5))
    picture, seen, other_seen = _begun_in_view(*_compose(behind, scene, alpha, passing, passer))
    together = _joined(seen, other_seen, is_companion[..., 0])
    return colour_drift(picture, generator), together, other_seen


def _scene(
    target: Tensor, background: Tensor, grids: list[Tensor], is_camera: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Move the target's picture and the background.

    Returns:
        The target's picture, its alpha in [0, 1], and what lies behind it.
    """
    scene = _sample(target[:, :3], grids[0], "border")
    alpha = _sample(target[:, 3:], grids[0], "zeros") / 255
    # Camera clips: the target's own picture lies on the background.  Mirrored beyond its edges it
    # would show the target again, where it must not be found.
    inside = _sample(torch.ones_like(target[:, 3:]), grids[0], "zeros")
    behind = _sample(background[:, :3], grids[3], "reflection")
    return scene, alpha, torch.lerp(behind, scene, inside * is_camera)


def _grids(layers: Tensor, length: int, generator: torch.Generator) -> list[Tensor]:
    """Draw where the pixels of each layer come from: (B, T, 2, H * W) of each of `STRENGTHS`."""
    height, width = layers.shape[-2:]
    basis = _grid_basis((height, width), layers.device)
    moves = [_motion(len(layers), length, s, generator, layers.device) for s in STRENGTHS]
    return [_turned_upright(move, width / height) @ basis for move in moves]


class _Passing(NamedTuple):
    """An object's colours (B, T, 3, H, W), and its alpha (B, T, 1, H, W) in [0, 1].

    Below: the object lies behind the target and never hides it; one of the two alphas is zero.
    """

    colour: Tensor
    below: Tensor
    above: Tensor

    @staticmethod
    def of(source: Tensor, grid: Tensor, is_shown: Tensor, is_above: Tensor) -> "_Passing":
        """Move an object (B, 4, H, W) that is shown, and above, in some of the clips."""
        moved = _sample(source, grid, "zeros")
        alpha = moved[:, :, 3:] / 255 * is_shown
        return _Passing(moved[:, :, :3], alpha * ~is_above, alpha * is_above)


def _compose(
    picture: Tensor, target: Tensor, alpha: Tensor, other: _Passing, passer: _Passing
) -> tuple[Tensor, Tensor, Tensor]:
    """Lay things over a background; return pictures and what is seen of target and other."""
    picture = torch.lerp(picture, passer.colour, passer.below)
    picture = torch.lerp(picture, other.colour, other.below)
    picture = torch.lerp(picture, target, alpha)
    picture = torch.lerp(picture, other.colour, other.above)
    picture = torch.lerp(picture, passer.colour, passer.above)
    free = 1 - passer.above
    seen = alpha * (1 - other.above) * free
    other_seen = (other.above + other.below * (1 - alpha)) * free
    return picture, seen[:, :, 0] > 0.5, other_seen[:, :, 0] > 0.5


def _begun_in_view(picture: Tensor, seen: Tensor, other_seen: Tensor) -> Iterator[Tensor]:
    """Turn clips round that begin without the target: tracking begins where it is seen."""
    area = seen.flatten(2).sum(2)
    turned = area[:, 0] < area[:, -1] / 2
    for clips in (picture, seen, other_seen):
        yield torch.where(turned.view(-1, *[1] * (clips.ndim - 1)), clips.flip(1), clips)


def _joined(seen: Tensor, other_seen: Tensor, is_companion: Tensor) -> Tensor:
    """Add companions (B, 1, 1, 1) to the target, if the first frame tells that they are of it."""
    shown = torch.stack([seen[:, 0], other_seen[:, 0]]).float().mean((2, 3)).amin(0)
    is_told = (shown > LEAST_TOLD).view(-1, 1, 1, 1)
    return seen | (other_seen & is_companion & is_told)


def _motion(
    count: int, length: int, strength: float, generator: torch.Generator, device: torch.device
) -> Tensor:
    """Draw affine matrices and small bends (B, T, 2, 3 + 16), both smooth in time."""

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device, generator=generator)

    t = torch.arange(length, device=device, dtype=torch.float32)

    def path(start: float, speed: float) -> Tensor:
        pace = 4 * torch.rand(count, 1, device=device, generator=generator) ** 2  # mostly slow
        wobble = 0.3 * speed * randn(count, length)
        return start * randn(count, 1) + strength * (pace * speed * randn(count, 1) * t + wobble)

    angle, scale = path(0.15, 0.08), torch.exp(-path(0.15, 0.06))
    aspect, shear = torch.exp(path(0.05, 0.02)), path(0.05, 0.03)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [
        torch.stack([cos * aspect, -sin + shear, path(0.1, 0.09)], -1),
        torch.stack([sin, cos / aspect, path(0.1, 0.07)], -1),
    ]
    drift = randn(count, 1, 2, _BENDS**2) + randn(count, 1, 2, _BENDS**2) * t[:, None, None] / 2
    return torch.cat([torch.stack(rows, -2), 0.02 * strength * drift], -1)


def _turned_upright(motion: Tensor, aspect: float) -> Tensor:
    """Let what `_motion` draws (..., 2, 19) turn pictures of an aspect without shearing them."""
    scale = motion.new_ones(2, motion.shape[-1])
    scale[0, 1], scale[1, 0] = 1 / aspect, aspect
    return motion * scale


def _grid_basis(size_hw: tuple[int, int], device: torch.device) -> Tensor:
    """Return what `_motion` weighs: x, y, 1 and the waves of each control point (19, H * W)."""
    y, x = ((torch.arange(n, device=device, dtype=torch.float32) * 2 + 1) / n - 1 for n in size_hw)
    plane = torch.stack([x.expand(size_hw), y[:, None].expand(size_hw)])
    points = torch.eye(_BENDS**2, device=device).view(-1, 1, _BENDS, _BENDS)
    waves = F.interpolate(points, size_hw, mode="bicubic", align_corners=True)
    return torch.cat([plane, torch.ones_like(plane[:1]), waves[:, 0]]).flatten(1)


def _excursions(
    count: int, length: int, generator: torch.Generator, device: torch.device
) -> Tensor:
    """Draw ways (B, T, 2) out of the picture and back: zero at first and last, far in between."""
    chance, angle, leaves, stays, pace = torch.rand(5, count, 1, device=device, generator=generator)
    if length < LEAVING_LENGTH:
        return torch.zeros(count, length, 2, device=device)
    t = torch.arange(length, device=device)
    first = 1 + (leaves * (length - 2)).floor()
    last = first + (stays * (length - 1 - first)).floor()
    distance = torch.maximum(first - t, t - last).clamp(min=0)  # in frames, from being away
    slowest = torch.minimum(torch.minimum(first, length - 1 - last), 0.5 + 2 * pace)
    far = _FAR * (1 - distance / slowest).clamp(min=0) * (chance < LEAVING_SHARE)
    angle = angle * (2 * torch.pi)
    return torch.stack([far * angle.cos(), far * angle.sin()], -1)


def _sample(layer: Tensor, grid: Tensor, padding: str) -> Tensor:
    """Resample (B, C, H, W) at (B, T, 2, H * W): (B, T, C, H, W)."""
    height, width = layer.shape[-2:]
    tall = grid.transpose(2, 3).reshape(len(grid), -1, width, 2)  # frames below each other
    moved = F.grid_sample(layer, tall, padding_mode=padding, align_corners=False)
    return moved.unflatten(2, (-1, height)).transpose(1, 2)
