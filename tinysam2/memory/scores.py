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
    """Map an object logit to [0, 1]: 0 up to a probability of one half, 1 at certainty.

    Source: the form of SAM 3's tracker, ``max(0, 2 sigmoid(logit) - 1)``.
    """
    return max(0.0, 2 * float(torch.sigmoid(torch.tensor(object_logit))) - 1)


def object_descriptors(features: Tensor, mask_logits: Tensor) -> Tensor:
    """Describe what each object looks like on a frame.

    The descriptor is the object's mean feature minus the frame's, because the part that all
    locations share would hide how views of an object differ.  Memory maps are no substitute: the
    code of the mask dominates them, and it is the same on every frame.

    Args:
        features: (O or 1, C, H, W) image features.
        mask_logits: (O, h, w), at any resolution of at least (H, W).

    Returns:
        (O, C) float32 unit vectors, zero where the object is absent.
    """
    features = features.detach().float()
    covered = (mask_logits[:, None] > 0).float()
    height, width = features.shape[-2:]
    weight = F.adaptive_avg_pool2d(covered, (height, width))  # (O, 1, H, W)
    area = weight.sum((2, 3))
    inside = (weight * features).sum((2, 3)) / area.clamp(min=1e-6)
    contrast = inside - features.mean((2, 3))
    return F.normalize(contrast, dim=1) * (area > 0)


def novelty(descriptor: Tensor, remembered: list[Tensor]) -> float:
    """Return how unlike a frame is to the remembered ones: 1 - highest cosine, cut to [0, 1]."""
    if not remembered:
        return 1.0
    similarity = float((torch.stack(remembered) @ descriptor).max())
    return min(1.0, max(0.0, 1 - similarity))
