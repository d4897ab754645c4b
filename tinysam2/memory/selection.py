"""Temporal compression: which tokens of the whole bank are worth keeping."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

_FIRST = 10.0  # outranks any novelty, which is at most 2
FIXED_SHARE = 0.75  # of the budget: what prompted and pinned frames may claim before the others


def select_tokens(
    tokens: Sequence[Tensor], cells: Sequence[Tensor], is_fixed: Sequence[bool], budget: int
) -> list[Tensor]:
    """Choose the most informative tokens across the frames of a bank.

    Every token is scored by its novelty, one minus the highest cosine similarity to the tokens that
    frames earlier in the list hold at the same cell: what looks like something already remembered
    in its place says nothing new.  In the first frame the mean token takes their part.  Fixed
    frames share `FIXED_SHARE` of the budget evenly and keep their best tokens, one fixed frame as
    a rule all of them; the rest of the budget goes to the highest scores of all others.

    Args:
        tokens: per frame (n, C), most important frame first.
        cells: per frame (n,) long, the cell of each token in the pooled grid.
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
    scores = _novelty(tokens, cells)
    share = int(FIXED_SHARE * budget) // max(1, sum(is_fixed))
    for i, score in enumerate(scores):
        if is_fixed[i]:
            score[score.topk(min(share, len(score))).indices] += _FIRST
    flat = torch.cat(scores)
    keep = torch.zeros(len(flat), dtype=torch.bool, device=flat.device)
    keep[flat.topk(budget).indices] = True
    return list(keep.split(counts))


@torch.no_grad()
def _novelty(tokens: Sequence[Tensor], cells: Sequence[Tensor]) -> list[Tensor]:
    """Score each token against co-located tokens of the frames before its own, in [0, 2]."""
    num_cells = 1 + max(int(c.max()) for c in cells if len(c))
    grid = tokens[0].new_zeros(len(tokens), num_cells, tokens[0].shape[-1], dtype=torch.float32)
    best: list[Tensor] = []
    for i, (token, cell) in enumerate(zip(tokens, cells, strict=True)):
        unit = F.normalize(token.detach().float(), dim=-1)
        if i == 0:
            best.append(1 - unit @ F.normalize(unit.mean(0), dim=0))
        else:
            best.append(1 - (grid[:i, cell] * unit).sum(-1).amax(0))
        grid[i, cell] = unit
    return best
