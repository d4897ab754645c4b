"""A network small enough for tests, and what it may look at."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tinysam2.build import Model, prepare
from tinysam2.config import MemoryConfig, ModelConfig
from tinysam2.model.network import TinySam2

TOY = ModelConfig(
    dim=64,
    memory_dim=32,
    mlp_dim=64,
    memory_layers=2,
    image_size=128,
    memory=MemoryConfig(max_frames=4, quality_threshold=0.0, keep_ratio=0.1, max_pointers=4),
)
SIZE_HW = (48, 80)
ImageSample = NDArray[np.uint8]


def randomize_norms(module: nn.Module) -> None:
    """Give batch norms the statistics and gains of a trained network."""
    for child in module.modules():
        if isinstance(child, nn.BatchNorm2d):
            assert child.running_mean is not None
            assert child.running_var is not None
            child.running_mean.normal_(std=0.3)
            child.running_var.uniform_(0.5, 2.0)
            nn.init.uniform_(child.weight, 0.5, 1.5)
            nn.init.normal_(child.bias, std=0.3)


def toy_network(sam_decoder: bool = False, mask_patches: bool = False) -> TinySam2:
    """Make the same random network each time, in eval mode."""
    torch.manual_seed(7)
    config = replace(TOY, sam_decoder=sam_decoder, mask_patches=mask_patches)
    network = TinySam2(config).eval()
    randomize_norms(network)
    if mask_patches:
        for block in network.memory_encoder.fuser:
            nn.init.constant_(block.scale, 0.5)  # as in a trained network; it starts near 0
    return network


def set_presence(network: TinySam2, logit: float) -> None:
    """Make the network's belief that an object is there constant."""
    last = network.mask_decoder.object_head.layers[-1]
    assert isinstance(last, nn.Linear)
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, logit)


def toy_model(
    presence: float = 4.0, sam_decoder: bool = False, mask_patches: bool = False
) -> Model:
    """Make a float32 model that sees each object everywhere, by default."""
    network = toy_network(sam_decoder, mask_patches)
    set_presence(network, presence)
    return replace(prepare(network, torch.device("cpu")), autocast=None)


def noise_frames(count: int, seed: int = 0) -> list[ImageSample]:
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 256, (count, *SIZE_HW, 3), dtype=np.uint8))


def block_mask(y: int = 8, x: int = 16, side: int = 24) -> NDArray[np.bool_]:
    mask = np.zeros(SIZE_HW, dtype=np.bool_)
    mask[y : y + side, x : x + side] = True
    return mask
