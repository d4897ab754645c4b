"""Layer norm of feature maps."""

import torch
from torch import Tensor, nn


class LayerNorm2d(nn.Module):
    """Layer norm over the channels of (B, C, H, W).

    Attributes:
        is_centered: whether the mean over the channels is zero already and not to be computed.
    """

    def __init__(self, dim: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        self.eps = eps
        self.is_centered = False

    def forward(self, x: Tensor) -> Tensor:
        """Normalize each position of (B, C, H, W) by itself."""
        if not self.is_centered:
            x = x - x.mean(1, keepdim=True)
        x = x * torch.rsqrt(x.square().mean(1, keepdim=True) + self.eps)
        return x * self.weight[:, None, None] + self.bias[:, None, None]
