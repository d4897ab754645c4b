"""Temporal compression: selects the tokens of the whole bank that are kept."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

_RESERVED_BONUS = 10.0  # more than any novelty, which is at most 2
FRAME_RESERVE = 0.3
"""Fraction of the budget that is reserved for each conditioning frame."""
TOTAL_RESERVE = 0.4
"""Largest fraction of the budget that is reserved for all conditioning frames together."""
OBJECT_RESERVE = 0.4
"""Fraction of the budget that is reserved for the object's tokens of all non-conditioning frames
together, where there are several conditioning frames."""


def select_tokens(
    tokens: Sequence[Tensor],
    windows: Sequence[Tensor],
    is_conditioning: Sequence[bool],
    is_object: Sequence[Tensor],
    budget: int,
) -> list[Tensor]:
    """Choose the most informative tokens across the frames of a bank.

    Each token is scored by its novelty: one minus the highest cosine similarity to the tokens that
    earlier frames of the list hold in the same pooling window.  A token that resembles an earlier
    one in the same place is redundant.  Tokens of the first frame are compared with their mean.
    `FRAME_RESERVE` of the budget is reserved for the best tokens of each conditioning frame, or an
    equal part of `TOTAL_RESERVE` if that is less.  Two conditioning frames could take all of the
    budget, much of it with tokens of the background.  From two on, `OBJECT_RESERVE` is reserved
    for the best tokens that show the object on non-conditioning frames, in equal parts.  The rest
    of the budget goes to the highest scores of all frames.

    Args:
        tokens: per frame (n, C), most important frame first.
        windows: per frame (n,) long, the pooling window of each token.
        is_conditioning: per frame, whether it was prompted or pinned.
        is_object: per frame (n,) bool, whether each token shows the object.
        budget: tokens to keep in all.

    Returns:
        Per frame (n,) bool, True for tokens that survive; all True when the budget suffices.

    Source:
        Our reading of TinySAM 2's (arXiv:2605.18013) joint spatial-temporal compression:
        "token-level similarity measurement" across the frames of the bank.
    """
    counts = [len(t) for t in tokens]
    if sum(counts) <= budget:
        return [torch.ones(len(t), dtype=torch.bool, device=t.device) for t in tokens]
    flat = torch.cat(_with_reserved(_novelty(tokens, windows), is_conditioning, is_object, budget))
    keep = torch.zeros(len(flat), dtype=torch.bool, device=flat.device)
    keep[flat.topk(budget).indices] = True
    return list(keep.split(counts))


def _with_reserved(
    scores: list[Tensor],
    is_conditioning: Sequence[bool],
    is_object: Sequence[Tensor],
    budget: int,
) -> list[Tensor]:
    """Return the scores, changed in place so that reserved tokens score more than all others."""
    conditioning = sum(is_conditioning)
    reserved = int(min(FRAME_RESERVE, TOTAL_RESERVE / max(1, conditioning)) * budget)
    others = len(scores) - conditioning
    of_object = int(OBJECT_RESERVE * budget / max(1, others)) if conditioning > 1 else 0
    for score, is_fixed, shows_object in zip(scores, is_conditioning, is_object, strict=True):
        eligible = shows_object | is_fixed
        ranked = score.masked_fill(~eligible, -torch.inf)
        best = ranked.topk(min(reserved if is_fixed else of_object, len(score))).indices
        score[best] += _RESERVED_BONUS * eligible[best]
    return scores


@torch.no_grad()
def _novelty(tokens: Sequence[Tensor], windows: Sequence[Tensor]) -> list[Tensor]:
    """Score each token, in [0, 2], against those of earlier frames in its pooling window."""
    counts = [len(t) for t in tokens]
    units = F.normalize(torch.cat(list(tokens)).detach().float(), dim=-1)
    window = torch.cat(list(windows))
    frame = torch.arange(len(counts), device=window.device)
    frame = frame.repeat_interleave(torch.tensor(counts, device=window.device))
    order = window.argsort(stable=True)  # the frames of a window stay in order
    sorted_units, window, frame = units[order], window[order], frame[order]
    alike = torch.zeros(len(units), device=units.device)
    # Windows hold a few tokens each: all pairs of tokens would be a hundred times as many.
    for step in range(1, int(window.bincount().max())):
        is_earlier = (window[step:] == window[:-step]) & (frame[step:] != frame[:-step])
        found = (sorted_units[step:] * sorted_units[:-step]).sum(-1)
        torch.maximum(alike[step:], found * is_earlier, out=alike[step:])
    scores = list((1 - torch.empty_like(alike).scatter(0, order, alike)).split(counts))
    first = units[: counts[0]]
    scores[0] = 1 - first @ F.normalize(first.mean(0), dim=0)
    return scores
