"""Bringing a teacher's features to the student's width, and comparing them."""

from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor
from torch.nn import functional as F

Projection = tuple[Tensor, Tensor]  # mean (C,) and basis (C, D) of a level


@torch.inference_mode()
def fit_projections(
    features: Iterator[Sequence[Tensor]], dims: Sequence[int], count: int
) -> list[Projection]:
    """Fit a PCA to each level of a teacher's features.

    Args:
        features: (B, C, H, W) of each level, batch by batch.
        dims: widths to reduce the levels to; narrower levels keep theirs.
        count: batches to fit on.

    Returns:
        For each level the mean (C,) and projection (C, D), D = dims[l] or C, scaled so that the
        projected features have unit mean square.
    """
    samples: list[list[Tensor]] = [[] for _ in dims]
    for levels in islice(features, count):
        for sample, level in zip(samples, levels, strict=True):
            tokens = level.float().permute(0, 2, 3, 1).flatten(0, 2)
            sample.append(tokens[torch.randperm(len(tokens), device=tokens.device)[:1500]])
    projections = []
    for sample, dim in zip(samples, dims, strict=True):
        tokens = torch.cat(sample)
        mean = tokens.mean(0)
        _, vectors = torch.linalg.eigh(torch.cov(tokens.T))
        basis = vectors[:, -dim:].flip(1)
        scale = ((tokens - mean) @ basis).square().mean().rsqrt()
        projections.append((mean, basis * scale))
    return projections


def project(features: Tensor, mean: Tensor, basis: Tensor) -> Tensor:
    """Apply a projection of `fit_projections` to (B, C, H, W) features."""
    tokens = (features.float().permute(0, 2, 3, 1) - mean) @ basis
    return tokens.permute(0, 3, 1, 2)


def feature_loss(student: Tensor, target: Tensor) -> Tensor:
    """Cosine distance plus a tenth of the mean square error.

    Args:
        student: (B, D, H, W); a narrower target is compared with its first channels.
        target: (B, D', H, W).
    """
    student = student[:, : target.shape[1]]
    cosine = 1 - F.cosine_similarity(student, target, dim=1).mean()
    return cosine + 0.1 * F.mse_loss(student, target)
