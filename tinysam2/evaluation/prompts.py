"""The prompts that an evaluation gives on the first frame, derived from its ground truth."""

from collections.abc import Callable, Iterator
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


def clicks(truth: Bitmap, segment: Segment) -> Iterator[Bitmap]:
    """Click like a person who repairs the worst mistake first.

    The first click is at the innermost point of the object, each further one at that of the
    largest connected region that is missed or is too much; a mask without mistakes ends it.

    Yields:
        The mask (H, W) after each click, without end unless the answers become perfect.
    """
    points: list[list[float]] = []
    signs: list[int] = []
    region: Bitmap | None = truth
    while region is not None:
        x, y = innermost_point(region)
        points.append([x, y])
        signs.append(int(truth[y, x]))
        mask = segment(points, signs) > 0
        yield mask
        region = _largest_region(truth & ~mask, mask & ~truth)


def _largest_region(*masks: Bitmap) -> Bitmap | None:
    """Return the largest connected region of any of the masks; None when all are empty."""
    largest, largest_area = None, 0
    for mask in masks:
        _, labels, table, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
        areas = table[1:, cv2.CC_STAT_AREA]
        if areas.size and areas.max() > largest_area:
            largest, largest_area = labels == 1 + areas.argmax(), areas.max()
    return largest
