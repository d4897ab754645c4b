"""The two objects of the clip: a fox that runs and a ball that bounces."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .painting import LIGHT, Color, FloatImage, Point, Sprite, blend, lit, noise, ramp, rounded

CANVAS_HW = (330, 480)
ORIGIN_XY = (250.0, 312.0)  # the ground under the middle of the fox
FUR: Color = (0.83, 0.40, 0.12)
CREAM: Color = (0.97, 0.92, 0.84)
DARK: Color = (0.16, 0.11, 0.09)
PANELS: tuple[Color, ...] = ((0.86, 0.10, 0.12), (0.96, 0.95, 0.92), (0.10, 0.32, 0.72))

Knob = tuple[float, float, float]  # x, y, radius


class Fox:
    """A fox that runs to the right; its image depends on the phase of its gait alone."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 2])
        self._hair = noise(rng, CANVAS_HW, (7, 26), 3)

    def sprite(self, phase: float) -> Sprite:
        """Draw the fox at ``phase`` of its stride, in strides."""
        turn = 2 * np.pi * phase
        bob = 4.0 * np.sin(2 * turn)
        canvas = np.zeros((*CANVAS_HW, 4), np.float32)
        hip, shoulder = (-66.0, -108.0 + bob), (64.0, -104.0 + 0.6 * bob)
        self._leg(canvas, hip, turn + 2.6, hind=True, shade=0.62)
        self._leg(canvas, shoulder, turn - 0.5, hind=False, shade=0.62)
        self._tail(canvas, turn, bob)
        self._trunk_and_head(canvas, turn, bob)
        self._leg(canvas, hip, turn - 0.2, hind=True, shade=1.0)
        self._leg(canvas, shoulder, turn + 2.3, hind=False, shade=1.0)
        return Sprite(canvas, ORIGIN_XY)

    def _trunk_and_head(self, canvas: FloatImage, turn: float, bob: float) -> None:
        nod = 3.0 * np.sin(2 * turn + 0.9)
        head_y = -172 + bob + nod
        far_ear = [(118, head_y - 12, 12), (122, head_y - 46, 2)]
        self._part(canvas, far_ear, DARK, DARK, 0.9)
        body = [(-72, -112 + bob, 34), (-10, -112 + 0.8 * bob, 31), (62, -114 + 0.6 * bob, 37)]
        self._part(canvas, body, FUR, CREAM)
        neck = [(72, -128 + 0.6 * bob, 30), (108, head_y + 14, 23)]
        self._part(canvas, neck, FUR, CREAM)
        self._part(canvas, [(98, head_y - 12, 13), (96, head_y - 52, 2)], FUR, FUR, 0.92)
        self._part(canvas, [(96, head_y - 36, 6), (96, head_y - 52, 2)], DARK, DARK)
        self._part(
            canvas, [(118, head_y, 25), (146, head_y + 7, 13), (168, head_y + 11, 7)], FUR, CREAM
        )
        self._part(canvas, [(172, head_y + 8, 5.5)], DARK, DARK)
        self._part(canvas, [(134, head_y - 5, 4.2)], (0.08, 0.05, 0.03), DARK)
        self._part(canvas, [(135, head_y - 6.5, 1.4)], (1, 1, 1), (1, 1, 1), 1.4)

    def _tail(self, canvas: FloatImage, turn: float, bob: float) -> None:
        swing = [14 * np.sin(2 * turn - 0.8 * k) * k / 3 for k in range(4)]
        spine = [
            (-96.0, -122 + bob, 11.0),
            (-132.0, -122 + bob + swing[1], 22.0),
            (-172.0, -112 + bob + swing[2], 23.0),
            (-204.0, -98 + bob + swing[3], 12.0),
        ]
        self._part(canvas, spine, FUR, (0.62, 0.30, 0.10))
        x, y, radius = spine[3]
        self._part(
            canvas,
            [(-190, (spine[2][1] + y) / 2, 17), (x, y, radius), (x - 16, y + 6, 4)],
            CREAM,
            CREAM,
        )

    def _leg(
        self, canvas: FloatImage, hip_xy: Point, turn: float, *, hind: bool, shade: float
    ) -> None:
        swing = 0.62 * np.sin(turn) + (0.05 if hind else 0.0)
        lift = np.clip(np.cos(turn), 0, 1)
        bend = (0.35 if hind else 0.12) + 1.15 * lift
        upper, lower = (50.0, 56.0) if hind else (48.0, 52.0)
        knee_angle = swing + (0.30 if hind else 0.1) * (1 + lift)
        foot_angle = knee_angle - bend
        knee = hip_xy[0] + upper * np.sin(knee_angle), hip_xy[1] + upper * np.cos(knee_angle)
        foot = knee[0] + lower * np.sin(foot_angle), knee[1] + lower * np.cos(foot_angle)
        foot = foot[0], min(foot[1], -6.0)
        thigh = [(*hip_xy, 27.0 if hind else 21.0), (*knee, 11.0)]
        middle = (knee[0] + foot[0]) / 2, (knee[1] + foot[1]) / 2
        self._part(canvas, [(*knee, 10.5), (*foot, 6.5)], DARK, DARK, shade)
        self._part(canvas, [(*foot, 7.0), (foot[0] + 9, foot[1] + 1.5, 5.0)], DARK, DARK, shade)
        self._part(canvas, [*thigh, (*middle, 8.0)], FUR, (0.50, 0.24, 0.09), shade)

    def _part(
        self,
        canvas: FloatImage,
        knobs: Sequence[Knob],
        top: Color,
        under: Color,
        shade: float = 1.0,
    ) -> None:
        """Paint one rounded limb over ``canvas``, ``under`` being the color of its underside."""
        mask = _limb(knobs)
        normals = rounded(mask)
        color = blend(top, under, ramp(normals[..., 1], 0.30, 0.72))
        light = shade * lit(normals) * (1 + 0.16 * self._hair)
        alpha = (mask / np.float32(255))[..., None]
        canvas *= 1 - alpha
        canvas[..., :3] += alpha * np.clip(1.12 * color * light[..., None], 0, 1)
        canvas[..., 3:] += alpha


