"""The neck between RepViT and SAM's decoder."""

from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.model.layers.norms import LayerNorm2d


class SamNeck(nn.Module):
    """Merge strides 8, 16 and 32 into SAM's image embedding at stride 16.

    The convolutions after the merge take the place of window attention in the teacher's TinyViT.
    The last norm is initialized with the teacher's, which gives the embedding the right scale.

    Args:
        channels: widths of the trunk's levels at strides 4, 8, 16 and 32.
        dim: width of the embedding.
    """

    def __init__(self, channels: tuple[int, int, int, int], dim: int) -> None:
        super().__init__()
        self.lateral_s8 = nn.Conv2d(channels[1], dim, 1)
        self.lateral_s16 = nn.Conv2d(channels[2], dim, 1)
        self.lateral_s32 = nn.Conv2d(channels[3], dim, 1)
        self.merge_norm = LayerNorm2d(dim)
        self.depthwise = nn.Conv2d(dim, dim, 3, padding=1, groups=dim)
        self.expand = nn.Conv2d(dim, 2 * dim, 1)
        self.project = nn.Conv2d(2 * dim, dim, 1)
        self.norm = LayerNorm2d(dim)

    def forward(self, levels: list[Tensor]) -> Tensor:
        """Map levels at strides 4, 8, 16, 32 to (B, dim, Hi / 16, Wi / 16)."""
        _, s8, s16, s32 = levels
        top = F.interpolate(self.lateral_s32(s32), scale_factor=2.0, mode="bilinear")
        x = self.lateral_s8(F.avg_pool2d(s8, 2)) + self.lateral_s16(s16) + top
        x = self.merge_norm(x)
        return self.norm(x + self.project(F.gelu(self.expand(self.depthwise(x)))))
