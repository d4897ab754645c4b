"""Area and box of a mask, for policies that depend on them."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 as fractions of the image's sides


@dataclass(frozen=True, slots=True)
class MaskShape:
    """The area of a mask, as a fraction of the image, and its box; None if it is empty."""

    area: float
    box: Box | None


def mask_shapes(mask_logits: Tensor) -> list[MaskShape]:
    """Measure masks, given as logits (O, h, w) at any resolution."""
    inside = mask_logits > 0
    height, width = inside.shape[-2:]
    areas = inside.sum((1, 2)) / (height * width)
    spans = [
        torch.stack([line.int().argmax(1), line.shape[1] - line.flip(1).int().argmax(1)], 1)
        / line.shape[1]
        for line in (inside.any(1), inside.any(2))  # columns, rows
    ]
    boxes = torch.stack(spans, 2).flatten(1)  # (O, 4) as x0, y0, x1, y1
    measured = torch.cat([areas[:, None], boxes], 1).tolist()
    return [
        MaskShape(area, (x0, y0, x1, y1) if area else None) for area, x0, y0, x1, y1 in measured
    ]


def box_iou(a: Box, b: Box) -> float:
    """Return the intersection of two boxes over their union."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = _area(a) + _area(b) - width * height
    return width * height / union if union > 0 else 0.0


def distractor_overlap(masks: NDArray[np.bool_], chosen: int) -> float:
    """Measure how far the decoder's other masks of an object reach beyond the chosen one.

    A large part of another mask outside the chosen one suggests a distractor.  The box around both
    is then much larger than the box of the chosen mask.

    Args:
        masks: (M, h, w).
        chosen: index of the object's mask, which is not empty.

    Returns:
        The least IoU, over the other masks, of the chosen mask's box and the box around it and the
        largest connected part of the other mask outside it; 1 if no mask has such a part.
    """
    mask, least = masks[chosen], 1.0
    own = cv2.boundingRect(mask.astype(np.uint8))
    for other in np.delete(masks, chosen, 0):
        _, labels, stats, _ = cv2.connectedComponentsWithStats((other & ~mask).astype(np.uint8))
        if len(stats) > 1:
            largest = labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()
            both = cv2.boundingRect((mask | largest).astype(np.uint8))
            least = min(least, own[2] * own[3] / (both[2] * both[3]))
    return float(least)


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
