"""Temporal compression: which tokens of the whole bank are worth keeping."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

_FIRST = 10.0  # outranks any novelty, which is at most 2
EACH_FIXED_SHARE = 0.3  # of the budget: what a prompted or pinned frame is sure of
ALL_FIXED_SHARE = 0.6  # of the budget: what all of them are sure of at most


def select_tokens(
    tokens: Sequence[Tensor], squares: Sequence[Tensor], is_fixed: Sequence[bool], budget: int
) -> list[Tensor]:
    """Choose the most informative tokens across the frames of a bank.

    Every token is scored by its novelty, one minus the highest cosine similarity to the tokens that
    frames earlier in the list hold in the same square of the picture: what looks like something
    already remembered in its place says nothing new.  In the first frame the mean token takes
    their part.  Each fixed frame is sure of `EACH_FIXED_SHARE` of the budget for its best tokens,
    or of an even part of `ALL_FIXED_SHARE` if that is less; the rest goes to the highest scores,
    whosever they are.

    Args:
        tokens: per frame (n, C), most important frame first.
        squares: per frame (n,) long, the square that pooling merges in which each token stands.
        is_fixed: per frame, whether it was prompted or pinned.
        budget: tokens to keep in all.

    Returns:
        Per frame (n,) bool, True for tokens that survive; all True when the budget suffices.

    Source:
        Our reading of TinySAM 2's (arXiv:2605.18013) joint spatial-temporal compression:
        "token-level similarity measurement" across the frames of the bank.
    """
    counts = [len(t) for t in tokens]
    if sum(counts) <= budget:
        return [
            torch.ones(n, dtype=torch.bool, device=t.device)
            for n, t in zip(counts, tokens, strict=True)
        ]
    scores = _novelty(tokens, squares)
    share = int(min(EACH_FIXED_SHARE, ALL_FIXED_SHARE / max(1, sum(is_fixed))) * budget)
    for i, score in enumerate(scores):
        if is_fixed[i]:
            score[score.topk(min(share, len(score))).indices] += _FIRST
    flat = torch.cat(scores)
    keep = torch.zeros(len(flat), dtype=torch.bool, device=flat.device)
    keep[flat.topk(budget).indices] = True
    return list(keep.split(counts))


@torch.no_grad()
def _novelty(tokens: Sequence[Tensor], squares: Sequence[Tensor]) -> list[Tensor]:
    """Score each token against tokens of the frames before its own in its place, in [0, 2]."""
    units = [F.normalize(t.detach().float(), dim=-1) for t in tokens]
    scores = [1 - units[0] @ F.normalize(units[0].mean(0), dim=0)]
    nothing = F.pad(units[0][:0], (0, 0, 0, 1))  # a token that is like no other, in no square
    for i in range(1, len(units)):
        alike = units[i] @ torch.cat([nothing, *units[:i]]).T
        earlier = torch.cat([squares[0].new_full((1,), -1), *squares[:i]])
        is_elsewhere = squares[i][:, None] != earlier
        scores.append(1 - alike.masked_fill(is_elsewhere, 0.0).amax(1))
    return scores
