"""The landscape: painted once, seen by a camera that moves along it."""

from dataclasses import dataclass

import cv2
import numpy as np

from .painting import (
    Color,
    FloatImage,
    Point,
    Scene,
    Sprite,
    blend,
    lit,
    noise,
    ramp,
    rounded,
)

SIZE_HW = (720, 1280)
HORIZON_Y = 372
TRACK_Y = 590  # rows here move exactly with the camera
TRAVEL_X = 2100  # how far the camera goes
NEAREST_DEPTH = 1.5  # rows at the bottom edge move this much faster than the track
HAZE: Color = (0.80, 0.87, 0.92)
BARK: Color = (0.36, 0.27, 0.20)


@dataclass(frozen=True, slots=True)
class Landscape:
    """Everything that does not move by itself.

    Args:
        strips: far to near: RGBA images and how fast each passes, 1 being the track.
        meadow: RGB image of the ground; each row passes at its own speed.
        behind: trees beyond the track: sprite, place in their own depth, speed.
        tree: the tree between track and camera.
        fringe: blades of grass close to the camera.
    """

    strips: list[tuple[FloatImage, float]]
    meadow: FloatImage
    behind: list[tuple[Sprite, Point, float]]
    tree: Sprite
    fringe: FloatImage

    def backdrop(self, camera_x: float) -> FloatImage:
        """Paint all that is behind the actors, seen from ``camera_x``: (720, 1280, 3)."""
        scene = Scene(np.zeros((*SIZE_HW, 3), np.float32), 0)
        for strip, speed in self.strips:
            scene.paste(Sprite(strip, (0, 0)), (-camera_x * speed, 0))
        scene.image[HORIZON_Y:] = self._ground(camera_x)
        for sprite, (x, y), speed in self.behind:
            scene.cast_shadow(sprite, (x - camera_x * speed, y), y)
            scene.paste(sprite, (x - camera_x * speed, y))
        return scene.image

    def paste_fringe(self, scene: Scene, camera_x: float) -> None:
        """Paint the out-of-focus grass over all the rest."""
        height = SIZE_HW[0] - self.fringe.shape[0] + 30
        scene.paste(Sprite(self.fringe, (0, 0)), (-camera_x * 2.0, height))

    def _ground(self, camera_x: float) -> FloatImage:
        rows = np.arange(HORIZON_Y, SIZE_HW[0], dtype=np.float32)
        columns = np.arange(SIZE_HW[1], dtype=np.float32)
        map_x = columns[None] + camera_x * row_speed(rows)[:, None]
        map_y = np.broadcast_to(rows[:, None] - HORIZON_Y, map_x.shape)
        seen = cv2.remap(
            self.meadow,
            map_x.astype(np.float32),
            np.ascontiguousarray(map_y),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        return np.asarray(seen, np.float32)


def row_speed(y: FloatImage) -> FloatImage:
    """Return how fast ground at screen row ``y`` passes, 1 at the track."""
    near = (y - TRACK_Y) / (SIZE_HW[0] - TRACK_Y) * (NEAREST_DEPTH - 1)
    far = (y - TRACK_Y) / (TRACK_Y - HORIZON_Y) * 0.6
    return np.asarray(1 + np.where(y > TRACK_Y, near, far), np.float32)


def paint_landscape(seed: int) -> Landscape:
    """Paint the whole landscape; the same seed gives the same one."""
    rng = np.random.default_rng([seed, 1])
    strips = [(_sky(rng), 0.04), (_mountains(rng), 0.10), (_forest(rng), 0.26)]
    behind = []
    for x in np.arange(150, 2900, 330) + rng.uniform(-110, 110, 9):
        y = rng.uniform(404, 440)
        speed = float(row_speed(np.array(y, np.float32)))
        size = int(rng.uniform(190, 290) * (y - HORIZON_Y + 60) / 110)
        behind.append((_tree(rng, size, size, leaf=5.0, trunk=size / 13), (float(x), y), speed))
    behind.sort(key=lambda placed: placed[1][1])
    tree = _tree(rng, 900, 760, leaf=9.0, trunk=148.0)
    return Landscape(strips, _meadow(rng), behind, tree, _fringe(rng))


def _strip_width(speed: float) -> int:
    return SIZE_HW[1] + int(TRAVEL_X * speed) + 40


def _opaque(rgb: FloatImage, alpha: FloatImage) -> FloatImage:
    return np.dstack([rgb * alpha[..., None], alpha]).astype(np.float32)


def _sky(rng: np.random.Generator) -> FloatImage:
    size = (HORIZON_Y + 20, _strip_width(0.04))
    height = np.linspace(0, 1, size[0], dtype=np.float32)[:, None] + np.zeros(size, np.float32)
    sky = blend((0.27, 0.50, 0.80), HAZE, height**0.8)
    puffs = noise(rng, size, (150, 420), 6)
    clouds = ramp(puffs + 0.25 * height, 0.15, 1.0)
    underside = ramp(np.roll(puffs, -14, axis=0), 0.2, 1.2)
    white = blend((1.0, 0.99, 0.97), (0.80, 0.83, 0.88), underside)
    return _opaque(blend(sky, white, 0.85 * clouds), np.ones(size, np.float32))


def _ridge(
    rng: np.random.Generator, width: int, top: float, relief: float, cell: float
) -> FloatImage:
    return np.asarray(top + relief * noise(rng, (1, width), (1, cell), 6)[0], np.float32)


def _below(line: FloatImage, height: int) -> FloatImage:
    return ramp(np.arange(height, dtype=np.float32)[:, None] - line[None], -0.8, 0.8)


def _mountains(rng: np.random.Generator) -> FloatImage:
    size = (HORIZON_Y + 20, _strip_width(0.10))
    image = np.zeros((*size, 4), np.float32)
    for top, haze in ((210.0, 0.62), (275.0, 0.45)):
        line = _ridge(rng, size[1], top, 62, 360)
        rock = noise(rng, size, (90, 60), 6)
        slope = np.asarray(
            cv2.Sobel(cv2.GaussianBlur(rock, (0, 0), 1.5), cv2.CV_32F, 1, 1), np.float32
        )
        rgb = blend((0.33, 0.40, 0.47), (0.62, 0.64, 0.66), ramp(-slope, -0.5, 0.5))
        depth = np.arange(size[0], dtype=np.float32)[:, None] - line[None]
        snow = ramp(24 - depth + 26 * rock, -4, 14) * ramp(235 - line, 0, 45)[None]
        rgb = blend(rgb, (0.95, 0.96, 0.98), snow)
        rgb = blend(rgb, HAZE, np.clip(haze + 0.0018 * depth, 0, 0.9))
        alpha = _below(line, size[0])
        image = image * (1 - alpha[..., None]) + _opaque(rgb, alpha)
    return image


def _forest(rng: np.random.Generator) -> FloatImage:
    size = (HORIZON_Y + 20, _strip_width(0.26))
    line = _ridge(rng, size[1], 322, 24, 300)
    alpha = _below(line, size[0])
    image = _opaque(np.full((*size, 3), (0.33, 0.43, 0.38), np.float32), alpha)
    for step in range(9):
        nearness = step / 8
        for x in rng.uniform(0, size[1], size[1] // 9):
            base = line[int(x)] + (size[0] - line[int(x)]) * nearness + rng.uniform(0, 8)
            tall, wide = rng.uniform(26, 44) * (0.7 + 0.5 * nearness), rng.uniform(6, 10)
            shade = rng.uniform(0.72, 1.12) * (1 - 0.25 * nearness)
            green = shade * np.array([0.30, 0.42, 0.32]) * (1, 1 + 0.1 * nearness, 0.9)
            color = (*(0.72 * green + 0.28 * np.array(HAZE) * (1 - 0.7 * nearness)).tolist(), 1.0)
            for tier in range(3):
                top = base - tall * (1 - 0.27 * tier)
                half = wide * (0.5 + 0.25 * tier)
                corners = [(x, top), (x - half, top + tall * 0.5), (x + half, top + tall * 0.5)]
                cv2.fillConvexPoly(image, np.round(corners).astype(np.int32), color, cv2.LINE_AA)
    return image


def _meadow(rng: np.random.Generator) -> FloatImage:
    size = (SIZE_HW[0] - HORIZON_Y, _strip_width(NEAREST_DEPTH))
    near = np.linspace(0, 1, size[0], dtype=np.float32)[:, None] + np.zeros(size, np.float32)
    ground = blend((0.52, 0.62, 0.40), (0.25, 0.40, 0.13), near**0.5)
    patches = noise(rng, size, (60, 420), 5)
    ground = blend(ground, (0.66, 0.62, 0.34), 0.55 * ramp(patches, 0.1, 1.1))
    ground = np.ascontiguousarray(ground * (1 + 0.10 * noise(rng, size, (8, 20), 3))[..., None])
    count = 52_000
    rows = np.sort(rng.uniform(0, 1, count) ** 0.75) * (size[0] + 20)
    columns = rng.uniform(0, size[1], count)
    lean, stretch, shade = (
        rng.normal(0, 0.35, count),
        rng.uniform(0.6, 1.4, count),
        rng.normal(0, 1, count),
    )
    for x, y, bend, tall, light in zip(columns, rows, lean, stretch, shade, strict=True):
        nearness = y / size[0]
        length = (3 + 23 * nearness) * tall
        color = ground[min(int(y), size[0] - 1), int(x)] * (1 + 0.17 * light)
        tip = round(x + bend * length), round(y - length)
        cv2.line(
            ground, (round(x), round(y)), tip, color.tolist(), 1 + int(1.6 * nearness), cv2.LINE_AA
        )
    _strew_flowers(rng, ground)
    return ground


def _strew_flowers(rng: np.random.Generator, ground: FloatImage) -> None:
    height, width = ground.shape[:2]
    colors = [(0.97, 0.96, 0.92), (0.95, 0.83, 0.25), (0.66, 0.52, 0.80)]
    for _ in range(1500):
        nearness = rng.uniform(0.04, 1)
        center = int(rng.uniform(0, width)), int(nearness * height)
        color = colors[rng.choice(3, p=[0.5, 0.35, 0.15])]
        size = 0.8 + 3.4 * nearness
        axes = max(1, round(size)), max(1, round(0.7 * size))
        cv2.ellipse(ground, center, axes, 0, 0, 360, color, -1, cv2.LINE_AA)


def _tree(rng: np.random.Generator, height: int, width: int, leaf: float, trunk: float) -> Sprite:
    """Grow a tree that fills ``height`` x ``width``, of leaves and with a trunk of these sizes."""
    crown_y = 0.30 * height
    image = _trunk(rng, (height, width), trunk)
    image[: int(crown_y)] = 0
    _add_leaves(rng, image, crown_y, leaf)
    _add_tufts(rng, image, trunk)
    return Sprite(image, (width / 2, height - 6))


def _add_leaves(rng: np.random.Generator, image: FloatImage, crown_y: float, leaf: float) -> None:
    height, width = image.shape[:2]
    count = int(1.1 * width * height / leaf**2)
    angle, reach = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
    lobes = 1 + sum(
        size * np.sin(times * angle + rng.uniform(0, 7))
        for times, size in ((3, 0.09), (5, 0.07), (8, 0.05), (13, 0.04))
    )
    dx, dy = reach * lobes * np.cos(angle), reach * lobes * np.sin(angle)
    order = np.argsort(rng.normal(0, 0.3, count) - dy)
    for x, y, turn in zip(dx[order], dy[order], rng.uniform(0, 180, count), strict=True):
        clump = 0.16 * np.sin(7 * x + 3 * y) * np.sin(6 * y - 4 * x)
        sun = np.clip(0.60 - 0.32 * x - 0.52 * y + clump + rng.normal(0, 0.13), 0.10, 1.3)
        color = (0.10 + 0.40 * sun, 0.19 + 0.45 * sun, 0.06 + 0.17 * sun, 1.0)
        center = int(width * (0.5 + 0.40 * x)), int(crown_y + 0.25 * height * y)
        axes = max(1, int(leaf * rng.uniform(0.6, 1.2))), max(1, int(leaf * 0.5))
        cv2.ellipse(image, center, axes, turn, 0, 360, color, -1, cv2.LINE_AA)


def _add_tufts(rng: np.random.Generator, image: FloatImage, thick: float) -> None:
    """Let grass grow over the foot of the trunk."""
    height, width = image.shape[:2]
    for _ in range(int(2.5 * thick)):
        x, y = width / 2 + rng.normal(0, 0.52) * thick, height - rng.uniform(1, 0.10 * thick + 2)
        tip = round(x + rng.normal(0, 0.06) * thick), round(y - rng.uniform(0.05, 0.2) * thick)
        green = rng.uniform(0.75, 1.2) * np.array([0.29, 0.43, 0.16])
        color, wide = (*green.tolist(), 1.0), 1 + int(thick / 60)
        cv2.line(image, (round(x), round(y)), tip, color, wide, cv2.LINE_AA)


def _trunk(rng: np.random.Generator, size_hw: tuple[int, int], thick: float) -> FloatImage:
    height, width = size_hw
    rows = np.arange(height)
    flare = 1 + 0.55 * np.exp(-(height - rows) / (0.45 * thick)) - 0.22 * (1 - rows / height)
    wobble = 0.10 * thick * noise(rng, (1, height), (1, height / 3), 3)[0]
    left, right = (width / 2 + wobble + side * thick / 2 * flare for side in (-1, 1))
    outline = np.vstack([np.column_stack([left, rows]), np.column_stack([right, rows])[::-1]])
    mask = np.zeros(size_hw, np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    grooves = noise(rng, size_hw, (thick * 1.4, thick / 6), 4)
    bark = np.array(BARK, np.float32) * (1 + 0.42 * grooves)[..., None]
    bark = blend(bark, (0.36, 0.42, 0.22), 0.5 * ramp(noise(rng, size_hw, (90, 60), 4), 0.3, 1.0))
    rgb = np.clip(bark * 1.25 * lit(rounded(mask))[..., None], 0, 1)
    return _opaque(rgb.astype(np.float32), (mask / 255).astype(np.float32))


def _fringe(rng: np.random.Generator) -> FloatImage:
    """Paint blurred grass for the bottom edge; it passes twice as fast as the track."""
    size = (150, _strip_width(2.0))
    image = np.zeros((*size, 4), np.float32)
    for _ in range(size[1] // 9):
        x, tall, bend = rng.uniform(0, size[1]), rng.uniform(25, 100), rng.normal(0, 22)
        green = rng.uniform(0.6, 1.2) * np.array([0.27, 0.42, 0.12])
        blade = [(x - 5, size[0]), (x + 5, size[0]), (x + bend, size[0] - tall)]
        color = (*green.tolist(), 1.0)
        cv2.fillConvexPoly(image, np.round(blade).astype(np.int32), color, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 4.0), np.float32)
