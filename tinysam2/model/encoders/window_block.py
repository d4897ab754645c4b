"""The transformer block that Hiera and the plain vision transformer share."""

from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.model.layers.attention import attend

NORM_EPS = 1e-6  # SAM 2 and EfficientTAM; torch's default is 1e-5


class GridAttention(nn.Module):
    """Self-attention over the locations of a grid; optionally of queries max-pooled by 2."""

    def __init__(self, dim_in: int, dim: int, heads: int, pool_queries: bool) -> None:
        super().__init__()
        self.heads, self.pool_queries = heads, pool_queries
        self.qkv = nn.Linear(dim_in, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Attend: (B, H, W, dim_in) to (B, H, W, dim), or half of H and W with pooled queries."""
        q, k, v = self.qkv(x).chunk(3, -1)
        if self.pool_queries:
            q = halve(q)
        grid = q.shape[1:3]
        q, k, v = (
            t.flatten(1, 2).unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (q, k, v)
        )
        out = attend(q, k, v)
        return self.proj(out.transpose(1, 2).flatten(2).unflatten(1, grid))


class WindowBlock(nn.Module):
    """Pre-norm transformer block that attends within windows or, without, to the whole map.

    Where the width changes it also halves the map: queries and the shortcut are max-pooled.

    Args:
        dim_in: width of the input.
        dim: width of the result.
        heads: attention heads.
        window: side of a window in locations of the input; None for the whole map.

    Source:
        Hiera (Ryali et al. 2023, arXiv:2306.00989) as facebookresearch/sam2
        ``sam2/modeling/backbones/hieradet.py`` has it; with equal widths it is the block of
        ViTDet (Li et al. 2022, arXiv:2203.16527).
    """

    def __init__(self, dim_in: int, dim: int, heads: int, window: int | None) -> None:
        super().__init__()
        self.window = window
        self.norm1 = nn.LayerNorm(dim_in, NORM_EPS)
        self.attn = GridAttention(dim_in, dim, heads, pool_queries=dim_in != dim)
        self.widen = nn.Linear(dim_in, dim) if dim_in != dim else None
        self.norm2 = nn.LayerNorm(dim, NORM_EPS)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, H, W, dim_in) to (B, H, W, dim); H and W are halved where it widens."""
        normed = self.norm1(x)
        shortcut = x if self.widen is None else halve(self.widen(normed))
        height, width = shortcut.shape[1:3]
        x = shortcut + self._attend(normed)[:, :height, :width]
        return x + self.mlp(self.norm2(x))

    def _attend(self, x: Tensor) -> Tensor:
        """Attend in each window; the result still has the padding of the last windows."""
        if self.window is None:
            return self.attn(x)
        side, (height, width) = self.window, x.shape[1:3]
        x = F.pad(x, (0, 0, 0, -width % side, 0, -height % side))
        windows = x.unflatten(2, (-1, side)).unflatten(1, (-1, side)).transpose(2, 3)
        out = self.attn(windows.flatten(0, 2))  # (B * rows * columns, side, side, dim)
        return out.unflatten(0, windows.shape[:3]).transpose(2, 3).flatten(3, 4).flatten(1, 2)


def halve(x: Tensor) -> Tensor:
    """Max-pool (B, H, W, C) to (B, H / 2, W / 2, C)."""
    return F.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
