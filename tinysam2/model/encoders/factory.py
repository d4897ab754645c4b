"""Builds the image encoder of a configuration: a trunk and a neck."""

from torch import nn

from tinysam2.config import HieraConfig, ModelConfig, VitConfig
from tinysam2.model.encoders.fpn import LightFpn, SamFpn
from tinysam2.model.encoders.hiera import Hiera
from tinysam2.model.encoders.repvit import RepVit, fuse_repvit
from tinysam2.model.encoders.vit import Vit, VitNeck


def make_encoder(config: ModelConfig) -> tuple[nn.Module, nn.Module]:
    """Build the trunk, from images to levels, and the neck, from levels to feature maps.

    The neck returns (B, dim, H, W) at stride 16 and, where the trunk has these levels,
    (B, dim / 4, 2H, 2W) and (B, dim / 8, 4H, 4W).
    """
    encoder = config.encoder
    if isinstance(encoder, VitConfig):
        return Vit(encoder), VitNeck(encoder.width, config.dim)
    trunk = Hiera(encoder) if isinstance(encoder, HieraConfig) else RepVit(encoder)
    neck = SamFpn if config.wide_neck else LightFpn
    return (fuse_repvit(trunk) if config.fused else trunk), neck(trunk.channels, config.dim)
