"""How far a memory map is from the teacher's."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

NEAR_WEIGHT, NEAR_COVERAGE, NEAR_LOCATIONS = 5.0, 0.3, 5
"""Weight of the locations with one that the object covers so far in a window of that side."""


@dataclass(frozen=True, slots=True)
class MemoryLoss:
    """Means over the locations of all maps, those near the object weighted more.

    Attributes:
        error: square error in units of each channel's variance, mean over the channels.
        cosine: similarity of the vectors, in [-1, 1].
    """

    error: Tensor
    cosine: Tensor

    @property
    def total(self) -> Tensor:
        """What is minimized."""
        return self.error + 1 - self.cosine


def memory_loss(student: Tensor, taught: Tensor, variance: Tensor, covered: Tensor) -> MemoryLoss:
    """Compare memory maps.

    Args:
        student: (B, C, H, W).
        taught: of the same shape.
        variance: (C,) of the teacher's channels.
        covered: (B, H, W) which fraction of each location the mask covers.
    """
    reach = F.max_pool2d(covered[:, None], NEAR_LOCATIONS, 1, NEAR_LOCATIONS // 2)
    weight = 1 + (NEAR_WEIGHT - 1) * (reach[:, 0] > NEAR_COVERAGE).float()
    weight = weight / weight.sum()
    error = ((student - taught).square() / variance[:, None, None]).mean(1)
    cosine = F.cosine_similarity(student, taught, dim=1)
    return MemoryLoss((weight * error).sum(), (weight * cosine).sum())
