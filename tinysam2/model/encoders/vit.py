"""Plain vision transformer of EfficientTAM, and its neck."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.config import VitConfig
from tinysam2.model.encoders.window_block import WindowBlock
from tinysam2.model.layers.norms import LayerNorm2d


class Vit(nn.Module):
    """Transformer of one resolution: windowed blocks with a global one every few.

    Source:
        EfficientTAM (Xiong et al. 2024, arXiv:2411.18933), after ViTDet (Li et al. 2022,
        arXiv:2203.16527); code: yformer/EfficientTAM ``modeling/backbones/vitdet.py``.
    """

    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        self.channels = (config.width,)
        self.position_grid = config.position_grid
        self.patch_embed = nn.Conv2d(3, config.width, config.patch, config.patch)
        # The first row is of the class token in pretraining; it is not used.
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + config.position_grid**2, config.width))
        self.blocks = nn.Sequential(
            *(
                WindowBlock(
                    config.width,
                    config.width,
                    config.heads,
                    None if i in config.global_blocks else config.window,
                )
                for i in range(config.depth)
            )
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Compute the features of normalized images.

        Args:
            image: (B, 3, Hi, Wi), sides multiples of the patch.

        Returns:
            One map (B, width, Hi / patch, Wi / patch).
        """
        x = self.patch_embed(image)
        grid = self.pos_embed[:, 1:].transpose(1, 2).unflatten(2, (self.position_grid, -1))
        x = x + F.interpolate(grid, x.shape[2:], mode="bicubic")
        return [self.blocks(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)]


class VitNeck(nn.Sequential):
    """Project the one level of a `Vit` to ``dim`` channels: 1x1 and 3x3 convolutions with norms."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__(
            nn.Conv2d(channels, dim, 1, bias=False),
            LayerNorm2d(dim),
            nn.Conv2d(dim, dim, 3, padding=1, bias=False),
            LayerNorm2d(dim),
        )

    def forward(self, levels: list[Tensor]) -> tuple[Tensor]:
        """Map the level (B, channels, H, W) to (B, dim, H, W)."""
        x = levels[0]
        for layer in self:
            x = layer(x)
        return (x,)
