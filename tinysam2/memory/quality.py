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


def memory_descriptor(tokens: Tensor) -> Tensor:
    """Return the unit vector (C,) float32 that stands for a frame's tokens (N, C)."""
    return F.normalize(tokens.detach().float().mean(0), dim=0)


def novelty(descriptor: Tensor, remembered: list[Tensor]) -> float:
    """Return how unlike a frame is to the remembered ones: 1 - highest cosine, cut to [0, 1]."""
    if not remembered:
        return 1.0
    similarity = float((torch.stack(remembered) @ descriptor).max())
    return min(1.0, max(0.0, 1 - similarity))
