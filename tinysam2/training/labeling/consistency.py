"""Frames of a clip in which objects keep their shape.

Masks of single frames may each fill their box and still change between an object and the hull
around it.
"""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from tinysam2.datasets.samples import VOID, Pixels
from tinysam2.evaluation.metrics import region_similarity

SHAPE_SIDE = 32  # cells that a mask's enclosing box is resized to
MAX_GAP = 8  # frames between two that are compared, as between those of a training clip


def consistent_frames(labels: Mapping[int, Pixels], min_shape_iou: float) -> list[int]:
    """Choose the most frames of which each has the shapes of the one before it.

    Shapes are masks whose enclosing boxes are resized to the same square, so that objects may move
    and change their size.  From one chosen frame to the next they may change gradually.

    Args:
        labels: label map (H, W) by frame index, in order.
        min_shape_iou: IoU of two shapes of an object from which on they are the same; an object
            that only one of the frames shows does not matter.

    Returns:
        The indices of the frames, in order.
    """
    shapes = {frame: _shapes(each) for frame, each in labels.items()}
    longest: dict[int, list[int]] = {}
    for frame, own in shapes.items():
        chains = [
            chain
            for last, chain in longest.items()
            if frame - last <= MAX_GAP and _is_similar(own, shapes[last], min_shape_iou)
        ]
        longest[frame] = [*max(chains, key=len, default=[]), frame]
    return max(longest.values(), key=len, default=[])


def _shapes(labels: Pixels) -> dict[int, NDArray[np.bool_]]:
    """Return the shape (S, S) of each object of a label map."""
    values = [int(v) for v in np.unique(labels) if v not in (0, VOID)]
    return {value: _shape(labels == value) for value in values}


def _shape(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    inside = mask[y : y + height, x : x + width].astype(np.float32)
    resized = cv2.resize(inside, (SHAPE_SIDE, SHAPE_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(resized > 0.5)


def _is_similar(
    ours: Mapping[int, NDArray[np.bool_]],
    theirs: Mapping[int, NDArray[np.bool_]],
    min_shape_iou: float,
) -> bool:
    common = ours.keys() & theirs.keys()
    return all(region_similarity(ours[v], theirs[v]) >= min_shape_iou for v in common)
