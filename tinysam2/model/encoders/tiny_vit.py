"""TinyViT trunk of MobileSAM and TinySAM, batch norms merged into their convolutions.

Source: TinyViT (Wu et al. 2022, arXiv:2207.10666), as MobileSAM (arXiv:2306.14289) changed it: the
last stage keeps stride 16.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.config import TinyVitConfig

_MLP_RATIO = 4


class MbConv(nn.Module):
    """Inverted residual: 1x1 expansion by 4, depthwise 3x3, 1x1 projection, GELU after the sum."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        hidden = _MLP_RATIO * dim
        self.conv1 = nn.Conv2d(dim, hidden, 1)
        self.conv2 = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.conv3 = nn.Conv2d(hidden, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Mix (B, dim, H, W)."""
        hidden = F.gelu(self.conv2(F.gelu(self.conv1(x))))
        return F.gelu(x + self.conv3(hidden))


class PatchMerging(nn.Module):
    """Change the width by 1x1, depthwise 3x3 and 1x1 convolutions, the middle one strided."""

    def __init__(self, dim_in: int, dim_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(dim_in, dim_out, 1)
        self.conv2 = nn.Conv2d(dim_out, dim_out, 3, stride, 1, groups=dim_out)
        self.conv3 = nn.Conv2d(dim_out, dim_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, dim_in, H, W) to (B, dim_out, H / stride, W / stride)."""
        return self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x)))))


class WindowAttention(nn.Module):
    """Layer norm and self-attention within windows, with a learned bias per head and offset."""

    offset_index: Tensor

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.attention_biases = nn.Parameter(torch.zeros(heads, window * window))
        at = torch.arange(window)
        y, x = (grid.flatten() for grid in torch.meshgrid(at, at, indexing="ij"))
        offsets = (y[:, None] - y).abs() * window + (x[:, None] - x).abs()
        self.register_buffer("offset_index", offsets, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Attend within windows (B, window * window, dim)."""
        qkv = self.qkv(self.norm(x)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        q, k, v = qkv.chunk(3, -1)
        bias = self.attention_biases[:, self.offset_index].type_as(q)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.proj(out.transpose(1, 2).flatten(2))


class TinyVitMlp(nn.Module):
    """Layer norm and a feed-forward layer of four times the width."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, _MLP_RATIO * dim)
        self.fc2 = nn.Linear(_MLP_RATIO * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., dim) to (..., dim)."""
        return self.fc2(F.gelu(self.fc1(self.norm(x))))


class TinyVitBlock(nn.Module):
    """Window attention, a depthwise 3x3 convolution and a feed-forward layer."""

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn = WindowAttention(dim, heads, window)
        self.local_conv = nn.Conv2d(dim, dim, 3, padding=1, groups=dim)
        self.mlp = TinyVitMlp(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Mix (B, dim, H, W); maps are padded with zeros to whole windows for attention."""
        height, width = x.shape[-2:]
        x = x.permute(0, 2, 3, 1)
        x = x + self._attend(x)[:, :height, :width]
        x = self.local_conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return (x + self.mlp(x)).permute(0, 3, 1, 2)

    def _attend(self, x: Tensor) -> Tensor:
        side = self.window
        x = F.pad(x, (0, 0, 0, -x.shape[2] % side, 0, -x.shape[1] % side))
        tiles = x.unflatten(2, (-1, side)).unflatten(1, (-1, side)).transpose(2, 3)
        out = self.attn(tiles.flatten(3, 4).flatten(0, 2))
        return out.view(tiles.shape).transpose(2, 3).flatten(3, 4).flatten(1, 2)


class TinyVitStage(nn.Module):
    """Blocks of one width, then the change to the next stage's width."""

    def __init__(self, blocks: list[nn.Module], downsample: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, dim, H, W) to the next stage's width and resolution."""
        return self.downsample(self.blocks(x))


class TinyVit(nn.Module):
    """TinyViT without its classifier; the first stage is convolutional."""

    def __init__(self, config: TinyVitConfig) -> None:
        super().__init__()
        dims = config.channels
        self.channels = (dims[-1],)
        self.patch_embed = nn.ModuleList(
            [nn.Conv2d(3, dims[0] // 2, 3, 2, 1), nn.Conv2d(dims[0] // 2, dims[0], 3, 2, 1)]
        )
        self.stages = nn.ModuleList()
        for i, (dim, depth) in enumerate(zip(dims, config.depths, strict=True)):
            blocks: list[nn.Module] = [
                MbConv(dim) if i == 0 else TinyVitBlock(dim, config.heads[i], config.windows[i])
                for _ in range(depth)
            ]
            is_last = i == len(dims) - 1
            merging = (
                nn.Identity() if is_last else PatchMerging(dim, dims[i + 1], 2 if i < 2 else 1)
            )
            self.stages.append(TinyVitStage(blocks, merging))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Compute the features of normalized images.

        Args:
            image: (B, 3, Hi, Wi), sides multiples of 16.

        Returns:
            One map (B, channels[-1], Hi / 16, Wi / 16).
        """
        first, second = self.patch_embed
        x = second(F.gelu(first(image)))
        for stage in self.stages:
            x = stage(x)
        return [x]
