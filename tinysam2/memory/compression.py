"""Spatial compression: average pooling of a memory map before it is stored."""

from torch import Tensor
from torch.nn import functional as F

from tinysam2.layers.positions import grid_xy


def pool_memory(memory: Tensor, pool: int) -> Tensor:
    """Average ``pool`` x ``pool`` cells of (O, C, H, W) into tokens (O, H * W / pool^2, C)."""
    if pool > 1:
        memory = F.avg_pool2d(memory, pool)
    return memory.flatten(2).transpose(1, 2)


def pooled_positions(feature_hw: tuple[int, int], pool: int) -> Tensor:
    """Return the (x, y) centres of the pooled cells in units of feature cells, (N, 2)."""
    return grid_xy(feature_hw[0] // pool, feature_hw[1] // pool, step=float(pool))
