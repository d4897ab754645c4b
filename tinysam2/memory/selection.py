"""Temporal compression: which tokens of the whole bank are worth keeping."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def select_tokens(
    tokens: Sequence[Tensor], cells: Sequence[Tensor], is_whole: Sequence[bool], budget: int
) -> list[Tensor]:
    """Choose the most informative tokens across the frames of a bank.

    Frames flagged whole come first and keep every token while the budget lasts.  Every other token
    is scored by its novelty, one minus the highest cosine similarity to the tokens that frames
    earlier in the list hold at the same cell: what looks like something already remembered in its
    place says nothing new.  The budget goes to the highest scores.

    Args:
        tokens: per frame (n, C), most important frame first.
        cells: per frame (n,) long, the cell of each token in the pooled grid.
        is_whole: per frame, whether it is kept whole first.
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
    scores = torch.cat(_novelty(tokens, cells))
    whole = torch.cat([torch.full((n,), w) for n, w in zip(counts, is_whole, strict=True)])
    # Whole frames outrank the rest (novelty is at most 2), the first of them first.
    rank = -torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    priority = scores + torch.where(whole, 1000.0 + 4.0 * rank, 0.0).to(scores.device)
    keep = torch.zeros(len(scores), dtype=torch.bool, device=scores.device)
    keep[priority.topk(budget).indices] = True
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
            best.append(unit.new_ones(len(unit)))
        else:
            best.append(1 - (grid[:i, cell] * unit).sum(-1).amax(0))
        grid[i, cell] = unit
    return best
