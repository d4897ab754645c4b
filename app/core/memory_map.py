"""The survival map as pixels: where remembered frames hold tokens, each in its color; Qt-free."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.core.memory import Grid, KeptTokens, MemoryRecord

Rgb = tuple[int, int, int]

CELL_PX = 8
"""Side of a feature location in the pixels of a map."""
FILL_ALPHA = 165
BANK_COLORS: tuple[Rgb, ...] = (  # differ without color vision as well; after Okabe and Ito
    (230, 159, 0), (86, 180, 233), (240, 228, 66), (0, 158, 115),
    (204, 121, 167), (213, 94, 0), (79, 134, 217), (232, 232, 232),
)  # fmt: skip


def bank_rgb(position: int) -> Rgb:
    """Return the color of the frame at a position of the memory bank, from 0; they repeat."""
    return BANK_COLORS[position % len(BANK_COLORS)]


def map_of(record: MemoryRecord) -> NDArray[np.uint8] | None:
    """Return the map of a whole bank, see `map_pixels`; None if the record does not tell."""
    kept = [
        (tokens, bank_rgb(position))
        for position, frame in enumerate(record.stored)
        if (tokens := record.kept_tokens(frame)) is not None
    ]
    return map_pixels(kept) if kept else None


def map_pixels(kept: Sequence[tuple[KeptTokens, Rgb]]) -> NDArray[np.uint8]:
    """Paint the tokens of remembered frames.

    A token of one feature location is a small square, the average of a pooling window a large one.
    Where several frames hold tokens their colors stand side by side.

    Args:
        kept: what each frame holds, all on the same grid, and its color; at least one.

    Returns:
        (h * CELL_PX, w * CELL_PX, 4) RGB and alpha, 0 where no frame holds a token.
    """
    filled = np.stack([_squares(tokens) for tokens, _ in kept])  # (n, h * CELL_PX, w * CELL_PX)
    held = np.stack([_covered(tokens) for tokens, _ in kept]).astype(np.intp)  # (n, h, w)
    count, rank = held.sum(0), held.cumsum(0)
    pixels: NDArray[np.uint8] = np.zeros((*filled.shape[1:], 4), np.uint8)
    for strip in range(CELL_PX):
        wanted = strip * count // CELL_PX + 1  # which of a location's frames this strip shows
        for index, (_, color) in enumerate(kept):
            is_shown = (held[index] > 0) & (rank[index] == wanted)
            part = filled[index, :, strip::CELL_PX] & is_shown.repeat(CELL_PX, 0)
            pixels[:, strip::CELL_PX][part] = (*color, FILL_ALPHA)
    return pixels


def _covered(tokens: KeptTokens) -> Grid:
    """Return the feature locations (h, w) that tokens stand for."""
    covered = tokens.own.copy()
    tiled = tokens.averaged.repeat(tokens.pool, 0).repeat(tokens.pool, 1)
    covered[: tiled.shape[0], : tiled.shape[1]] |= tiled
    return covered


def _squares(tokens: KeptTokens) -> Grid:
    """Return the pixels of the squares of tokens, with a gap of a pixel around each square."""
    found = _tiles(tokens.own, CELL_PX)
    windows = _tiles(tokens.averaged, CELL_PX * tokens.pool)
    found[: windows.shape[0], : windows.shape[1]] |= windows
    return found


def _tiles(grid: Grid, side: int) -> Grid:
    tile = np.zeros((side, side), np.bool_)
    tile[1:-1, 1:-1] = True
    return np.kron(grid, tile).astype(np.bool_)
