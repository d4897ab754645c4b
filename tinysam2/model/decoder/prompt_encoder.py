"""Encodes clicks and boxes as tokens, and masks as a dense map."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.model.layers.norms import LayerNorm2d
from tinysam2.model.layers.positions import FourierPositions

NOT_A_POINT, NEGATIVE, POSITIVE, BOX_FIRST, BOX_SECOND = -1, 0, 1, 2, 3


class PromptEncoder(nn.Module):
    """SAM 2's prompt encoder, which may also read the image features under a click.

    Source: Segment Anything (arXiv:2304.02643), section "Prompt encoder".  Reading the features is
    ours: in a training of hours, attention hardly learns to find them by their position.
    """

    def __init__(self, dim: int, mask_channels: int = 16, click_features: bool = False) -> None:
        super().__init__()
        self.click_proj = nn.Linear(dim + dim // 4 + dim // 8, dim) if click_features else None
        if self.click_proj is not None:  # training starts from SAM 2's encoder
            nn.init.zeros_(self.click_proj.weight)
            nn.init.zeros_(self.click_proj.bias)
        self.positions = FourierPositions(dim)
        self.label_embed = nn.Embedding(4, dim)  # negative, positive, box corners
        self.not_a_point = nn.Parameter(torch.randn(dim) * 0.02)
        self.no_mask = nn.Parameter(torch.randn(dim) * 0.02)
        nn.init.normal_(self.label_embed.weight, std=0.5)
        self.mask_embed = nn.Sequential(
            nn.Conv2d(1, mask_channels // 4, 2, 2),
            LayerNorm2d(mask_channels // 4),
            nn.GELU(),
            nn.Conv2d(mask_channels // 4, mask_channels, 2, 2),
            LayerNorm2d(mask_channels),
            nn.GELU(),
            nn.Conv2d(mask_channels, dim, 1),
        )

    def encode_points(
        self,
        xy: Tensor,
        labels: Tensor,
        maps: Sequence[Tensor] = (),
        pads_boxes: bool = True,
    ) -> Tensor:
        """Encode clicks and box corners.

        Args:
            xy: (O, K, 2) in [0, 1] of the image's width and height; pixel centers are at + 0.5.
            labels: (O, K) long: -1 no point, 0 negative, 1 positive, 2 and 3 box corners.
            maps: (O or 1, C, h, w) features of strides 16, 8 and 4, which encoders with
                ``click_features`` read.
            pads_boxes: append a "not a point" token also where there are boxes, as SAM 2 does; SAM
                appends it to clicks alone.

        Returns:
            (O, K + 1, dim), or (O, K, dim) if no token was appended.
        """
        if pads_boxes or not bool((labels >= BOX_FIRST).any()):
            pad = labels.new_full((len(labels), 1), NOT_A_POINT)
            labels = torch.cat([labels, pad], 1)
            xy = torch.cat([xy, xy.new_zeros(len(xy), 1, 2)], 1)
        known = self.positions(xy) + self.label_embed(labels.clamp(min=0))
        if self.click_proj is not None:
            is_click = (labels == NEGATIVE) | (labels == POSITIVE)
            known = known + self.click_proj(_at(xy, maps)) * is_click[..., None]
        return torch.where((labels == NOT_A_POINT)[..., None], self.not_a_point, known)

    def no_points(self, count: int) -> Tensor:
        """Encode ``count`` padding points, as `encode_points` does: (1, count, dim)."""
        return self.not_a_point.expand(1, count, -1)

    def encode_mask(self, mask_logits: Tensor | None, feature_hw: tuple[int, int]) -> Tensor:
        """Encode a mask prompt.

        Args:
            mask_logits: (O, 1, 4H, 4W), or None for no mask.
            feature_hw: (H, W).

        Returns:
            (O or 1, dim, H, W).
        """
        if mask_logits is None:
            return self.no_mask[None, :, None, None].expand(-1, -1, *feature_hw)
        embedded: Tensor = self.mask_embed(resize_mask(mask_logits, feature_hw))
        return embedded


def resize_mask(mask_logits: Tensor, feature_hw: tuple[int, int]) -> Tensor:
    """Resize masks (O, 1, h, w) to the size of mask prompts, (O, 1, 4H, 4W)."""
    size = (4 * feature_hw[0], 4 * feature_hw[1])
    if mask_logits.shape[-2:] == size:
        return mask_logits
    return F.interpolate(mask_logits, size, mode="bilinear", antialias=True)


def _at(xy: Tensor, maps: Sequence[Tensor]) -> Tensor:
    """Sample maps (O or 1, C, h, w) at positions (O, K, 2) in [0, 1]: (O, K, sum of C)."""
    grid = (2 * xy.float() - 1)[:, :, None]
    seen = [
        F.grid_sample(
            m.float().expand(len(xy), -1, -1, -1), grid, padding_mode="border", align_corners=False
        )
        for m in maps
    ]
    return torch.cat(seen, 1)[..., 0].transpose(1, 2)