def _limb(knobs: Sequence[Knob]) -> NDArray[np.uint8]:
    """Fill the shape that a row of discs spans when neighbors are joined: (H, W), 0 to 255."""
    mask = np.zeros(CANVAS_HW, np.uint8)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    rims = [
        np.column_stack(
            [x + ORIGIN_XY[0] + r * np.cos(angles), y + ORIGIN_XY[1] + r * np.sin(angles)]
        )
        for x, y, r in knobs
    ]
    for first, second in zip(rims, rims[1:] or rims, strict=False):
        hull = cv2.convexHull(np.vstack([first, second]).astype(np.float32))
        cv2.fillConvexPoly(mask, np.round(hull * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    return mask


def ball_sprite(roll: float, radius: int = 64) -> Sprite:
    """Draw a beach ball, rolled to the right by ``roll`` radians, placed by its center."""
    axis = np.linspace(-1.05, 1.05, int(2.1 * radius), dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    distance = np.sqrt(x * x + y * y)
    z = np.sqrt(np.clip(1 - distance**2, 0, None))
    normals = np.dstack([x, y, z])
    turned_x = np.cos(roll) * x + np.sin(roll) * y
    turned_y = -np.sin(roll) * x + np.cos(roll) * y
    pole = np.array([0.35, 0.25, 0.90], np.float32)
    side = np.cross(pole, (0.0, 1.0, 0.0))
    side /= np.linalg.norm(side)
    local = np.dstack([turned_x, turned_y, z])
    longitude = np.arctan2(local @ np.cross(pole, side), local @ side) / (2 * np.pi) * 6
    panel = np.floor(longitude).astype(int) % 6
    color = np.array([PANELS[0], PANELS[1], PANELS[2]] * 2, np.float32)[panel]
    seam = ramp(np.abs(longitude - np.round(longitude)), 0.0, 0.035)
    cap = ramp(local @ pole, 0.955, 0.965)
    color = blend(color * (0.75 + 0.25 * seam[..., None]), (0.97, 0.78, 0.16), cap)
    halfway = LIGHT + np.array([0, 0, 1], np.float32)
    halfway /= np.linalg.norm(halfway)
    shine = np.clip(normals @ halfway, 0, 1) ** 60
    rgb = np.clip(1.1 * color * lit(normals)[..., None] + 0.6 * shine[..., None], 0, 1)
    alpha = ramp(1 - distance, -0.6 / radius, 0.6 / radius)[..., None]
    center = (len(axis) - 1) / 2
    return Sprite(np.dstack([rgb * alpha, alpha]).astype(np.float32), (center, center))
