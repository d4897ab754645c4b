"""Marks clicks in the mask prompts that they correct."""

import torch
from torch import Tensor

MARK_RADIUS = 1 / 32
"""Half axes of the ellipse around a click, as a fraction of the mask's sides."""
MARK_LOGIT = 8.0
"""Logit around a positive click; around a negative one it is the negative of this."""


def mark_clicks(logits: Tensor, xy: Tensor, labels: Tensor) -> Tensor:
    """Draw an ellipse around each click that a mask contradicts, so that the click is not ignored.

    Each location takes only the closest click, so that clicks do not overwrite each other.

    Args:
        logits: (B, h, w) of the masks.
        xy: (B, K, 2) in [0, 1], K at least 1.
        labels: (B, K): 1 on the object, 0 beside it; others, such as corners of a box, are left.

    Returns:
        (B, h, w).

    Source:
        Ours; see ``docs/adr/0012-clicks-are-written-into-the-mask-prompt.md``.
    """
    size_hw = logits.shape[-2:]
    rows, columns = ((torch.arange(n, device=logits.device) + 0.5) / n for n in size_hw)
    x, y = xy[..., None, None].unbind(2)  # (B, K, 1, 1)
    away = ((columns - x) ** 2 + (rows[:, None] - y) ** 2).flatten(2)  # (B, K, h * w)
    is_click = (labels == 0) | (labels == 1)
    distance, closest = away.masked_fill(~is_click[..., None], float("inf")).min(1)
    is_contradicted = (logits.flatten(1).gather(1, _locations(xy, size_hw)) > 0) != (labels == 1)
    is_marked = (distance < MARK_RADIUS**2) & is_contradicted.gather(1, closest)
    mark = MARK_LOGIT * (2 * labels - 1).gather(1, closest)
    return torch.where(is_marked, mark.type_as(logits), logits.flatten(1)).view_as(logits)


def _locations(xy: Tensor, size_hw: torch.Size) -> Tensor:
    """Return the row-major indices (B, K) of the locations that are closest to positions."""
    column, row = (
        (at * side).long().clamp(0, side - 1)
        for at, side in zip(xy.unbind(-1), reversed(size_hw), strict=True)
    )
    return row * size_hw[1] + column
