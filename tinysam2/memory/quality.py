"""Scores that decide whether a frame may enter the memory bank."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class FrameScores:
    """Scores of one object on one frame, each in [0, 1]."""

    predicted_iou: float
    object_presence: float
    quality: float
    novelty: float


def object_presence(object_logit: float) -> float:
    """Map an object logit to [0, 1]: 0 at and below indifference, 1 when certain.

    Source: the form of SAM 3's tracker, ``max(0, 2 sigmoid(logit) - 1)``.
    """
    return max(0.0, 2 * float(torch.sigmoid(torch.tensor(object_logit))) - 1)


def memory_descriptor(tokens: Tensor, mask_share: Tensor) -> Tensor:
    """Describe what the object looks like on a frame.

    The mean token of the object less the mean token of the frame: without the part that all tokens
    share, views of an object differ visibly.

    Args:
        tokens: (N, C) pooled memory tokens.
        mask_share: (N,) share of each token's cell that the object covers, in [0, 1].

    Returns:
        (C,) float32 unit vector, zero when the object is absent.
    """
    tokens, weight = tokens.detach().float(), mask_share.detach().float()
    inside = (weight @ tokens) / weight.sum().clamp(min=1e-6)
    contrast = (inside - tokens.mean(0)) * (weight.sum() > 0)
    return F.normalize(contrast, dim=0)


def novelty(descriptor: Tensor, remembered: list[Tensor]) -> float:
    """Return how unlike a frame is to the remembered ones: 1 - highest cosine, cut to [0, 1]."""
    if not remembered:
        return 1.0
    similarity = float((torch.stack(remembered) @ descriptor).max())
    return min(1.0, max(0.0, 1 - similarity))
