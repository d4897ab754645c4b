"""Making masks obey the clicks that they were predicted from, at least around each click."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from tinysam2.model.decoder.prompt_encoder import NEGATIVE, POSITIVE

RADIUS = 1 / 48  # standard deviation of a correction, as a fraction of the mask's longer side
LEAST_RADIUS = 0.75  # pixels of the mask
MARGIN = 1.0  # logit, of the right sign, that the surroundings of a contradicted click get


def enforce_pixels(
    mask: NDArray[np.bool_], points_xy: Sequence[tuple[float, float]], labels: Sequence[int | bool]
) -> NDArray[np.bool_]:
    """Set or clear a disc around each click that a mask contradicts at the click's pixel.

    `enforce_clicks` works on logits of the decoder's size; this is for what is lost between them
    and the image, where clicks may lie closer than two of its pixels.  A disc ends halfway to the
    nearest click of the other sign; where two lie on one pixel, the later one wins.

    Args:
        mask: (H, W).
        points_xy: K clicks in pixels; (0.5, 0.5) is the center of the first one.
        labels: K numbers, 1 inside, 0 outside.
    """
    found = mask.copy()
    height, width = mask.shape
    at = np.asarray(points_xy, dtype=np.float64).reshape(-1, 2)
    at = np.clip(np.floor(at), 0, [width - 1, height - 1])
    is_inside = np.asarray(labels, dtype=np.bool_)
    rows, columns = np.ogrid[:height, :width]
    for (x, y), positive in zip(at, is_inside, strict=True):
        if found[int(y), int(x)] == positive:
            continue
        away = np.hypot(*(at[is_inside != positive] - (x, y)).T)
        reach = min(RADIUS * max(height, width) / 2, away.min(initial=np.inf) / 2)
        found[(rows - y) ** 2 + (columns - x) ** 2 <= reach**2] = positive
    return found


def enforce_clicks(logits: Tensor, xy: Tensor, labels: Tensor) -> Tensor:
    """Raise or lower mask logits around each click that the mask contradicts.

    A correction fades with distance as a Gaussian does, so that the outline bends around the
    click and the rest of the mask stays.  It reaches less far where a click of the other sign is
    near; where two disagree about one pixel, the later one wins.

    Args:
        logits: (h, w) of a mask.
        xy: (K, 2) in [0, 1] of the mask's width and height.
        labels: (K,): 1 inside, 0 outside; others, such as corners of a box, are left alone.

    Returns:
        (h, w).  Resized bilinearly to any larger size it has the sign that each click asks for.
    """
    is_click = (labels == POSITIVE) | (labels == NEGATIVE)
    extent = xy.new_tensor([logits.shape[1], logits.shape[0]])
    at, positive = xy[is_click] * extent, labels[is_click] == POSITIVE
    away = torch.cdist(at, at).masked_fill(positive[:, None] == positive, math.inf)
    for point, is_inside, nearest in zip(at, positive.tolist(), away.tolist(), strict=True):
        reach = min(RADIUS * max(logits.shape), min(nearest) / 3)
        logits = _enforce(logits, point, 1.0 if is_inside else -1.0, max(reach, LEAST_RADIUS))
    return logits


def _enforce(logits: Tensor, point: Tensor, sign: float, reach: float) -> Tensor:
    """Correct logits (h, w) around a point (2,) in pixels, if they have the other sign there."""
    height, width = logits.shape
    grid = 2 * point / point.new_tensor([width, height]) - 1
    found = F.grid_sample(
        logits[None, None], grid.view(1, 1, 1, 2), padding_mode="border", align_corners=False
    )
    if sign * float(found) > 0:
        return logits
    column, row = (int(v) for v in point)
    column, row = min(max(column, 0), width - 1), min(max(row, 0), height - 1)
    # Interpolation at the point reads pixels next to this one: the worst of them has to turn.
    nearby = logits[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    lacking = MARGIN - float((sign * nearby).min())
    amount = sign * lacking / math.exp(-1 / reach**2)  # the farthest of them is at sqrt(2)
    rows = torch.arange(height, device=logits.device) - row
    columns = torch.arange(width, device=logits.device) - column
    distance = rows[:, None] ** 2 + columns**2
    return logits + amount * torch.exp(-distance / (2 * reach**2))
