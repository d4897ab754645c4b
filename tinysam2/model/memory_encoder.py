"""Encodes a frame's features and mask as a memory map."""

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.config import ModelConfig
from tinysam2.model.layers.norms import LayerNorm2d

MASK_SCALE, MASK_BIAS = 20.0, -10.0  # SAM 2: probabilities are stretched to [-10, 10]
PATCH = 4  # side of a location's patch, in pixels of a mask at stride 4


class ConvNextBlock(nn.Module):
    """Depthwise 7x7, norm, two-layer perceptron, scaled residual (Liu et al. 2022).

    Args:
        dim: width.
        hidden_dim: width between the layers of the perceptron.
    """

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = LayerNorm2d(dim)
        self.expand = nn.Conv2d(dim, hidden_dim, 1)
        self.project = nn.Conv2d(hidden_dim, dim, 1)
        self.scale = nn.Parameter(torch.full((dim,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """Refine (O, dim, H, W)."""
        h = self.project(F.gelu(self.expand(self.norm(self.depthwise(x)))))
        return x + self.scale[:, None, None] * h


class MaskDownsampler(nn.Module):
    """Embed a mask at input resolution in ``dim`` channels at stride 16 by strided convolutions.

    Attributes:
        stride: of the masks, pixels of the network's input.
    """

    stride = 1

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


class MaskPatches(nn.Module):
    """Embed a mask at stride 4, at which it is predicted, in ``dim`` channels at stride 16.

    A location reads 12 x 12 pixels of the mask: its own patch of 4 x 4 and those around it.

    Attributes:
        stride: of the masks, pixels of the network's input.
    """

    stride = 4

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.patch = nn.Conv2d(PATCH**2, hidden_dim, 3, padding=1)
        self.hidden = nn.Conv2d(hidden_dim, hidden_dim, 1)
        self.project = nn.Conv2d(hidden_dim, dim, 1)

    def forward(self, mask: Tensor) -> Tensor:
        """Map (O, 1, 4H, 4W) to (O, dim, H, W)."""
        patches = F.gelu(self.patch(F.pixel_unshuffle(mask, PATCH)))
        return self.project(F.gelu(self.hidden(patches)))


class MemoryEncoder(nn.Module):
    """SAM 2's memory encoder: mask and features added, fused by two ConvNeXt blocks, narrowed.

    With ``mask_patches`` of the configuration masks are read at stride 4, by `MaskPatches`, and
    there is one block.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim, is_small = config.dim, config.mask_patches
        self.mask_downsampler = (
            MaskPatches(dim, config.mask_dim) if is_small else MaskDownsampler(dim)
        )
        # Ours: the scale of memory keys does not depend on the image's contrast.
        self.feature_norm = nn.Identity() if config.follows_sam2 else LayerNorm2d(dim)
        self.feature_proj = nn.Conv2d(dim, dim, 1)
        blocks, hidden_dim = (1, 2 * dim) if is_small else (2, 4 * dim)
        hidden_dim = config.fuser_dim or hidden_dim
        self.fuser = nn.Sequential(*(ConvNextBlock(dim, hidden_dim) for _ in range(blocks)))
        self.out_proj = nn.Conv2d(dim, config.memory_dim, 1)
        # SAM 2.1's; SAM 2, EdgeTAM and EfficientTAM have none.
        self.no_object = (
            nn.Parameter(torch.randn(config.memory_dim) * 0.02) if config.no_object_code else None
        )

    def forward(self, features: Tensor, mask_prob: Tensor, is_present: Tensor) -> Tensor:
        """Encode a frame.

        Args:
            features: (O or 1, dim, H, W) image features, not conditioned on memory.
            mask_prob: see `fused`.
            is_present: see `fused`.
        """
        return self.fused(self.projected(features), mask_prob, is_present)

    def projected(self, features: Tensor) -> Tensor:
        """Return image features (B, dim, H, W) as masks are added to them; objects share these."""
        projected: Tensor = self.feature_proj(self.feature_norm(features))
        return projected

    def fused(self, projected: Tensor, mask_prob: Tensor, is_present: Tensor) -> Tensor:
        """Encode a frame from what `projected` returns.

        Args:
            projected: (O or 1, dim, H, W).
            mask_prob: (O, 1, *mask_hw((H, W))) in [0, 1].
            is_present: (O,) bool; the memory of absent objects gets the "no object" code.

        Returns:
            (O, memory_dim, H, W).
        """
        mask = self.mask_downsampler(mask_prob * MASK_SCALE + MASK_BIAS)
        x = self.fuser(projected + mask)
        memory: Tensor = self.out_proj(x)
        if self.no_object is None:
            return memory
        absent = (~is_present).to(memory.dtype)[:, None, None, None]
        return memory + absent * self.no_object[:, None, None]

    def mask_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """Return height and width of the masks that are read with features of (H, W)."""
        scale = 16 // self.mask_downsampler.stride
        return scale * size_hw[0], scale * size_hw[1]

    def fuse(self) -> None:
        """Bring it into the form that runs fast, in place; the result is the same."""
        if isinstance(self.mask_downsampler, MaskDownsampler):
            self.mask_downsampler.fuse()


def mask_probability(logits: Tensor, size_hw: tuple[int, int], binarize: Tensor) -> Tensor:
    """Return the probability (O, 1, *size_hw) of masks (O, h, w), thresholded where asked for.

    Logits of less resolution are interpolated before, probabilities of more are averaged.

    Args:
        logits: of the masks.
        size_hw: pixels of the result.
        binarize: (O,) bool.
    """
    maps = logits[:, None]
    if maps.shape[-2] < size_hw[0] or maps.shape[-1] < size_hw[1]:
        maps = F.interpolate(maps, size_hw, mode="bilinear", align_corners=False)
    if binarize.all():
        probability = (maps > 0).float()
    elif not binarize.any():
        probability = maps.sigmoid()
    else:
        is_hard = binarize[:, None, None, None]
        probability = torch.where(is_hard, (maps > 0).float(), maps.sigmoid())
    if probability.shape[-2:] == size_hw:  # pooling would copy them
        return probability
    return F.adaptive_avg_pool2d(probability, size_hw)


def coverage(logits: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Return which fraction of each location (H, W) masks (O, h, w) cover: (O, H, W)."""
    return F.adaptive_avg_pool2d((logits > 0).float()[:, None], size_hw)[:, 0]
