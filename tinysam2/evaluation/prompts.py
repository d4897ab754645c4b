"""Simulated prompts, which an evaluation derives from the ground truth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from tinysam2.evaluation.metrics import Bitmap

Predict = Callable[[list[list[float]], list[int]], NDArray[np.float32]]
"""Maps all clicks so far, K points (x, y) and K labels of 1 or 0, to mask logits (H, W)."""


class Protocol(StrEnum):
    """How the objects of the first frame are prompted."""

    MASK = "mask"
    BOX = "box"
    CLICK_1 = "1-click"
    CLICK_3 = "3-click"
    CLICK_5 = "5-click"

    @property
    def click_count(self) -> int:
        """Number of clicks; 0 for a mask or a box."""
        return int(self.value[0]) if self.value.endswith("click") else 0


@dataclass(frozen=True, slots=True)
class Click:
    """A point prompt.

    Attributes:
        x: column of the clicked pixel.
        y: row of the clicked pixel.
        label: 1 for a positive click, on the object; 0 for a negative one, outside it.
    """

    x: int
    y: int
    label: int

    def is_obeyed(self, mask: Bitmap) -> bool:
        """Return whether the clicked pixel is in the mask (positive) or not in it (negative)."""
        return bool(mask[self.y, self.x]) == bool(self.label)


@dataclass(frozen=True, slots=True)
class ClickedMask:
    """A prediction from clicks.

    Attributes:
        mask: (H, W) predicted object.
        clicks: all that the prediction was prompted with, the newest last; at least one.
    """

    mask: Bitmap
    clicks: tuple[Click, ...]

    @property
    def obeyed(self) -> tuple[bool, ...]:
        """Whether the mask obeys each of the clicks, see `Click.is_obeyed`."""
        return tuple(click.is_obeyed(self.mask) for click in self.clicks)


def points_and_labels(clicks: Sequence[Click]) -> tuple[list[list[float]], list[int]]:
    """Return clicks as predictors take them: K points (x, y) and K labels."""
    return [[click.x, click.y] for click in clicks], [click.label for click in clicks]


def enclosing_box(mask: Bitmap) -> list[float]:
    """Return x0, y0, x1, y1: the outermost columns and rows of a mask that has a pixel."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return [float(left), float(top), float(left + width - 1), float(top + height - 1)]


def innermost_point(mask: Bitmap) -> tuple[int, int]:
    """Return x and y of the pixel that is farthest from the outside of a mask.

    The outside of the image counts as outside of the mask.
    """
    framed = np.pad(mask.view(np.uint8), 1)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    y, x = np.unravel_index(np.argmax(depth), depth.shape)
    return int(x), int(y)


def corrective_click(truth: Bitmap, mask: Bitmap) -> Click | None:
    """Return the click that corrects the largest error of a prediction; None without errors.

    The error regions are the connected false negatives and the connected false positives; the
    click is at the innermost point of the largest one.

    Args:
        truth: (H, W) the object.
        mask: (H, W) the prediction.
    """
    region = _largest_region(truth & ~mask, mask & ~truth)
    return None if region is None else _click_at_center(region, truth)


def click_sequence(truth: Bitmap, predict: Predict) -> Iterator[ClickedMask]:
    """Segment an object by clicks, each of which corrects the prediction before it.

    The first click is at the innermost point of the object, the others are corrective clicks.

    Args:
        truth: (H, W) the object, not empty.
        predict: the model.

    Yields:
        The prediction after each click; ends only after one without errors.
    """
    clicks: list[Click] = []
    click: Click | None = _click_at_center(truth, truth)
    while click is not None:
        clicks.append(click)
        mask = predict(*points_and_labels(clicks)) > 0
        yield ClickedMask(mask, tuple(clicks))
        click = corrective_click(truth, mask)


def _click_at_center(region: Bitmap, truth: Bitmap) -> Click:
    x, y = innermost_point(region)
    return Click(x, y, int(truth[y, x]))


def _largest_region(*masks: Bitmap) -> Bitmap | None:
    """Return the largest connected region of any of the masks; None when all are empty."""
    largest, largest_area = None, 0
    for mask in masks:
        _, labels, table, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
        areas = table[1:, cv2.CC_STAT_AREA]
        if areas.size and areas.max() > largest_area:
            largest, largest_area = labels == 1 + areas.argmax(), areas.max()
    return largest
