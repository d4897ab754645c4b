"""Simulated prompts: clicks, boxes, masks, and corrective clicks in error regions."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.inference.click_marks import mark_clicks
from tinysam2.model.decoder.prompt_encoder import NOT_A_POINT

BOX_FRACTION = 0.35
"""Fraction of boxes among the prompts that are not masks; the others are clicks."""
FED_FRACTION = 0.8
"""Fraction of click sequences whose predictions see the previous mask, as all do at inference."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A batch's prompt on one frame.

    Attributes:
        xy: (B, K, 2) in [0, 1].
        labels: (B, K) as in `PromptEncoder.encode_points`.
        mask: (B, H, W) bool when the mask itself is given.
        is_ambiguous: whether three masks are predicted, for a single click.
        corrections: number of corrective clicks to come.
        feeds_mask: whether each prediction sees the previous mask; then a self-refinement pass
            follows the first prediction, before it is corrected.
        previous: (B, 1, h, w) logits of the mask that the first prediction corrects, if any.
    """

    xy: Tensor
    labels: Tensor
    mask: Tensor | None = None
    is_ambiguous: bool = False
    corrections: int = 0
    feeds_mask: bool = False
    previous: Tensor | None = None


def draw_prompt(
    mask: Tensor, generator: torch.Generator, mask_fraction: float, max_corrections: int
) -> Prompt:
    """Draw one kind of prompt for a batch of masks (B, H, W) bool.

    Args:
        mask: where the object is.
        generator: of all choices.
        mask_fraction: probability that the prompt is the mask itself.
        max_corrections: most corrective clicks.
    """
    dice = torch.rand(4, generator=generator, device=mask.device).tolist()
    gives_mask, gives_box = dice[0] < mask_fraction, dice[1] < BOX_FRACTION
    corrections, feeds_mask = int(dice[2] * (max_corrections + 1)), dice[3] < FED_FRACTION
    nothing = mask.new_zeros(len(mask), 0, 2, dtype=torch.float32)
    if gives_mask:
        return Prompt(nothing, nothing[..., 0].long(), mask)
    if gives_box:
        corners = box_corners(mask, generator)
        labels = torch.arange(2, 4, device=mask.device).expand(len(mask), 2)
        present = mask.flatten(1).any(1)[:, None]
        labels = torch.where(present, labels, NOT_A_POINT)
        return Prompt(corners, labels, corrections=corrections, feeds_mask=feeds_mask)
    xy, labels = draw_click(mask, torch.zeros_like(mask), generator)
    return Prompt(
        xy[:, None],
        labels[:, None],
        is_ambiguous=True,
        corrections=corrections,
        feeds_mask=feeds_mask,
    )


def correct(prompt: Prompt, logits: Tensor, mask: Tensor, generator: torch.Generator) -> Prompt:
    """Add one click per clip inside the region where the prediction is wrong.

    Source: SAM 2's correction sampling; TinySAM's hard prompt sampling draws in missed regions,
    here false regions too.
    """
    predicted = F.interpolate(logits[:, None], mask.shape[-2:], mode="bilinear")[:, 0] > 0
    xy, labels = draw_click(mask & ~predicted, predicted & ~mask, generator)
    return replace(
        prompt,
        xy=torch.cat([prompt.xy, xy[:, None]], 1),
        labels=torch.cat([prompt.labels, labels[:, None]], 1),
    )


def correct_tracked(
    logits: Tensor, mask: Tensor, generator: torch.Generator, marks_clicks: bool = True
) -> Prompt:
    """Draw the click that a user makes where the tracked mask (B, h, w) is wrong.

    ``marks_clicks`` writes it into the mask prompt, which SAM's decoder does not need.
    """
    nothing = mask.new_zeros(len(mask), 0, 2, dtype=torch.float32)
    correction = correct(Prompt(nothing, nothing[..., 0].long()), logits, mask, generator)
    if not marks_clicks:
        return replace(correction, previous=logits[:, None])
    return replace(correction, previous=marked(correction, logits))


def marked(prompt: Prompt, logits: Tensor) -> Tensor:
    """Mark a prompt's clicks in the masks (B, h, w) that it corrects; returns (B, 1, h, w)."""
    return mark_clicks(logits, prompt.xy, prompt.labels)[:, None]


def draw_click(missed: Tensor, false: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw a pixel of ``missed | false`` (B, H, W), mostly away from the region's edge.

    Returns:
        (B, 2) positions in [0, 1] and (B,) labels: 1 missed, 0 false, -1 where there is neither.
    """
    wrong = missed | false
    height, width = wrong.shape[-2:]
    rows = F.max_pool2d((~wrong).float()[:, None], (9, 1), 1, (4, 0))  # a square in two passes
    inner = 1 - F.max_pool2d(rows, (1, 9), 1, (0, 4))[:, 0]
    sums = (wrong.float() + 20 * inner).flatten(1).double().cumsum(1)
    empty = sums[:, -1] == 0
    chance = torch.rand(len(sums), 1, generator=generator, device=sums.device)
    index = torch.searchsorted(sums, chance * sums[:, -1:], right=True)[:, 0]
    index = index.clamp(max=sums.shape[1] - 1)
    x, y = (index % width + 0.5) / width, (index // width + 0.5) / height
    is_missed = missed.flatten(1).gather(1, index[:, None])[:, 0]
    return torch.stack([x, y], 1), torch.where(empty, NOT_A_POINT, is_missed.long())


def box_corners(mask: Tensor, generator: torch.Generator) -> Tensor:
    """Return the corners (B, 2, 2) in [0, 1] of the masks' boxes, jittered by a tenth."""
    ends = []
    for is_there in (mask.any(1).int(), mask.any(2).int()):  # columns, rows
        first, last = is_there.argmax(1), is_there.shape[1] - is_there.flip(1).argmax(1)
        ends.append(torch.stack([first, last], 1) * is_there.amax(1)[:, None] / is_there.shape[1])
    corners = torch.stack(ends, 2)
    extent = (corners[:, 1] - corners[:, 0])[:, None]
    noise = torch.randn(corners.shape, device=mask.device, generator=generator).clamp(-2, 2)
    return (corners + 0.05 * extent * noise).clamp(0, 1)
