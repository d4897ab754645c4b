"""Hiera trunk of SAM 2."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.config import HieraConfig
from tinysam2.model.encoders.window_block import WindowBlock


class Hiera(nn.Module):
    """Four stages of windowed transformer blocks with a few global ones.

    Source:
        Hiera (Ryali et al. 2023, arXiv:2306.00989); windowed absolute position codes from
        Bolya et al. 2023 (arXiv:2311.05613); code: facebookresearch/sam2
        ``sam2/modeling/backbones/hieradet.py``.
    """

    def __init__(self, config: HieraConfig) -> None:
        super().__init__()
        width, grid, window = config.width, config.position_grid, config.windows[0]
        self.channels = (width, 2 * width, 4 * width, 8 * width)
        self.depths = config.depths
        self.patch_embed = nn.Conv2d(3, width, 7, 4, 3)
        self.pos_embed = nn.Parameter(torch.zeros(1, width, grid, grid))
        self.pos_embed_window = nn.Parameter(torch.zeros(1, width, window, window))
        self.blocks = nn.ModuleList(_blocks(config))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Compute the feature levels of normalized images.

        Args:
            image: (B, 3, Hi, Wi), sides multiples of 32.

        Returns:
            Four maps (B, channels[l], Hi / s, Wi / s) for strides s = 4, 8, 16, 32.
        """
        x = self.patch_embed(image)
        x = (x + self._positions(*x.shape[2:])).permute(0, 2, 3, 1)
        levels, blocks = [], iter(self.blocks)
        for depth in self.depths:
            for _ in range(depth):
                x = next(blocks)(x)
            levels.append(x.permute(0, 3, 1, 2))
        return levels

    def _positions(self, height: int, width: int) -> Tensor:
        """Sum the stretched background map and the window's code, repeated: (1, C, H, W)."""
        background = F.interpolate(self.pos_embed, (height, width), mode="bicubic")
        side = self.pos_embed_window.shape[-1]
        return background + self.pos_embed_window.repeat(1, 1, height // side, width // side)


def _blocks(config: HieraConfig) -> list[WindowBlock]:
    blocks: list[WindowBlock] = []
    dim_in = config.width
    for stage, depth in enumerate(config.depths):
        dim, heads = config.width << stage, config.heads << stage
        for i in range(depth):
            window = config.windows[max(stage - 1, 0) if i == 0 else stage]
            is_global = len(blocks) in config.global_blocks
            blocks.append(WindowBlock(dim_in, dim, heads, None if is_global else window))
            dim_in = dim
    return blocks
