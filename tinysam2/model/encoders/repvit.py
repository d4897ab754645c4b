"""RepViT trunk in train form (three-branch token mixers) and fused form (one depthwise 3x3).

Source: RepViT (Wang et al., CVPR 2024, arXiv:2307.09283).  The block layout is the one EdgeTAM's
checkpoints use (batch norm in every branch, squeeze-excite in every other block).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.config import RepVitConfig


class ConvNorm(nn.Module):
    """Convolution followed by batch norm; `fuse` folds the norm into the convolution."""

    def __init__(
        self, dim_in: int, dim_out: int, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.c = nn.Conv2d(dim_in, dim_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(dim_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, dim_in, H, W) to (B, dim_out, H / stride, W / stride)."""
        return self.bn(self.c(x))

    @torch.no_grad()
    def fuse(self) -> nn.Conv2d:
        """Return the one convolution, with bias, that equals this module in eval mode."""
        mean, variance = self.bn.running_mean, self.bn.running_var
        assert mean is not None
        assert variance is not None
        scale = self.bn.weight / torch.sqrt(variance + self.bn.eps)
        fused = nn.Conv2d(
            self.c.in_channels,
            self.c.out_channels,
            self.c.kernel_size[0],
            self.c.stride[0],
            self.c.kernel_size[0] // 2,
            groups=self.c.groups,
        ).to(self.c.weight)
        fused.weight.copy_(self.c.weight * scale[:, None, None, None])
        assert fused.bias is not None
        fused.bias.copy_(self.bn.bias - mean * scale)
        return fused


class TokenMixer(nn.Module):
    """Depthwise 3x3 + depthwise 1x1 + identity; all three fuse into one depthwise 3x3."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv = ConvNorm(dim, dim, 3, groups=dim)
        self.conv1 = ConvNorm(dim, dim, 1, groups=dim)

    def forward(self, x: Tensor) -> Tensor:
        """Mix neighboring locations of (B, dim, H, W)."""
        return self.conv(x) + self.conv1(x) + x

    @torch.no_grad()
    def fuse(self) -> nn.Conv2d:
        """Return the depthwise 3x3 convolution that equals the three branches."""
        fused, point = self.conv.fuse(), self.conv1.fuse()
        assert fused.bias is not None
        assert point.bias is not None
        fused.weight[:, :, 1:2, 1:2] += point.weight + 1.0  # + 1: the identity branch
        fused.bias += point.bias
        return fused


class SqueezeExcite(nn.Module):
    """Scale each channel by a gate computed from the mean over the image."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        hidden = max(8, int(dim * 0.25 + 4) // 8 * 8)
        self.fc1 = nn.Conv2d(dim, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Gate the channels of (B, dim, H, W)."""
        gate = self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * gate.sigmoid()


class ChannelMixer(nn.Module):
    """1x1 expansion by 2, GELU, 1x1 projection."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv1: nn.Module = ConvNorm(dim, 2 * dim)
        project = ConvNorm(2 * dim, dim)
        nn.init.zeros_(project.bn.weight)  # a block starts as the identity
        self.conv2: nn.Module = project

    def forward(self, x: Tensor) -> Tensor:
        """Mix the channels of (B, dim, H, W)."""
        return self.conv2(F.gelu(self.conv1(x)))


class RepVitBlock(nn.Module):
    """Token mixer, optional squeeze-excite, residual channel mixer."""

    def __init__(self, dim: int, use_se: bool) -> None:
        super().__init__()
        self.token_mixer: nn.Module = TokenMixer(dim)
        self.se = SqueezeExcite(dim) if use_se else nn.Identity()
        self.channel_mixer = ChannelMixer(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Mix (B, dim, H, W) in space, then in channels."""
        x = self.se(self.token_mixer(x))
        return x + self.channel_mixer(x)


class Downsample(nn.Module):
    """Halve the resolution: block, depthwise stride 2, 1x1 to the new width, residual mixer."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__()
        self.pre_block = RepVitBlock(dim_in, use_se=False)
        self.spatial_downsample: nn.Module = ConvNorm(dim_in, dim_in, 3, 2, groups=dim_in)
        self.channel_downsample: nn.Module = ConvNorm(dim_in, dim_out)
        self.ffn = ChannelMixer(dim_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, dim_in, H, W) to (B, dim_out, H / 2, W / 2)."""
        x = self.channel_downsample(self.spatial_downsample(self.pre_block(x)))
        return x + self.ffn(x)


class Stem(nn.Module):
    """Two stride-2 3x3 convolutions."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv1: nn.Module = ConvNorm(3, dim // 2, 3, 2)
        self.conv2: nn.Module = ConvNorm(dim // 2, dim, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, Hi, Wi) to (B, dim, Hi / 4, Wi / 4)."""
        return self.conv2(F.gelu(self.conv1(x)))


class Stage(nn.Module):
    """Blocks of one resolution; the first, third, ... carry squeeze-excite."""

    def __init__(self, dim_in: int, dim: int, depth: int, downsample: bool) -> None:
        super().__init__()
        self.downsample = Downsample(dim_in, dim) if downsample else nn.Identity()
        self.blocks = nn.Sequential(*(RepVitBlock(dim, use_se=i % 2 == 0) for i in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, dim_in, H, W) to (B, dim, H, W), or to half of H and W."""
        return self.blocks(self.downsample(x))


class RepVit(nn.Module):
    """RepViT without its classifier."""

    def __init__(self, config: RepVitConfig) -> None:
        super().__init__()
        self.channels = config.channels
        self.stem = Stem(config.channels[0])
        dims_in = (config.channels[0], *config.channels[:-1])
        self.stages = nn.ModuleList(
            Stage(d_in, d, depth, downsample=i > 0)
            for i, (d_in, d, depth) in enumerate(
                zip(dims_in, config.channels, config.depths, strict=True)
            )
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Compute the feature levels of normalized images.

        Args:
            image: (B, 3, Hi, Wi), sides multiples of 32.

        Returns:
            Four maps (B, channels[l], Hi / s, Wi / s) for strides s = 4, 8, 16, 32.
        """
        x, levels = self.stem(image), []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        return levels


def fuse_repvit(module: nn.Module) -> nn.Module:
    """Replace, in place, every conv + norm and token mixer below ``module`` by one convolution.

    Call it in eval mode, for inference only; the result equals the train form within 1e-4.
    """
    for name, child in module.named_children():
        if isinstance(child, ConvNorm | TokenMixer):
            setattr(module, name, child.fuse())
        else:
            fuse_repvit(child)
    return module
