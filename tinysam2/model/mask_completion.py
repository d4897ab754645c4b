"""Adds to tracked masks what SAM's decoder sees of the same object."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tinysam2.model.decoder.predictions import ObjectMasks


@dataclass(frozen=True, slots=True)
class Demands:
    """What is asked of a redrawn mask.

    Attributes:
        iou: predicted IoU that it must have.
        covered: fraction of the tracked mask that it must cover.
    """

    iou: float
    covered: float


ALWAYS = Demands(0.85, 0.9)
"""What is asked on every frame."""
AFTER_CHANGE = Demands(0.6, 0.85)
"""What is asked where object or camera moved, so that new parts are likely to be in view."""
LEAST_TRACKED_IOU = 0.75
"""Predicted IoU of the tracked mask, above which `AFTER_CHANGE` applies."""
MOST_GROWTH = 1.7
"""Area of the redrawn mask over that of the tracked one, at most."""


def completed(
    tracked: ObjectMasks, redrawn: Tensor, redrawn_iou: Tensor, has_changed: Tensor | None = None
) -> ObjectMasks:
    """Return the union of tracked masks and of redrawn ones that are of the same object.

    Memory finds the parts of an object that it has seen; SAM's decoder, given these, finds where
    the object ends.  It knows nothing of the object besides, and of unclear ones it may draw
    anything: its mask counts where it is certain, covers what memory found, and is not much
    larger.  Less certainty is asked for where the object's appearance has changed.

    Args:
        tracked: masks of O objects that were read from memory; empty ones stay empty.
        redrawn: (O, h, w) logits of SAM's decoder, prompted by these masks and their boxes.
        redrawn_iou: (O,) predicted for them.
        has_changed: (O,) bool, whether the appearance of each object has changed since an earlier
            frame; None for no object.
    """
    found, drawn = tracked.logits > 0, redrawn > 0
    area, drawn_area, common = ((m.flatten(1).sum(1)) for m in (found, drawn, found & drawn))

    def meets(demands: Demands) -> Tensor:
        return (redrawn_iou > demands.iou) & (common > demands.covered * area)

    is_better = meets(ALWAYS)
    if has_changed is not None:
        is_better |= meets(AFTER_CHANGE) & has_changed & (tracked.predicted_iou > LEAST_TRACKED_IOU)
    is_better &= drawn_area < MOST_GROWTH * area
    union = torch.maximum(tracked.logits, redrawn)
    return replace(tracked, logits=torch.where(is_better[:, None, None], union, tracked.logits))
