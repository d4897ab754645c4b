"""How far a memory map is from the teacher's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor
from torch.nn import functional as F

from tinysam2.model.memory_attention import MemoryAttentionLayer
from tinysam2.model.network import TinySam2

READING_WEIGHT = 3.0
NEAR_WEIGHT, NEAR_COVERAGE, NEAR_LOCATIONS = 5.0, 0.3, 5
"""Weight of the locations with one that the object covers so far in a window of that side."""

MemoryReader = Callable[[Tensor], Tensor]
"""Maps tokens (B, N, C) to something that is computed of them where memory is read, (B, N, D)."""


@dataclass(frozen=True, slots=True)
class MemoryLoss:
    """Means over the locations of all maps, those near the object weighted more.

    Attributes:
        error: square error in units of each channel's variance, mean over the channels.
        cosine: similarity of the vectors, in [-1, 1].
        reading: square error of what `readers_of` make of them, in units of its variance, mean over
            the readers; 0 without any.
    """

    error: Tensor
    cosine: Tensor
    reading: Tensor

    @property
    def total(self) -> Tensor:
        """What is minimized."""
        return self.error + 1 - self.cosine + READING_WEIGHT * self.reading


def readers_of(network: TinySam2) -> list[MemoryReader]:
    """Return the keys and values of memory attention, and the unit keys of the matcher.

    The matcher also reads which fraction of a token is the object, which is left out.
    """
    readers = list[MemoryReader]()
    for layer in network.memory_attention.layers:
        assert isinstance(layer, MemoryAttentionLayer)
        readers += [layer.cross_attn.k_proj, layer.cross_attn.v_proj]
    if network.matcher is not None:
        readers.append(partial(_unit_keys, network.matcher.key_proj))
    return readers


def _unit_keys(project: MemoryReader, tokens: Tensor) -> Tensor:
    return F.normalize(project(tokens), dim=-1)


def memory_loss(
    student: Tensor,
    taught: Tensor,
    variance: Tensor,
    covered: Tensor,
    readers: Sequence[MemoryReader] = (),
) -> MemoryLoss:
    """Compare memory maps.

    Args:
        student: (B, C, H, W).
        taught: of the same shape.
        variance: (C,) of the teacher's channels.
        covered: (B, H, W) which fraction of each location the mask covers.
        readers: of `readers_of`.
    """
    reach = F.max_pool2d(covered[:, None], NEAR_LOCATIONS, 1, NEAR_LOCATIONS // 2)
    weight = 1 + (NEAR_WEIGHT - 1) * (reach[:, 0] > NEAR_COVERAGE).float()
    weight = weight / weight.sum()
    error = ((student - taught).square() / variance[:, None, None]).mean(1)
    cosine = F.cosine_similarity(student, taught, dim=1)
    reading = student.new_zeros(())
    for reader in readers:
        found, expected = (reader(x.flatten(2).transpose(1, 2)).float() for x in (student, taught))
        distance = (found - expected).square().mean(-1).view_as(weight)
        reading = reading + (weight * distance).sum() / expected.var() / len(readers)
    return MemoryLoss((weight * error).sum(), (weight * cosine).sum(), reading)
