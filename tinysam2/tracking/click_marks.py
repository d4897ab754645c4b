"""Writing clicks into the mask that they are to repair."""

import torch
from torch import Tensor

MARK_RADIUS = 1 / 32  # of the mask's width
MARK_LOGIT = 8.0


def mark_clicks(logits: Tensor, xy: Tensor, labels: Tensor) -> Tensor:
    """Put a disk around each click that a mask contradicts, so that the click is not ignored.

    Args:
        logits: (1, h, w) of the mask.
        xy: (1, K, 2) in [0, 1].
        labels: (1, K): 1 on the object, 0 beside it; others, such as corners of a box, are left.

    Returns:
        (1, h, w).

    Source:
        Ours; see ``docs/adr/0011-clicks-in-their-order.md``.
    """
    height, width = logits.shape[-2:]
    columns = torch.arange(width, device=logits.device) + 0.5
    rows = (torch.arange(height, device=logits.device) + 0.5)[:, None]
    marked = logits.clone()
    for (x, y), label in zip(xy[0].tolist(), labels[0].tolist(), strict=True):
        x, y = x * width, y * height
        said = logits[0, min(int(y), height - 1), min(int(x), width - 1)] > 0
        if label in (0, 1) and bool(said) != bool(label):
            is_near = (columns - x) ** 2 + (rows - y) ** 2 < (MARK_RADIUS * width) ** 2
            marked[0, is_near] = MARK_LOGIT if label else -MARK_LOGIT
    return marked
