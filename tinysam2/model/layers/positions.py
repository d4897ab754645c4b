"""Position codes: rotary, sine, and random Fourier features."""

import math
from functools import lru_cache

import torch
from torch import Tensor, nn


def grid_xy(
    height: int, width: int, step: float = 1.0, device: torch.device | None = None
) -> Tensor:
    """Return the centers of a grid's locations, (height * width, 2) float32 as (x, y), row by row.

    Args:
        height: rows.
        width: columns.
        step: side of a location in units of the finest grid, whose centers are whole numbers.
        device: where the result lives.
    """
    ys = (torch.arange(height, device=device, dtype=torch.float32) + 0.5) * step - 0.5
    xs = (torch.arange(width, device=device, dtype=torch.float32) + 0.5) * step - 0.5
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


def rotary_codes(xy: Tensor, dim: int, theta: float = 10000.0) -> Tensor:
    """Return the cosines and sines of axial rotary position codes.

    Args:
        xy: (..., N, 2) positions in locations.
        dim: width of the attention head, a multiple of 4.
        theta: base of the frequencies.

    Returns:
        (..., N, 2 * dim) float32: cosines of a quarter of ``dim`` angles of x and of as many of y,
        each twice, as two channels are rotated by one angle; then their sines.

    Source:
        RoPE-ViT (Heo et al. 2024), as SAM 2 uses it.
    """
    exponents = torch.arange(0, dim, 4, device=xy.device, dtype=torch.float32) / dim
    frequencies = theta**-exponents
    angles = torch.cat([xy[..., :1] * frequencies, xy[..., 1:] * frequencies], -1)
    return torch.cat([angles.cos(), angles.sin()], -1).repeat_interleave(2, -1)


@lru_cache(maxsize=8)
def grid_rotary_codes(
    height: int, width: int, dim: int, device: torch.device, step: float = 1.0
) -> Tensor:
    """Return `rotary_codes` of all locations of a grid, (height * width, 2 * dim).

    Arguments as in `grid_xy`.
    """
    with torch.inference_mode(False):  # the same tensor serves inference and training
        return rotary_codes(grid_xy(height, width, step, device), dim)


def rotate(x: Tensor, codes: Tensor) -> Tensor:
    """Rotate pairs of neighboring channels of ``x`` (..., N, dim) by (..., N, 2 * dim) codes."""
    cos, sin = codes.chunk(2, -1)
    turned = x @ _quarter_turn(x.shape[-1], x.device).to(x.dtype)
    return (x * cos + turned * sin).type_as(x)


@lru_cache(maxsize=8)
def _quarter_turn(dim: int, device: torch.device) -> Tensor:
    """Return the matrix (dim, dim) that turns pairs (a, b) of neighboring channels to (-b, a).

    Processors multiply matrices several times faster than they interleave channels.
    """
    with torch.inference_mode(False):  # the same tensor serves inference and training
        a, b = torch.eye(dim, device=device).unflatten(-1, (-1, 2)).unbind(-1)
        return torch.stack([-b, a], -1).flatten(-2)


def sine_code_1d(position: Tensor, dim: int, temperature: float = 10000.0) -> Tensor:
    """Return the sine code (..., dim) of positions (...), sines first, then cosines."""
    half = dim // 2
    index = torch.arange(half, dtype=torch.float32, device=position.device)
    period = temperature ** (2 * (index // 2) / half)
    angle = position[..., None] / period
    return torch.cat([angle.sin(), angle.cos()], -1)


def sine_code_2d(
    xy: Tensor, size_hw: tuple[int, int], dim: int, temperature: float = 10000.0
) -> Tensor:
    """Return the sine codes (..., dim) of positions in a grid: half for y, then half for x.

    Args:
        xy: (..., 2) positions in locations.
        size_hw: of the grid, which spans one turn of the slowest wave.
        dim: a multiple of 4; sine and cosine alternate.
        temperature: base of the wavelengths.

    Source:
        DETR (Carion et al. 2020), as SAM 2 uses it (``PositionEmbeddingSine``, normalized).
    """
    half = dim // 2
    index = torch.arange(half, dtype=torch.float32, device=xy.device)
    period = temperature ** (2 * (index // 2) / half)
    size = torch.tensor([size_hw[1], size_hw[0]], device=xy.device) + 1e-6
    angle = (2 * math.pi * (xy + 1) / size).flip(-1)[..., None] / period  # (..., 2, half), y first
    waves = torch.stack([angle[..., 0::2].sin(), angle[..., 1::2].cos()], -1)
    return waves.flatten(-3)


def sine_map(size_hw: tuple[int, int], dim: int, device: torch.device) -> Tensor:
    """Return the `sine_code_2d` of all locations of a grid, (1, dim, H, W)."""
    xy = grid_xy(*size_hw, device=device)
    return sine_code_2d(xy, size_hw, dim).T.unflatten(1, size_hw)[None]


class FourierPositions(nn.Module):
    """Random Fourier features of points in the unit square; the matrix is part of the weights.

    Source: Fourier Features (Tancik et al. 2020), as Segment Anything's prompt encoder uses it.
    """

    matrix: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.randn(2, dim // 2))

    def forward(self, xy: Tensor) -> Tensor:
        """Encode points.

        Args:
            xy: (..., 2) in [0, 1].

        Returns:
            (..., dim).
        """
        angle = 2 * math.pi * ((2 * xy - 1) @ self.matrix)
        return torch.cat([angle.sin(), angle.cos()], -1)

    def grid(self, height: int, width: int, side: int | None = None) -> Tensor:
        """Encode the centers of a grid's locations: (dim, height, width).

        Args:
            height: rows.
            width: columns.
            side: what both coordinates are divided by; width and height, each its own, if None.
        """
        locations = grid_xy(height, width, device=self.matrix.device) + 0.5
        code: Tensor = self(locations / locations.new_tensor([side or width, side or height]))
        return code.T.unflatten(1, (height, width))
