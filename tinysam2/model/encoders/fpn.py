"""Necks: from the four levels of a trunk to the feature maps of the tracker."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LightFpn(nn.Module):
    """Merge strides 32 and 16 into one ``dim``-wide map and project strides 8 and 4 directly.

    SAM 2 widens strides 8 and 4 to ``dim`` and narrows them again in the decoder; both maps are
    linear, so that one 1x1 convolution each computes the same with a fraction of the work.
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


class SamFpn(nn.Module):
    """SAM 2's neck, with the convolutions that narrow strides 8 and 4 for the mask decoder.

    Only strides 32 and 16 are merged; strides 8 and 4 are projections of their own level.

    Source:
        SAM 2 (Ravi et al. 2024, arXiv:2408.00714); code: facebookresearch/sam2
        ``sam2/modeling/backbones/image_encoder.py`` (``FpnNeck``), and ``conv_s0``, ``conv_s1``
        of its mask decoder.
    """

    def __init__(self, channels: tuple[int, int, int, int], dim: int) -> None:
        super().__init__()
        self.channels, self.dim = channels, dim
        self.lateral_s4 = nn.Conv2d(channels[0], dim, 1)
        self.lateral_s8 = nn.Conv2d(channels[1], dim, 1)
        self.lateral_s16 = nn.Conv2d(channels[2], dim, 1)
        self.lateral_s32 = nn.Conv2d(channels[3], dim, 1)
        self.narrow_s8 = nn.Conv2d(dim, dim // 4, 1)
        self.narrow_s4 = nn.Conv2d(dim, dim // 8, 1)

    def forward(self, levels: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Merge the four levels of the trunk; arguments and result as in `LightFpn.forward`."""
        s4, s8, s16, s32 = levels
        top = F.interpolate(self.lateral_s32(s32), scale_factor=2.0, mode="nearest")
        return (
            self.lateral_s16(s16) + top,
            self.narrow_s8(self.lateral_s8(s8)),
            self.narrow_s4(self.lateral_s4(s4)),
        )

    @torch.no_grad()
    def fuse(self) -> LightFpn:
        """Return the neck that computes the same with one convolution a level."""
        light = LightFpn(self.channels, self.dim).to(self.lateral_s32.weight)
        light.lateral_s32.load_state_dict(self.lateral_s32.state_dict())
        light.lateral_s16.load_state_dict(self.lateral_s16.state_dict())
        _join(self.lateral_s8, self.narrow_s8, light.high_res_s8)
        _join(self.lateral_s4, self.narrow_s4, light.high_res_s4)
        return light


def _join(first: nn.Conv2d, second: nn.Conv2d, into: nn.Conv2d) -> None:
    """Write the 1x1 convolution that equals ``second`` after ``first`` to ``into``."""
    outer = second.weight.flatten(1)
    into.weight.copy_((outer @ first.weight.flatten(1))[:, :, None, None])
    cast("Tensor", into.bias).copy_(
        outer @ cast("Tensor", first.bias) + cast("Tensor", second.bias)
    )
