"""Synthesizes clips from stills: smooth motion, occlusion, leaving and returning.

Works on batches in torch and never reads a value back from the device, so it does not wait for a
GPU.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.training.data.camera_effects import color_drift

OTHER_FRACTION = 0.6
"""Fraction of the clips that show a second object, the distractor."""
ATTACHED_FRACTION = 0.25
"""Fraction of the distractors that are attached: they move with the target and are part of it."""
ATTACHED_MOTION = 0.85
"""Fraction of an attached distractor's motion that is the target's."""
MIN_SHOWN_AREA = 0.002
"""Fraction of the first image that target and attached distractor must each cover."""
MOST_GROWTH = 16.0
"""How many times its first visible area a target may cover on the last frame."""
LOOKALIKE_FRACTION = 0.2
"""Fraction of the other distractors that are look-alikes: mirror images of the target."""
LOOKALIKE_SHIFT = 0.5
"""How far a look-alike is moved aside, in half sides of the image."""
OCCLUDER_FRACTION = 0.3
"""Fraction of the clips with an occluder, the distractor of the batch's previous clip."""
LEAVING_FRACTION = 0.3
"""Fraction of the clips of at least `LEAVING_LENGTH` frames whose target leaves and returns."""
LEAVING_LENGTH = 4
"""Fewest frames in which an object can be seen, be away and return."""
STRENGTHS = (1.0, 1.6, 1.6, 0.6)
"""Strength of motion of target, distractor, occluder and background, relative to the target's."""
_FAR = 4.0  # Distance that a target moves away when it leaves, in half sides of the image.
_BENDS = 4  # Control points of a bend along each side of the image.


def synthesize(
    layers: Tensor, length: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Animate layers into clips.

    In half of the clips the whole image of the target moves (camera motion).  In the others the
    target is cut out and moves over a background that moves too; sometimes it leaves the image and
    returns.  A distractor may pass above or below the target, and so may an occluder.  Some
    distractors are look-alikes of the target; some are attached to it and belong to its mask.

    Args:
        layers: (B, 3, 4, H, W) uint8: target, distractor, background, each RGB and alpha.
        length: frames, T.
        generator: of all random choices, on the device of ``layers``.

    Returns:
        Images (B, T, 3, H, W) float32 in [0, 255], and visible masks (B, T, H, W) bool of target
        and distractor; the target's include those of an attached distractor.
    """
    device, count = layers.device, len(layers)

    def coin(fraction: float) -> Tensor:
        return torch.rand(count, 1, 1, 1, 1, device=device, generator=generator) < fraction

    is_camera = coin(0.5)
    grids = _grids(layers, length, generator)
    away = _excursions(count, length, generator, device) * ~is_camera.view(-1, 1, 1)
    grids[0] += away[..., None]
    target, other, background = layers.float().unbind(1)
    is_attached = coin(ATTACHED_FRACTION)
    is_lookalike = coin(LOOKALIKE_FRACTION) & ~is_attached
    other = torch.where(is_lookalike[:, 0], target.flip(-1), other)
    grids[1] = torch.lerp(grids[1], grids[0], ATTACHED_MOTION * is_attached[..., 0])
    grids[1][:, :, :1] += LOOKALIKE_SHIFT * is_lookalike[..., 0] * (1 - 2.0 * coin(0.5)[..., 0])
    scene, alpha, behind = _scene(target, background, grids, is_camera)
    occluder = _Moving.of(other.roll(1, 0), grids[2], coin(OCCLUDER_FRACTION), coin(0.5))
    passing = _Moving.of(other, grids[1], coin(OTHER_FRACTION), coin(0.5))
    image, seen, other_seen = _starting_in_view(*_compose(behind, scene, alpha, passing, occluder))
    together = _with_attached(seen, other_seen, is_attached[..., 0])
    return color_drift(image, generator), together, other_seen


def _scene(
    target: Tensor, background: Tensor, grids: list[Tensor], is_camera: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Move the target's image and the background.

    Returns:
        The target's image, its alpha in [0, 1], and the image behind it.
    """
    scene = _sample(target[:, :3], grids[0], "border")
    alpha = _sample(target[:, 3:], grids[0], "zeros") / 255
    # Camera clips: the target's own image lies on the background.  Mirrored beyond its edges it
    # would show the target again, where it must not be found.
    inside = _sample(torch.ones_like(target[:, 3:]), grids[0], "zeros")
    behind = _sample(background[:, :3], grids[3], "reflection")
    return scene, alpha, torch.lerp(behind, scene, inside * is_camera)


def _grids(layers: Tensor, length: int, generator: torch.Generator) -> list[Tensor]:
    """Draw a sampling grid (B, T, 2, H * W) for each layer, in the order of `STRENGTHS`."""
    height, width = layers.shape[-2:]
    basis = _grid_basis((height, width), layers.device)
    moves = [_motion(len(layers), length, s, generator, layers.device) for s in STRENGTHS]
    return [_turned_upright(move, width / height) @ basis for move in moves]


class _Moving(NamedTuple):
    """A moving object: colors (B, T, 3, H, W) and alphas (B, T, 1, H, W) in [0, 1].

    ``below`` is the alpha of an object behind the target, ``above`` of one that hides it; one of
    them is zero.
    """

    color: Tensor
    below: Tensor
    above: Tensor

    @staticmethod
    def of(source: Tensor, grid: Tensor, is_shown: Tensor, is_above: Tensor) -> "_Moving":
        """Move an object (B, 4, H, W) that is shown, and above, in some of the clips."""
        moved = _sample(source, grid, "zeros")
        alpha = moved[:, :, 3:] / 255 * is_shown
        return _Moving(moved[:, :, :3], alpha * ~is_above, alpha * is_above)


def _compose(
    image: Tensor, target: Tensor, alpha: Tensor, other: _Moving, occluder: _Moving
) -> tuple[Tensor, Tensor, Tensor]:
    """Composite all layers; return images and the visible masks of target and distractor."""
    image = torch.lerp(image, occluder.color, occluder.below)
    image = torch.lerp(image, other.color, other.below)
    image = torch.lerp(image, target, alpha)
    image = torch.lerp(image, other.color, other.above)
    image = torch.lerp(image, occluder.color, occluder.above)
    free = 1 - occluder.above
    seen = alpha * (1 - other.above) * free
    other_seen = (other.above + other.below * (1 - alpha)) * free
    return image, seen[:, :, 0] > 0.5, other_seen[:, :, 0] > 0.5


def _starting_in_view(image: Tensor, seen: Tensor, other_seen: Tensor) -> Iterator[Tensor]:
    """Reverse clips that start without the target, because tracking starts where it is visible.

    Targets that grow or come into view are not reversed, as tracking has to follow them.
    """
    area = seen.flatten(2).float().mean(2)
    first, last = area[:, 0], area[:, -1]
    turned = (first < last) & ((first < MIN_SHOWN_AREA) | (first < last / MOST_GROWTH))
    for clips in (image, seen, other_seen):
        yield torch.where(turned.view(-1, *[1] * (clips.ndim - 1)), clips.flip(1), clips)


def _with_attached(seen: Tensor, other_seen: Tensor, is_attached: Tensor) -> Tensor:
    """Add attached distractors (B, 1, 1, 1) to the target where the first frame shows both."""
    shown = torch.stack([seen[:, 0], other_seen[:, 0]]).float().mean((2, 3)).amin(0)
    is_shown_first = (shown > MIN_SHOWN_AREA).view(-1, 1, 1, 1)
    return seen | (other_seen & is_attached & is_shown_first)


def _motion(
    count: int, length: int, strength: float, generator: torch.Generator, device: torch.device
) -> Tensor:
    """Draw affine matrices and small bends, (B, T, 2, 3 + 16), both smooth in time."""

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device, generator=generator)

    t = torch.arange(length, device=device, dtype=torch.float32)

    def path(start: float, speed: float) -> Tensor:
        pace = 4 * torch.rand(count, 1, device=device, generator=generator) ** 2  # mostly slow
        wobble = 0.3 * speed * randn(count, length)
        return start * randn(count, 1) + strength * (pace * speed * randn(count, 1) * t + wobble)

    angle, scale = path(0.15, 0.08), torch.exp(-path(0.15, 0.1))
    aspect, shear = torch.exp(path(0.05, 0.02)), path(0.05, 0.03)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [
        torch.stack([cos * aspect, -sin + shear, path(0.1, 0.09)], -1),
        torch.stack([sin, cos / aspect, path(0.1, 0.07)], -1),
    ]
    drift = randn(count, 1, 2, _BENDS**2) + randn(count, 1, 2, _BENDS**2) * t[:, None, None] / 2
    return torch.cat([torch.stack(rows, -2), 0.02 * strength * drift], -1)


