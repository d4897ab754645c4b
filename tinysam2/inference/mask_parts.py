"""Connected parts of masks: islands, holes, specks; without torch, which takes seconds to load."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

SAM2_HOLE_FRACTION = 8 / 256**2  # SAM 2's video predictor fills holes of 8 of 256 x 256 pixels


def small_area(size_hw: tuple[int, int], fraction: float = SAM2_HOLE_FRACTION) -> int:
    """Return the area in pixels up to which a part of a frame (height, width) is small."""
    return round(fraction * size_hw[0] * size_hw[1])


BORDER_FRACTION = 0.2
"""Fraction of a mask's outline on the frame's border above which it is taken for background."""
LARGEST_PART_FRACTION = 0.75
"""Fraction of a mask's area that its largest part has, if the mask is of one object."""


def is_background(mask: NDArray[np.bool_]) -> bool:
    """Return whether a mask (H, W) is unlikely to be of one object.

    Walls, floors and skies continue beyond the frame, so that much of their outline lies on its
    border; that of an object which is cut off there is mostly inside.  Background also lies in
    several parts, between the objects.  The thresholds are by eye on stills.
    """
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    area = int(stats[1:, cv2.CC_STAT_AREA].sum())
    if count < 2 or stats[1:, cv2.CC_STAT_AREA].max() < LARGEST_PART_FRACTION * area:
        return True
    inner = np.pad(mask, 1)
    inner = inner[:-2, 1:-1] & inner[2:, 1:-1] & inner[1:-1, :-2] & inner[1:-1, 2:]
    outline = mask & ~inner
    on_border = int(outline.sum() - outline[1:-1, 1:-1].sum())
    return on_border > BORDER_FRACTION * int(outline.sum())


def drop_islands(
    mask: NDArray[np.bool_],
    positive_xy: Sequence[tuple[float, float]],
    box_xyxy: tuple[float, float, float, float] | None = None,
    kept: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Drop the parts of a predicted mask that no prompt asks for.

    Args:
        mask: (H, W).
        positive_xy: positive clicks in pixels.
        box_xyxy: box prompt in pixels.
        kept: (H, W) mask that the prediction refines.

    Returns:
        (H, W): the 8-connected parts of ``mask`` that touch a positive click, the box or ``kept``;
        all of it if there is none of these, or nothing touches any.
    """
    count, labels, _, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    is_wanted = np.zeros(count, dtype=np.bool_)
    for point in positive_xy:
        is_wanted[labels[pixel_of(point, mask.shape)]] = True
    if box_xyxy is not None:
        x0, y0, x1, y1 = (max(0, int(v)) for v in box_xyxy)
        is_wanted[labels[y0 : y1 + 1, x0 : x1 + 1]] = True
    if kept is not None:
        is_wanted[labels[kept]] = True
    is_wanted[0] = False  # the background
    if not is_wanted.any():
        return mask
    found: NDArray[np.bool_] = is_wanted[labels]
    return found


def merge_at_clicks(
    before: NDArray[np.bool_],
    predicted: NDArray[np.bool_],
    points_xy: Sequence[tuple[float, float]],
    labels: Sequence[int | bool],
) -> NDArray[np.bool_]:
    """Change a mask only where clicks contradict it, as a prediction says.

    A decoder redraws the whole mask and may lose what was right before.

    Args:
        before: (H, W) mask that the clicks correct.
        predicted: (H, W) mask that was predicted from the clicks and ``before``, and obeys them.
        points_xy: K clicks in pixels.
        labels: K numbers, 1 inside, 0 outside.

    Returns:
        (H, W): ``before`` with the 4-connected parts of the difference that contain a click.

    Source:
        Progressive Merge of FocalClick (Chen et al. 2022, arXiv:2204.02574).
    """
    merged = before.copy()
    for point, label in zip(points_xy, labels, strict=True):
        pixel = pixel_of(point, before.shape)
        if merged[pixel] != bool(label):
            changed = predicted & ~merged if label else merged & ~predicted
            _, parts = cv2.connectedComponents(changed.view(np.uint8), connectivity=4)
            if parts[pixel]:
                merged[parts == parts[pixel]] = bool(label)
    return merged


def pixel_of(point: tuple[float, float], shape: Sequence[int]) -> tuple[int, int]:
    """Return row and column of the pixel that a point (x, y) lies in, or of the nearest one."""
    row, column = int(point[1]), int(point[0])
    return min(max(row, 0), shape[0] - 1), min(max(column, 0), shape[1] - 1)


def fill_holes(mask: NDArray[np.bool_], max_px: int) -> NDArray[np.bool_]:
    """Fill the background of up to an area that a mask (H, W) encloses."""
    return mask | holes(mask.view(np.uint8), max_px)


def remove_specks(mask: NDArray[np.bool_], max_px: int) -> NDArray[np.bool_]:
    """Remove the parts of a mask (H, W) of up to an area, never the largest."""
    return mask & ~specks(mask.view(np.uint8), max_px)


def holes(mask: NDArray[np.uint8], max_px: int) -> NDArray[np.bool_]:
    """Find the small parts of the background from which no way leads around the object.

    Args:
        mask: (H, W), 1 on the object, else 0.
        max_px: largest area of a small part.

    Returns:
        (H, W): their pixels.
    """
    background = np.pad(1 - mask, 1, constant_values=1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(background, connectivity=4)
    is_small = stats[:, cv2.CC_STAT_AREA] <= max_px
    is_small[[0, labels[0, 0]]] = False  # the object and what is around it
    found: NDArray[np.bool_] = is_small[labels][1:-1, 1:-1]
    return found


def specks(mask: NDArray[np.uint8], max_px: int) -> NDArray[np.bool_]:
    """Find the small parts of the object, never the largest; arguments and result as of `holes`."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    is_small = areas <= max_px
    is_small[0] = False  # the background
    if len(areas) > 1:
        is_small[1 + areas[1:].argmax()] = False  # whatever its area
    found: NDArray[np.bool_] = is_small[labels]
    return found
