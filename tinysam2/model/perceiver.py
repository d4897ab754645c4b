"""EdgeTAM's spatial perceiver, which compresses a memory map to a fixed number of latents."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LatentAttention(nn.Module):
    """One-head attention of latents, to themselves or (``has_source``) to other tokens."""

    def __init__(self, dim: int, has_source: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.source_norm = nn.LayerNorm(dim) if has_source else None
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_kv = nn.Linear(dim, 2 * dim, bias=False)
        self.to_out = nn.Linear(dim, dim, bias=False)

    def forward(
        self, latents: Tensor, source: Tensor | None = None, code: Tensor | None = None
    ) -> Tensor:
        """Apply attention.

        Args:
            latents: (B, L, dim).
            source: (B, N, dim) tokens to read, where the module has a source.
            code: (B or 1, N, dim) position codes, added to keys and to values.

        Returns:
            (B, L, dim).
        """
        latents = self.norm(latents)
        read = latents
        if self.source_norm is not None:
            read = self.source_norm(source)
        k, v = self.to_kv(read).chunk(2, -1)
        if code is not None:
            k, v = k + code, v + code
        return self.to_out(F.scaled_dot_product_attention(self.to_q(latents), k, v))


class PerceiverLayer(nn.Module):
    """Latents read the map, then each other; a perceptron after each."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.cross_attn = LatentAttention(dim, has_source=True)
        self.cross_mlp = _mlp(dim)
        self.self_attn = LatentAttention(dim, has_source=False)
        self.self_mlp = _mlp(dim)

    def forward(self, latents: Tensor, source: Tensor, code: Tensor | None = None) -> Tensor:
        """Update ``latents`` (B, L, dim) from ``source``, as `LatentAttention` takes it."""
        latents = latents + self.cross_attn(latents, source, code)
        latents = latents + self.cross_mlp(latents)
        latents = latents + self.self_attn(latents)
        return latents + self.self_mlp(latents)


class SpatialPerceiver(nn.Module):
    """Compress a memory map to latents: global ones, which read all of it, and one per window.

    The windows form a square grid.  The latent of a window has that window's position in the grid;
    global latents have no position.

    Args:
        dim: width of memory tokens.
        global_count: latents that read the whole map.
        window_count: windows, a square number.
        depth: layers; both kinds of latents pass through the same ones.

    Source:
        EdgeTAM (Zhou et al. 2025, arXiv:2501.07256, section 3.2); code: facebookresearch/EdgeTAM
        ``sam2/modeling/perceiver.py``.
    """

    def __init__(
        self, dim: int = 64, global_count: int = 256, window_count: int = 256, depth: int = 2
    ) -> None:
        super().__init__()
        self.window_grid = math.isqrt(window_count)
        if self.window_grid**2 != window_count:
            raise ValueError(f"window_count must be a square number, got {window_count}")
        self.global_latents = nn.Parameter(torch.randn(global_count, dim))
        self.window_latents = nn.Parameter(torch.randn(window_count, dim))
        self.layers = nn.ModuleList(PerceiverLayer(dim) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)

    def forward(self, memory: Tensor, code: Tensor) -> Tensor:
        """Compress a memory map.

        Args:
            memory: (O, dim, H, W); H and W multiples of the window grid's side.
            code: (O or 1, dim, H, W) position codes, seen by the global latents only.

        Returns:
            (O, window_count + global_count, dim): windows row by row, then global latents.
        """
        everywhere = self.global_latents.expand(len(memory), -1, -1)
        local = self.window_latents[:, None].repeat(len(memory), 1, 1)  # (O * windows, 1, dim)
        locations, codes = (x.flatten(2).transpose(1, 2) for x in (memory, code))
        windows = self._windows(memory)
        for layer in self.layers:
            everywhere = layer(everywhere, locations, codes)
            local = layer(local, windows)
        return self.norm(torch.cat([local.view(len(memory), -1, memory.shape[1]), everywhere], 1))

    def _windows(self, memory: Tensor) -> Tensor:
        """Cut (O, dim, H, W) into (O * windows, locations of a window, dim)."""
        grid = self.window_grid
        cut = memory.unflatten(3, (grid, -1)).unflatten(2, (grid, -1))  # (O, C, gy, h, gx, w)
        return cut.permute(0, 2, 4, 3, 5, 1).flatten(3, 4).flatten(0, 2)


def _mlp(dim: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(dim),
        nn.Linear(dim, 4 * dim, bias=False),
        nn.GELU(),
        nn.Linear(4 * dim, dim, bias=False),
    )
