"""Noise, rounded shapes and layered images: what scenery and actors are painted with."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FloatImage = NDArray[np.float32]
Point = tuple[float, float]
Color = tuple[float, float, float]

LIGHT = np.array(
    [-0.48, -0.66, 0.58], np.float32
)  # towards the sun: from the left, above, in front
SHADOW_SLANT = 0.75
SHADOW_FLATNESS = 0.24
SHADOW_STRENGTH = 0.5


@dataclass(frozen=True, slots=True)
class Sprite:
    """An image with holes that can be placed in a scene.

    Args:
        rgba: (H, W, 4) in [0, 1]; the colors are premultiplied by the last channel.
        foot_xy: the point of the image that is put where the sprite stands.
    """

    rgba: FloatImage
    foot_xy: Point

    def placed(self, at_xy: Point, scale: float) -> NDArray[np.float64]:
        """Return the (2, 3) matrix from sprite to scene coordinates."""
        (x, y), (foot_x, foot_y) = at_xy, self.foot_xy
        return np.array([[scale, 0, x - scale * foot_x], [0, scale, y - scale * foot_y]])


class Scene:
    """An image that is painted from back to front and knows how much of each object stays visible.

    Args:
        backdrop: (H, W, 3) in [0, 1]; painted over in place.
        object_count: number of objects whose coverage is kept.
    """

    def __init__(self, backdrop: FloatImage, object_count: int) -> None:
        self.image = backdrop
        self.coverage = np.zeros((object_count, *backdrop.shape[:2]), np.float32)

    def paste(
        self, sprite: Sprite, at_xy: Point, scale: float = 1.0, object_index: int | None = None
    ) -> None:
        """Paint ``sprite`` over what is there; with an index, it is (a part of) that object."""
        matrix = sprite.placed(at_xy, scale)
        warped, (rows, columns) = self._warp(sprite.rgba, matrix, margin=2)
        if warped is None:
            return
        hidden = 1 - warped[..., 3]
        self.image[rows, columns] *= hidden[..., None]
        self.image[rows, columns] += warped[..., :3]
        self.coverage[:, rows, columns] *= hidden
        if object_index is not None:
            self.coverage[object_index, rows, columns] += warped[..., 3]

    def cast_shadow(
        self, sprite: Sprite, at_xy: Point, ground_y: float, scale: float = 1.0
    ) -> None:
        """Darken the ground where ``sprite``, placed at ``at_xy``, keeps the sun away."""
        slant = np.array(
            [
                [1, -SHADOW_SLANT, SHADOW_SLANT * ground_y],
                [0, SHADOW_FLATNESS, (1 - SHADOW_FLATNESS) * ground_y],
            ]
        )
        matrix = slant @ np.vstack([sprite.placed(at_xy, scale), [0, 0, 1]])
        warped, (rows, columns) = self._warp(sprite.rgba[..., 3], matrix, margin=24)
        if warped is not None:
            shade = cv2.GaussianBlur(warped, (0, 0), 5.0)
            self.image[rows, columns] *= 1 - SHADOW_STRENGTH * shade[..., None]

    def _warp(
        self, image: FloatImage, matrix: NDArray[np.float64], margin: int
    ) -> tuple[FloatImage | None, tuple[slice, slice]]:
        height, width = image.shape[:2]
        corners = matrix @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
        limits = np.array([self.image.shape[1], self.image.shape[0]])
        low = np.clip(np.floor(corners.min(1)).astype(int) - margin, 0, limits)
        high = np.clip(np.ceil(corners.max(1)).astype(int) + margin, 0, limits)
        region = slice(low[1], high[1]), slice(low[0], high[0])
        if (high <= low).any():
            return None, region
        shifted = matrix - np.array([[0, 0, low[0]], [0, 0, low[1]]])
        width, height = (high - low).tolist()
        return np.asarray(cv2.warpAffine(image, shifted, (width, height)), np.float32), region


def noise(
    rng: np.random.Generator, size_hw: tuple[int, int], cell_hw: tuple[float, float], octaves: int
) -> FloatImage:
    """Draw smooth noise with finer and finer detail.

    Args:
        rng: source of randomness; advanced.
        size_hw: size of the result in pixels.
        cell_hw: size in pixels of the coarsest detail; each octave halves it, and its weight.
        octaves: number of levels of detail.

    Returns:
        ``size_hw``, mean near 0, about -1 to 1.
    """
    height, width = size_hw
    total = np.zeros(size_hw, np.float32)
    for octave in range(octaves):
        rows, columns = (
            max(2, round(n * 2**octave / cell)) for n, cell in zip(size_hw, cell_hw, strict=True)
        )
        grid = rng.uniform(-1, 1, (rows + 3, columns + 3)).astype(np.float32)
        fine = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        total += np.float32(0.5**octave) * fine
    return total


def blend(first: FloatImage | Color, second: FloatImage | Color, amount: FloatImage) -> FloatImage:
    """Mix two colors or images; ``amount`` is (H, W) in [0, 1], the fraction of the second."""
    fraction = amount[..., None]
    mixed = np.asarray(first) * (1 - fraction) + np.asarray(second) * fraction
    return np.asarray(mixed, np.float32)


def ramp(values: FloatImage, low: float, high: float) -> FloatImage:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def rounded(mask: NDArray[np.uint8]) -> FloatImage:
    """Guess the surface of a flat shape as if it were inflated.

    Args:
        mask: (H, W), above 127 inside.

    Returns:
        (H, W, 3) unit normals: x right, y down, z towards the viewer.
    """
    depth = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 5)
    radius = float(depth.max()) + 1e-3
    surface = np.sqrt(np.clip(depth * (2 * radius - depth), 0, None)).astype(np.float32)
    surface = cv2.GaussianBlur(surface, (0, 0), max(1.0, 0.12 * radius))
    slope_x = cv2.Sobel(surface, cv2.CV_32F, 1, 0, scale=1 / 8)
    slope_y = cv2.Sobel(surface, cv2.CV_32F, 0, 1, scale=1 / 8)
    normals = np.dstack([-slope_x, -slope_y, np.ones_like(slope_x)])
    return np.asarray(normals / np.linalg.norm(normals, axis=2, keepdims=True), np.float32)


def lit(normals: FloatImage, ambient: float = 0.42) -> FloatImage:
    """Return how bright a matt surface looks, (H, W) in [0, 1.1]."""
    sun = np.clip(normals @ LIGHT, 0, None)
    sky = 0.5 - 0.5 * normals[..., 1]
    return np.asarray(ambient * (0.6 + 0.5 * sky) + (1.05 - ambient) * sun, np.float32)
