"""Spatial compression: average pooling of a memory map before it is stored."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from tinysam2.layers.positions import grid_xy


@dataclass(frozen=True, slots=True)
class MemoryGrid:
    """Where the tokens of a stored frame stand, by the cell that each is stored under.

    Attributes:
        xy: (N, 2) positions in the units of the rotary codes; zero for tokens without a place.
        key_bias: what is added to the attention logits of each token.
        code: (N, memory_dim) position codes of keys, where the network has any.
    """

    xy: Tensor
    key_bias: float
    code: Tensor | None = None


def pool_memory(memory: Tensor, pool: int) -> Tensor:
    """Average ``pool`` x ``pool`` cells of (O, C, H, W) into tokens (O, H * W / pool^2, C).

    Latents (O, N, C) are compressed already and stay.
    """
    if memory.ndim == 3:
        return memory
    if pool > 1:
        memory = F.avg_pool2d(memory, pool)
    return memory.flatten(2).transpose(1, 2)


def pooled_positions(feature_hw: tuple[int, int], pool: int) -> Tensor:
    """Return the (x, y) centres of the pooled cells in units of feature cells, (N, 2)."""
    return grid_xy(feature_hw[0] // pool, feature_hw[1] // pool, step=float(pool))
