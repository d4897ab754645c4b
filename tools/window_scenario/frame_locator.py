"""Finds a video frame on the screen: where the canvas draws it, and which frame it draws."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.window_scenario.checks import ScenarioError
from tools.window_scenario.screen import Pixels, Point

COARSE = 4  # factor of the reduced screen that is searched first
SCALES = np.geomspace(0.2, 1.0, 110)
MARGIN = 5  # pixels of the reduced screen around the coarse match
REFINEMENT = np.linspace(0.97, 1.03, 61)
MIN_SIMILARITY = 0.9

Image = NDArray[Any]  # (H, W) or (H, W, 3) uint8


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame is on the screen.

    Attributes:
        x, y: pixel of its upper left corner.
        scale: screen pixels per pixel of the frame.
    """

    x: float
    y: float
    scale: float

    def on_screen(self, x: float, y: float) -> Point:
        """Map a point of the frame to the screen."""
        return round(self.x + x * self.scale), round(self.y + y * self.scale)

    def crop(self, screen: Pixels, size_hw: tuple[int, int]) -> Pixels:
        """Return the part of the screen that shows a frame of this size."""
        (x0, y0), (x1, y1) = self.on_screen(0, 0), self.on_screen(size_hw[1], size_hw[0])
        return screen[y0:y1, x0:x1]


def read_frames(video: Path, wanted: Iterable[int]) -> dict[int, Pixels]:
    """Decode some frames of a video, (H, W, 3) uint8 in the order blue, green, red."""
    missing = set(wanted)
    frames: dict[int, Pixels] = {}
    reader, index = cv2.VideoCapture(str(video)), 0
    while missing - frames.keys():
        is_read, image = reader.read()
        if not is_read:
            raise ScenarioError(f"{video} has only {index} frames")
        if index in missing:
            frames[index] = np.asarray(image, np.uint8)
        index += 1
    return frames


def locate(screen: Pixels, frame: Pixels) -> Placement:
    """Find a whole frame on the screen.

    Raises:
        ScenarioError: it is not there.
    """
    gray, image = (cv2.cvtColor(each, cv2.COLOR_BGR2GRAY) for each in (screen, frame))
    height, width = (side // COARSE for side in gray.shape)
    small = _resized(gray, (width, height))
    _, x, y, coarse = max((*_match(small, image, scale / COARSE), scale) for scale in SCALES)
    left, top = max(0, (x - MARGIN) * COARSE), max(0, (y - MARGIN) * COARSE)
    height, width = (round((side * coarse / COARSE + 3 * MARGIN) * COARSE) for side in image.shape)
    near = gray[top : top + height, left : left + width]
    scales = coarse * REFINEMENT
    similarity, x, y, scale = max((*_match(near, image, scale), scale) for scale in scales)
    if similarity < MIN_SIMILARITY:
        raise ScenarioError(f"the frame is not on the screen (similarity {similarity:.2f})")
    return Placement(left + x, top + y, float(scale))


def displayed_frame(screen: Pixels, placement: Placement, frames: Mapping[int, Pixels]) -> int:
    """Return which of some frames is on the screen."""
    size_hw = next(iter(frames.values())).shape[:2]
    seen = placement.crop(screen, (size_hw[0], size_hw[1]))
    height, width = seen.shape[:2]

    def difference(frame: Pixels) -> float:
        resized = _resized(frame, (width, height))
        return float(np.median(cv2.absdiff(resized, seen).max(axis=2)[_moving(frames, resized)]))

    return min(frames, key=lambda index: difference(frames[index]))


def _moving(frames: Mapping[int, Pixels], like: Image) -> np.ndarray:
    """Return where the frames differ, because most of a scene stays."""
    height, width = like.shape[:2]
    resized = [_resized(each, (width, height)) for each in frames.values()]
    spread = np.max(resized, axis=0).astype(int) - np.min(resized, axis=0)
    moving: np.ndarray = spread.max(axis=2) >= np.percentile(spread.max(axis=2), 95)
    return moving


def _match(screen: Image, frame: Image, scale: float) -> tuple[float, int, int]:
    """Return similarity and corner of the best match of a frame at a scale."""
    height, width = (round(side * scale) for side in frame.shape[:2])
    if height > screen.shape[0] or width > screen.shape[1] or min(height, width) < 8:
        return -1.0, 0, 0
    small = _resized(frame, (width, height))
    found = cv2.minMaxLoc(cv2.matchTemplate(screen, small, cv2.TM_CCOEFF_NORMED))
    return found[1], found[3][0], found[3][1]


def _resized(image: Image, size: tuple[int, int]) -> Image:
    """Return an image at a width and a height."""
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
