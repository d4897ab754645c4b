"""Necks: from a trunk's levels to the maps that the tracker reads."""

from torch import Tensor, nn
from torch.nn import functional as F


class LightFpn(nn.Module):
    """Merge strides 32 and 16 into one ``dim``-wide map and project strides 8 and 4 directly.

    SAM 2 widens strides 8 and 4 to ``dim`` and narrows them again in the decoder; both maps are
    linear, so one 1x1 convolution each says the same with a fraction of the work.
    """

    def __init__(self, channels: tuple[int, int, int, int], dim: int) -> None:
        super().__init__()
        self.lateral_s32 = nn.Conv2d(channels[3], dim, 1)
        self.lateral_s16 = nn.Conv2d(channels[2], dim, 1)
        self.high_res_s8 = nn.Conv2d(channels[1], dim // 4, 1)
        self.high_res_s4 = nn.Conv2d(channels[0], dim // 8, 1)

    def forward(self, levels: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Merge the four levels of the trunk.

        Args:
            levels: maps at strides 4, 8, 16, 32.

        Returns:
            (B, dim, H, W) at stride 16, (B, dim / 4, 2H, 2W) at stride 8 and
            (B, dim / 8, 4H, 4W) at stride 4.
        """
        s4, s8, s16, s32 = levels
        top = F.interpolate(self.lateral_s32(s32), scale_factor=2.0, mode="nearest")
        return self.lateral_s16(s16) + top, self.high_res_s8(s8), self.high_res_s4(s4)
