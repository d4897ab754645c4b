"""The prompts that an evaluation gives on the first frame, derived from its ground truth."""

from collections.abc import Callable
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from tinysam2.evaluation.metrics import Bitmap

Segment = Callable[[list[list[float]], list[int]], NDArray[np.float32]]
"""From all clicks so far, (x, y) and 1 or 0 each, to mask logits (H, W)."""


class Protocol(StrEnum):
    """What the tracker is told on the first frame."""

    MASK = "mask"
    BOX = "box"
    CLICK_1 = "1-click"
    CLICK_3 = "3-click"
    CLICK_5 = "5-click"

    @property
    def click_count(self) -> int:
        """Number of clicks; 0 for a mask or a box."""
        return int(self.value[0]) if self.value.endswith("click") else 0


def enclosing_box(mask: Bitmap) -> list[float]:
    """Return x0, y0, x1, y1: the outermost columns and rows of a mask that has a pixel."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return [float(left), float(top), float(left + width - 1), float(top + height - 1)]


def innermost_point(mask: Bitmap) -> tuple[int, int]:
    """Return x and y of the pixel that is farthest from the outside of a mask.

    The outside of the picture counts as outside of the mask.
    """
    framed = np.pad(mask.view(np.uint8), 1)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    y, x = np.unravel_index(np.argmax(depth), depth.shape)
    return int(x), int(y)


def click(truth: Bitmap, segment: Segment, click_count: int) -> None:
    """Click like a person who repairs the worst mistake first.

    The first click is at the innermost point of the object, each further one at that of the
    largest connected region that is wrong; a mask without mistakes ends it.
    """
    points: list[list[float]] = []
    signs: list[int] = []
    region: Bitmap | None = truth
    while len(points) < click_count and region is not None:
        x, y = innermost_point(region)
        points.append([x, y])
        signs.append(int(truth[y, x]))
        region = _largest_region(truth != (segment(points, signs) > 0))


def _largest_region(mask: Bitmap) -> Bitmap | None:
    count, labels, table, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    if count < 2:
        return None
    largest: Bitmap = labels == 1 + np.argmax(table[1:, cv2.CC_STAT_AREA])
    return largest
