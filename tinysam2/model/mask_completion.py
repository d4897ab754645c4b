"""Adds to tracked masks what SAM's decoder sees of the same object."""

import torch
from torch import Tensor

LEAST_IOU = 0.85
"""Predicted IoU that a redrawn mask must have."""
LEAST_COVERED = 0.9
"""Fraction of the tracked mask that the redrawn one must cover."""
MOST_GROWTH = 1.7
"""Area of the redrawn mask over that of the tracked one, at most."""


def completed(tracked: Tensor, redrawn: Tensor, predicted_iou: Tensor) -> Tensor:
    """Return the union of tracked masks and of redrawn ones that are sure and of the same object.

    Memory finds the parts of an object that it has seen; SAM's decoder, given these, finds where
    the object ends.  It knows nothing of the object besides, and of unclear ones it may draw
    anything: its mask counts where it is certain, covers what memory found, and is not much
    larger.

    Args:
        tracked: (O, h, w) logits of the masks that were read from memory; empty ones stay empty.
        redrawn: (O, h, w) logits of SAM's decoder, prompted by these masks and their boxes.
        predicted_iou: (O,) of the redrawn masks.

    Returns:
        (O, h, w) logits.
    """
    found, drawn = tracked > 0, redrawn > 0
    area, drawn_area, common = ((m.flatten(1).sum(1)) for m in (found, drawn, found & drawn))
    is_same = (common > LEAST_COVERED * area) & (drawn_area < MOST_GROWTH * area)
    is_better = is_same & (predicted_iou > LEAST_IOU)
    return torch.where(is_better[:, None, None], torch.maximum(tracked, redrawn), tracked)
