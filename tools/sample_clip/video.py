"""Camera and video: turns the landscape and the actors into frames and masks."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .actors import Fox, ball_sprite
from .painting import Scene
from .scenery import SIZE_HW, TRACK_Y, paint_landscape

FRAME_COUNT = 144
FRAMES_PER_SECOND = 24
OUTPUT_HW = (360, 640)
SUBFRAMES = 4
SHUTTER = 0.5  # fraction of a frame's time during which the video is exposed
OBJECTS = (("fox", "animal"), ("ball", "toy"))
FOX, BALL = range(len(OBJECTS))
SMALL_PX = 2000  # an object below this area is prompted by a box
HAND_PX = 2  # how far from the object a drawn box runs
TREE_X, TREE_Y, TREE_SPEED = 1780.0, 648.0, 1.19


@dataclass(frozen=True, slots=True)
class Shot:
    """One finished frame.

    Args:
        frame: (360, 640, 3) uint8 RGB.
        labels: (360, 640) uint8, 0 background, then 1 + the index in ``OBJECTS``.
    """

    frame: NDArray[np.uint8]
    labels: NDArray[np.uint8]


class SampleClip:
    """The clip: ``len()`` frames, each rendered when it is asked for, the same every time.

    Args:
        seed: chooses the landscape and the grain.
    """

    def __init__(self, seed: int = 7) -> None:
        self._seed = seed
        self._landscape = paint_landscape(seed)
        self._fox = Fox(seed)

    def __len__(self) -> int:
        return FRAME_COUNT

    def __getitem__(self, frame_index: int) -> Shot:
        if not 0 <= frame_index < FRAME_COUNT:
            raise IndexError(f"frame_index must be below {FRAME_COUNT}, got {frame_index}")
        moments = frame_index + SHUTTER * (np.arange(SUBFRAMES) + 0.5) / SUBFRAMES
        scenes = [self._scene(float(moment)) for moment in moments]
        image = np.mean([scene.image for scene in scenes], axis=0)
        coverage = np.mean([scene.coverage for scene in scenes], axis=0)
        view = _camera_view(frame_index)
        image, *coverage = (_through_lens(layer, view) for layer in (image, *coverage))
        fractions = np.stack([1 - sum(coverage), *coverage])
        labels = fractions.argmax(0).astype(np.uint8)
        return Shot(self._develop(image, frame_index), labels)

    def _scene(self, moment: float) -> Scene:
        camera_x = _camera_x(moment)
        scene = Scene(self._landscape.backdrop(camera_x), len(OBJECTS))
        progress = moment / FRAME_COUNT
        fox = self._fox.sprite(moment / 13.5)
        fox_xy = _fox_x(moment) - camera_x, TRACK_Y - 26 + 44 * progress
        fox_scale = 1.0 + 0.35 * progress
        ball = ball_sprite(_ball_x(moment) / 56)
        ball_scale = (36 + 30 * progress) / 64
        ball_ground = TRACK_Y + 40 + 56 * progress
        ball_y = ball_ground - 64 * ball_scale - _bounce(moment)
        ball_xy = _ball_x(moment) - camera_x, ball_y
        tree_xy = TREE_X - camera_x * TREE_SPEED, TREE_Y

        scene.cast_shadow(fox, fox_xy, fox_xy[1], fox_scale)
        scene.cast_shadow(self._landscape.tree, tree_xy, TREE_Y - 8)
        scene.cast_shadow(ball, ball_xy, ball_ground, ball_scale)
        scene.paste(fox, fox_xy, fox_scale, FOX)
        scene.paste(self._landscape.tree, tree_xy)
        scene.paste(ball, ball_xy, ball_scale, BALL)
        self._landscape.paste_fringe(scene, camera_x)
        return scene

    def _develop(self, image: NDArray[np.float32], frame_index: int) -> NDArray[np.uint8]:
        """Grade, darken the corners, add grain."""
        height, width = OUTPUT_HW
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        vignette = 1 - 0.16 * np.clip(0.5 * (x * x + y * y), 0, 1) ** 1.5
        rng = np.random.default_rng([self._seed, 3, frame_index])
        grain = cv2.GaussianBlur(rng.normal(0, 1, OUTPUT_HW), (0, 0), 0.7)
        contrast = image + 0.10 * (image - 0.5) * (1 - np.abs(2 * image - 1))
        warm = contrast * vignette[..., None] * (1.03, 1.0, 0.95)
        exposed = np.clip(255 * (warm + 0.012 * grain[..., None]) + 0.5, 0, 255)
        return np.asarray(exposed, np.uint8)


def _camera_x(moment: float) -> float:
    return 12.2 * moment + 40 * math.sin(moment / 31) + 100


def _fox_x(moment: float) -> float:
    return 470 + 15.0 * moment + 26 * math.sin(moment / 23 + 0.4)


def _ball_x(moment: float) -> float:
    return 900 + 14.2 * moment + 55 * math.sin(moment / 26)


def _bounce(moment: float) -> float:
    """Height of the ball above the ground."""
    period = 26.0
    part = (moment + 8) / period % 1
    height = 150 - 0.5 * moment
    return 4 * part * (1 - part) * height


def _camera_view(frame_index: int) -> NDArray[np.float64]:
    """Hand-held: a slow zoom and a small sway, as a matrix on scene coordinates."""
    zoom = 1.03 + 0.05 * frame_index / FRAME_COUNT
    sway_x = 3.0 * math.sin(frame_index / 9.0) + 1.5 * math.sin(frame_index / 3.7)
    sway_y = 2.5 * math.sin(frame_index / 7.3 + 1)
    height, width = SIZE_HW
    return np.array(
        [
            [zoom, 0, (1 - zoom) * width / 2 + sway_x],
            [0, zoom, (1 - zoom) * height / 2 + sway_y],
        ]
    )


def _through_lens(layer: NDArray[np.float32], view: NDArray[np.float64]) -> NDArray[np.float32]:
    height, width = SIZE_HW
    seen = cv2.warpAffine(layer, view, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(seen, OUTPUT_HW[::-1], interpolation=cv2.INTER_AREA), np.float32)


def write_clip(folder: Path, clip: SampleClip) -> None:
    """Write the video, the mask of every frame, and a prompt per object into ``folder``."""
    masks = folder / "masks"
    masks.mkdir(parents=True, exist_ok=True)
    with av.open(folder / "sample.mp4", "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.height, stream.width = OUTPUT_HW
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "20", "preset": "slow", "x264-params": "threads=1"}
        for frame_index in range(len(clip)):
            shot = clip[frame_index]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shot.frame, "rgb24")))
            _save_labels(masks / f"{frame_index:05d}.png", shot.labels)
            if frame_index == 0:
                prompts = json.dumps(_prompts(shot.labels), indent=2) + "\n"
                (folder / "prompts.json").write_text(prompts, "utf-8")
        container.mux(stream.encode())


def _save_labels(path: Path, labels: NDArray[np.uint8]) -> None:
    """Write object numbers as a palette image, as DAVIS does."""
    image = Image.fromarray(labels)
    index, channel = np.arange(256)[:, None], np.arange(3)
    colors = sum((index >> (3 * group + channel) & 1) << (7 - group) for group in range(3))
    image.putpalette(np.asarray(colors, np.uint8).tobytes())
    image.save(path)


def _click(mask: NDArray[np.bool_]) -> dict[str, object]:
    """Click an object where it is thickest."""
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return {"frame": 0, "points": [[float(x), float(y), 1]]}


def _box(mask: NDArray[np.bool_]) -> dict[str, object]:
    """Draw a box around an object, as loosely as a hand does."""
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = [xs[0] - HAND_PX, ys[0] - HAND_PX, xs[-1] + 1 + HAND_PX, ys[-1] + 1 + HAND_PX]
    return {"frame": 0, "box": [float(edge) for edge in box]}


def _prompts(labels: NDArray[np.uint8]) -> dict[str, object]:
    """Prompt each object in the first frame: a large one by a click, a small one by a box."""
    objects = []
    for number, (name, category) in enumerate(OBJECTS, 1):
        mask = labels == number
        prompt = _click(mask) if np.count_nonzero(mask) > SMALL_PX else _box(mask)
        objects.append({"id": number, "name": name, "category": category, "prompts": [prompt]})
    return {"objects": objects}
