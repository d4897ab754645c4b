"""Encodes a frame's features and mask as a memory map."""

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.model.layers.mixed_grid import MixedGrid
from tinysam2.model.layers.norms import LayerNorm2d

MASK_SCALE, MASK_BIAS = 20.0, -10.0  # SAM 2: probabilities are stretched to [-10, 10]


class ConvNextBlock(nn.Module):
    """Depthwise 7x7, norm, two-layer perceptron, scaled residual (Liu et al. 2022)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = LayerNorm2d(dim)
        self.expand = nn.Conv2d(dim, 4 * dim, 1)
        self.project = nn.Conv2d(4 * dim, dim, 1)
        self.scale = nn.Parameter(torch.full((dim,), 1e-6))

    def forward(self, x: Tensor, grid: MixedGrid | None = None) -> Tensor:
        """Refine (O, dim, H, W), the perceptron for the rows of ``grid`` if there is one."""
        h = self.norm(self.depthwise(x))
        if grid is None:
            return x + self.scale[:, None, None] * self._perceptron(h)
        rows = grid.read(h)
        found = self._perceptron(rows.transpose(1, 2)[..., None])[..., 0].transpose(1, 2)
        h = grid.spread(found).transpose(1, 2).unflatten(2, grid.size_hw)
        return x + self.scale[:, None, None] * h

    def _perceptron(self, x: Tensor) -> Tensor:
        refined: Tensor = self.project(F.gelu(self.expand(x)))
        return refined


class MaskDownsampler(nn.Module):
    """Embed a mask at input resolution in ``dim`` channels at stride 16 by strided convolutions."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        widths = [1, 4, 16, 64, 256]
        steps: list[nn.Module] = []
        for a, b in pairwise(widths):
            steps += [nn.Conv2d(a, b, 3, 2, 1), LayerNorm2d(b), nn.GELU()]
        self.steps = nn.Sequential(*steps)
        self.project = nn.Conv2d(widths[-1], dim, 1)

    def forward(self, mask: Tensor) -> Tensor:
        """Map (O, 1, 16H, 16W) to (O, dim, H, W)."""
        return self.project(self.steps(mask))

    @torch.no_grad()
    def fuse(self) -> None:
        """Let the convolutions remove the mean over their channels instead of the norms, in place.

        The result is the same; the maps are large and have few channels, so that each pass over
        them counts.
        """
        for conv, norm in pairwise(self.steps):
            if not (isinstance(conv, nn.Conv2d) and isinstance(norm, LayerNorm2d)):
                continue
            conv.weight.sub_(conv.weight.mean(0, keepdim=True))
            bias = cast("Tensor", conv.bias)
            bias.sub_(bias.mean())
            norm.is_centered = True


class MemoryEncoder(nn.Module):
    """SAM 2's memory encoder: mask and features added, fused by two ConvNeXt blocks, narrowed.

    Args:
        dim: width of image features.
        memory_dim: width of the memory map.
        norm_features: normalize the features first; SAM 2 does not.
        no_object: add a learned code to the memory of frames without the object, as SAM 2.1 does;
            SAM 2, EdgeTAM and EfficientTAM do not.
    """

    def __init__(
        self, dim: int, memory_dim: int, norm_features: bool = True, no_object: bool = True
    ) -> None:
        super().__init__()
        self.mask_downsampler = MaskDownsampler(dim)
        # Ours: the scale of memory keys does not depend on the image's contrast.
        self.feature_norm = LayerNorm2d(dim) if norm_features else nn.Identity()
        self.feature_proj = nn.Conv2d(dim, dim, 1)
        self.fuser = nn.Sequential(ConvNextBlock(dim), ConvNextBlock(dim))
        self.out_proj = nn.Conv2d(dim, memory_dim, 1)
        self.no_object = nn.Parameter(torch.randn(memory_dim) * 0.02) if no_object else None

    def forward(
        self,
        features: Tensor,
        mask_prob: Tensor,
        is_present: Tensor,
        grid: MixedGrid | None = None,
    ) -> Tensor:
        """Encode a frame.

        Args:
            features: (O or 1, dim, H, W) image features, not conditioned on memory.
            mask_prob: (O, 1, 16H, 16W) in [0, 1].
            is_present: (O,) bool; the memory of absent objects gets the "no object" code.
            grid: where to encode location by location; everywhere if None.

        Returns:
            (O, memory_dim, H, W).
        """
        mask = self.mask_downsampler(mask_prob * MASK_SCALE + MASK_BIAS)
        x = self.feature_proj(self.feature_norm(features)) + mask
        for block in self.fuser:
            x = block(x, grid)
        memory: Tensor = self.out_proj(x)
        if self.no_object is None:
            return memory
        absent = (~is_present).to(memory.dtype)[:, None, None, None]
        return memory + absent * self.no_object[:, None, None]


def mask_probability(logits: Tensor, size_hw: tuple[int, int], binarize: Tensor) -> Tensor:
    """Return the probability (O, 1, *size_hw) of masks (O, h, w), thresholded where asked for.

    Args:
        logits: of the masks.
        size_hw: pixels of the network's input.
        binarize: (O,) bool.
    """
    logits = F.interpolate(logits[:, None], size_hw, mode="bilinear", align_corners=False)
    if binarize.all():
        return (logits > 0).float()
    if not binarize.any():
        return logits.sigmoid()
    hard = (logits > 0).float()
    return torch.where(binarize[:, None, None, None], hard, logits.sigmoid())


def coverage(logits: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Return which fraction of each location (H, W) masks (O, h, w) cover: (O, H, W)."""
    return F.adaptive_avg_pool2d((logits > 0).float()[:, None], size_hw)[:, 0]