def _turned_upright(motion: Tensor, aspect: float) -> Tensor:
    """Adapt motion (..., 2, 19) to an aspect ratio, so that rotation does not shear the image."""
    scale = motion.new_ones(2, motion.shape[-1])
    scale[0, 1], scale[1, 0] = 1 / aspect, aspect
    return motion * scale


def _grid_basis(size_hw: tuple[int, int], device: torch.device) -> Tensor:
    """Return the basis (19, H * W) that `_motion` weighs: x, y, 1 and control points' waves."""
    y, x = ((torch.arange(n, device=device, dtype=torch.float32) * 2 + 1) / n - 1 for n in size_hw)
    plane = torch.stack([x.expand(size_hw), y[:, None].expand(size_hw)])
    points = torch.eye(_BENDS**2, device=device).view(-1, 1, _BENDS, _BENDS)
    waves = F.interpolate(points, size_hw, mode="bicubic", align_corners=True)
    return torch.cat([plane, torch.ones_like(plane[:1]), waves[:, 0]]).flatten(1)


def _excursions(
    count: int, length: int, generator: torch.Generator, device: torch.device
) -> Tensor:
    """Draw paths (B, T, 2) out of the image and back; the first and the last frame are zero."""
    chance, angle, leaves, stays, pace = torch.rand(5, count, 1, device=device, generator=generator)
    if length < LEAVING_LENGTH:
        return torch.zeros(count, length, 2, device=device)
    t = torch.arange(length, device=device)
    first = 1 + (leaves * (length - 2)).floor()
    last = first + (stays * (length - 1 - first)).floor()
    distance = torch.maximum(first - t, t - last).clamp(min=0)  # in frames, from being away
    slowest = torch.minimum(torch.minimum(first, length - 1 - last), 0.5 + 2 * pace)
    far = _FAR * (1 - distance / slowest).clamp(min=0) * (chance < LEAVING_FRACTION)
    angle = angle * (2 * torch.pi)
    return torch.stack([far * angle.cos(), far * angle.sin()], -1)


def _sample(layer: Tensor, grid: Tensor, padding: str) -> Tensor:
    """Resample (B, C, H, W) at (B, T, 2, H * W): (B, T, C, H, W)."""
    height, width = layer.shape[-2:]
    tall = grid.transpose(2, 3).reshape(len(grid), -1, width, 2)  # frames below each other
    moved = F.grid_sample(layer, tall, padding_mode=padding, align_corners=False)
    return moved.unflatten(2, (-1, height)).transpose(1, 2)
