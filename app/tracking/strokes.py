"""Predictions beside strokes: what was painted or erased by hand stays, but for later clicks."""

import cv2
import numpy as np

from app.core.masks import Bitmap, RleMask
from app.core.prompts import FramePrompts, PointPrompt, Strokes


def with_strokes(prompts: FramePrompts, predicted: RleMask) -> RleMask:
    """Put the strokes of a frame over a mask that was predicted from its clicks and box.

    A click that is newer than the strokes overrules them: in erased pixels a positive one gets the
    connected part of the prediction that it lies in, in painted pixels a negative one removes the
    connected part outside the prediction.
    """
    strokes = prompts.strokes
    if strokes is None:
        return predicted
    for point in prompts.points[strokes.num_points :]:
        strokes = _overruled(strokes, point, predicted)
    return strokes.applied(predicted)


def _overruled(strokes: Strokes, point: PointPrompt, predicted: RleMask) -> Strokes:
    """Return the strokes less the part of them that a click contradicts."""
    if point.is_positive:
        part = _part_around(point, strokes.erased & predicted)
        return Strokes(strokes.painted, strokes.erased - part, strokes.num_points)
    part = _part_around(point, strokes.painted - predicted)
    return Strokes(strokes.painted - part, strokes.erased, strokes.num_points)


def _part_around(point: PointPrompt, mask: RleMask) -> RleMask:
    """Return the connected part of a mask that a point lies in; an empty mask if in none."""
    if not mask.covers(point.x, point.y):
        return RleMask.empty(mask.size_hw)
    height, width = mask.size_hw
    _, labels = cv2.connectedComponents(mask.decode().view(np.uint8), connectivity=4)
    row, column = min(int(point.y), height - 1), min(int(point.x), width - 1)
    part: Bitmap = labels == labels[max(row, 0), max(column, 0)]
    return RleMask.encode(part)
