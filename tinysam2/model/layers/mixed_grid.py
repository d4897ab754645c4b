"""A feature map at two resolutions: averages everywhere, single locations where details count."""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

POOL = 2
"""Side of the windows whose averages stand for their locations."""
NEEDED = 0.6
"""Score above which a window is to be read location by location."""
PARTS, LEAST_PARTS, MOST_PARTS = 16, 2, 8
"""Windows are read location by location in steps of a sixteenth, from an eighth of them to half."""


@dataclass(frozen=True, slots=True)
class MixedGrid:
    """Reads a map (H, W) as rows: the averages of all windows, then some single locations.

    Attributes:
        size_hw: (H, W), multiples of `POOL`.
        locations: (O, n) long, of each object: those that are read one by one, whole windows.
        rows: (O, H * W) long, the row that stands for each location.
    """

    size_hw: tuple[int, int]
    locations: Tensor
    rows: Tensor

    @staticmethod
    def around(score: Tensor) -> "MixedGrid":
        """Read the windows of highest scores location by location, as many as the objects need.

        Args:
            score: (O, H / POOL, W / POOL) of the windows, see `outline_score`.
        """
        height, width = score.shape[1] * POOL, score.shape[2] * POOL
        windows = score[0].numel()
        needed = int((score > NEEDED).flatten(1).sum(1).max())
        parts = min(max(math.ceil(PARTS * needed / windows), LEAST_PARTS), MOST_PARTS)
        best = score.flatten(1).topk(max(1, windows * parts // PARTS), 1).indices
        in_window, coarse = _windows(height, width, score.device)
        locations = in_window[best].flatten(1)
        fine = torch.arange(windows, windows + locations.shape[1], device=score.device)
        rows = coarse.expand(len(score), -1).scatter(1, locations, fine.expand_as(locations))
        return MixedGrid((height, width), locations, rows)

    @staticmethod
    def given(maps: Tensor, parts: "tuple[Tensor, ...]") -> "MixedGrid | None":
        """Return the grid of maps (B, C, H, W) from its `tensors`; None if there are none."""
        return MixedGrid((maps.shape[2], maps.shape[3]), *parts) if parts else None

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """What a stage of a network takes of the grid."""
        return self.locations, self.rows

    def read(self, maps: Tensor) -> Tensor:
        """Return the rows (O, M, C) of maps (B, C, H, W), B = O or 1."""
        coarse = averages(maps).expand(len(self.locations), -1, -1)
        return torch.cat([coarse, _taken(maps.flatten(2).transpose(1, 2), self.locations)], 1)

    def spread(self, rows: Tensor) -> Tensor:
        """Return maps (O, H * W, C) from rows (O, M, C); windows without single rows are flat."""
        return _taken(rows, self.rows)


def outline_score(probability: Tensor) -> Tensor:
    """Score windows by how much of an outline is in or next to them.

    Args:
        probability: (O, H, W) of the object.

    Returns:
        (O, H / POOL, W / POOL).
    """
    highest = _pooled_max(probability)
    lowest = -_pooled_max(-probability)
    return highest - lowest + 0.1 * highest  # the inside before the surroundings


def _pooled_max(x: Tensor) -> Tensor:
    """Return the maximum over each window and its neighbors."""
    windows = F.max_pool2d(x[:, None], POOL)
    return F.max_pool2d(windows, 3, 1, 1)[:, 0]


def averages(maps: Tensor) -> Tensor:
    """Average the windows of maps (B, C, H, W): (B, H * W / POOL ** 2, C)."""
    return F.avg_pool2d(maps, POOL).flatten(2).transpose(1, 2)


def _taken(x: Tensor, index: Tensor) -> Tensor:
    """Return rows (O, n, C) of ``x`` (B, N, C), B = O or 1, at ``index`` (O, n)."""
    if len(x) > 1:  # one list of rows: engines gather along one axis fastest
        index = index + torch.arange(len(x), device=x.device)[:, None] * x.shape[1]
    return x.flatten(0, 1)[index]


@lru_cache(maxsize=8)
def _windows(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the locations of each window, (windows, POOL ** 2), and the window of each location.

    Args:
        height: rows of the map.
        width: its columns.
        device: where the results live.
    """
    with torch.inference_mode(False):  # the same tensors serve inference and training
        grid = torch.arange(height * width, device=device).view(
            height // POOL, POOL, width // POOL, POOL
        )
        in_window = grid.transpose(1, 2).reshape(-1, POOL**2)
        window = torch.empty(height * width, dtype=torch.long, device=device)
        window[in_window] = torch.arange(len(in_window), device=device)[:, None]
    return in_window, window
