"""Spatial compression: average pooling of a memory map before it is stored."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.model.layers.positions import grid_xy


@dataclass(frozen=True, slots=True)
class MemoryGrid:
    """Positions of memory tokens; entries store the index of each of their tokens in this grid.

    Feature locations come first, row by row, then the pooling windows, or global latents, which
    have no position.

    Attributes:
        size_hw: rows and columns of the feature map.
        xy: (N, 2) positions in the units of the rotary codes; zero for global latents.
        key_bias: (N,) added to the attention logits of each token.
        window: (N,) long, the pooling window that a location lies in; for a window, itself.
        code: (N, memory_dim) position codes of keys, where the network has any.
        pool: side of the pooling windows; 1 if there are none.
    """

    size_hw: tuple[int, int]
    xy: Tensor
    key_bias: Tensor
    window: Tensor
    code: Tensor | None = None
    pool: int = 1

    @staticmethod
    def of(feature_hw: tuple[int, int], pool: int, device: torch.device) -> "MemoryGrid":
        """Lay out a feature map and its ``pool`` x ``pool`` windows."""
        window = window_of_locations(feature_hw, pool)
        xy, bias = grid_xy(*feature_hw), torch.zeros(len(window))
        if pool > 1:
            xy = torch.cat([xy, pooled_positions(feature_hw, pool)])
            window = torch.cat([window, torch.arange(len(xy) - len(window))])
            bias = F.pad(bias, (0, len(xy) - len(bias)), value=math.log(pool * pool))
        xy, bias, window = xy.to(device), bias.to(device), window.to(device)
        return MemoryGrid(feature_hw, xy, bias, window, pool=pool)

    def to(self, device: torch.device) -> "MemoryGrid":
        """Return the grid with its tensors on a device."""
        code = None if self.code is None else self.code.to(device)
        xy, bias, window = (t.to(device) for t in (self.xy, self.key_bias, self.window))
        return MemoryGrid(self.size_hw, xy, bias, window, code, self.pool)

    def covered(self, locations: Tensor) -> Tensor:
        """Return the feature locations (H, W) bool that tokens at ``locations`` (n,) cover."""
        own = self.size_hw[0] * self.size_hw[1]
        is_stored = torch.zeros(len(self.window), dtype=torch.bool, device=locations.device)
        is_stored[locations] = True
        shown = is_stored[:own]
        if self.pool > 1:  # the averages of windows come after the locations
            shown = shown | is_stored[own:][self.window[:own]]
        return shown.view(self.size_hw)

    def averaged(self, locations: Tensor) -> Tensor:
        """Return the windows (H // pool, W // pool) bool whose average is among ``locations``."""
        height, width = (side // self.pool for side in self.size_hw)
        found = torch.zeros(height * width, dtype=torch.bool, device=locations.device)
        if self.pool > 1:
            found[self.window[locations[locations >= self.size_hw[0] * self.size_hw[1]]]] = True
        return found.view(height, width)

    def shows_object(self, coverage: Tensor, locations: Tensor) -> Tensor:
        """Return whether each token at ``locations`` (n,) stands for a part of the object, (n,).

        Args:
            coverage: (H, W) fraction of each feature location that shows the object.  At any other
                size than this grid's (latents) every token may show it.
            locations: (n,) long.
        """
        if coverage.shape != self.size_hw:
            return torch.ones_like(locations, dtype=torch.bool)
        own = coverage.flatten() > 0
        merged = torch.zeros(len(self.window) - len(own), dtype=torch.bool, device=own.device)
        if len(merged):
            merged[self.window[: len(own)][own]] = True
        return torch.cat([own, merged])[locations]


def compress_memory(
    memory: Tensor, coverage: Tensor | None, pool: int, max_tokens: int | None = None
) -> list[tuple[Tensor, Tensor]]:
    """Average ``pool`` x ``pool`` windows, except those that show the object.

    The surroundings of an object are stored coarsely, the object itself in detail.  If the limit
    does not allow all of its windows in detail, those at its outline are preferred.

    Args:
        memory: (O, C, H, W); latents (O, N, C) are compressed already and stay.
        coverage: (O, H, W) fraction of each location that shows the object; None averages all.
        pool: side of the windows; 1 averages nothing.
        max_tokens: most tokens of an object, at least one per window; None for no limit.

    Returns:
        Per object tokens (n, C) and their locations (n,), see `MemoryGrid`.
    """
    if memory.ndim == 3 or pool == 1:
        tokens = memory if memory.ndim == 3 else memory.flatten(2).transpose(1, 2)
        locations = torch.arange(tokens.shape[1], device=memory.device)
        return [(each, locations) for each in tokens]
    fine = memory.flatten(2).transpose(1, 2)
    coarse = F.avg_pool2d(memory, pool)
    kept = torch.zeros_like(coarse[:, 0], dtype=torch.bool)
    if coverage is not None:
        kept = _detailed_windows(F.avg_pool2d(coverage, pool), pool, max_tokens)
    own = kept.repeat_interleave(pool, 1).repeat_interleave(pool, 2).flatten(1)
    stored = torch.cat([own, ~kept.flatten(1)], 1)
    tokens = torch.cat([fine, coarse.flatten(2).transpose(1, 2)], 1)
    return [
        (t[is_stored], is_stored.nonzero()[:, 0])
        for t, is_stored in zip(tokens, stored, strict=True)
    ]


def _detailed_windows(coverage: Tensor, pool: int, max_tokens: int | None) -> Tensor:
    """Select the windows (O, h, w) that are not averaged, given the object's coverage."""
    is_touched = coverage > 0
    windows = coverage[0].numel()
    if max_tokens is None:
        return is_touched
    most = min(windows, max(0, (max_tokens - windows) // (pool * pool - 1)))
    from_outline = (coverage - 0.5).abs().masked_fill(~is_touched, 1.0).flatten(1)
    chosen = from_outline.topk(most, dim=1, largest=False).indices
    is_chosen = torch.zeros_like(from_outline, dtype=torch.bool).scatter(1, chosen, value=True)
    return is_chosen.view_as(is_touched) & is_touched


def window_of_locations(feature_hw: tuple[int, int], pool: int) -> Tensor:
    """Return the index of the ``pool`` x ``pool`` window of each location, (H * W,)."""
    rows, columns = (torch.arange(side) // pool for side in feature_hw)
    return (rows[:, None] * (feature_hw[1] // pool) + columns).flatten()


def pooled_positions(feature_hw: tuple[int, int], pool: int) -> Tensor:
    """Return the centers (x, y) of the pooling windows in feature locations, (N, 2)."""
    return grid_xy(feature_hw[0] // pool, feature_hw[1] // pool, step=float(pool))
