import pytest
import torch
from torch import Tensor

from tinysam2.config import ModelConfig
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.layers.positions import grid_xy, rotate
from tinysam2.model.memory_attention import MemoryAttentionLayer
from tinysam2.model.network import TinySam2
from tinysam2.training.tracking.matcher_start import start_as_matcher

SIDE = 8


def best_locations(network: TinySam2, now: Tensor, before: Tensor) -> Tensor:
    """Return the memory location that each location of an image reads most in layer 1."""
    layer = next(iter(network.memory_attention.layers))
    assert isinstance(layer, MemoryAttentionLayer)
    features = ImageFeatures(before, before, before)
    sure, mask = torch.ones(1), torch.full((1, SIDE, SIDE), -5.0)
    memory = network.encode_memory(features, mask, sure, sure > 0)
    codes = network.memory_attention.codes(grid_xy(SIDE, SIDE))
    query = layer.cross_attn.q_proj(layer.norm2(now.flatten(2).transpose(1, 2)))
    key = layer.cross_attn.k_proj(memory.flatten(2).transpose(1, 2))
    likeness = rotate(query, codes) @ rotate(key, codes).transpose(1, 2)
    return likeness[0].argmax(1)


@pytest.mark.parametrize("mask_patches", [False, True])
@torch.inference_mode()
def test_untrained_attention_finds_what_looks_the_same(mask_patches: bool) -> None:
    network = TinySam2(ModelConfig(dim=96, memory_dim=32, mask_patches=mask_patches)).eval()
    start_as_matcher(network)
    image = torch.randn(1, 96, SIDE, SIDE)
    locations = torch.arange(SIDE**2).view(SIDE, SIDE)
    at_rest = best_locations(network, image, image) == locations.flatten()
    assert at_rest.float().mean() > 0.9
    moved = best_locations(network, image.roll(1, -1), image) == locations.roll(1, -1).flatten()
    assert moved.view(SIDE, SIDE)[:, 1:].float().mean() > 0.9


@pytest.mark.parametrize("mask_patches", [False, True])
@torch.inference_mode()
def test_untrained_matching_compares_features(mask_patches: bool) -> None:
    config = ModelConfig(dim=96, memory_dim=32, matching=True, mask_patches=mask_patches)
    network = TinySam2(config).eval()
    start_as_matcher(network)
    assert network.matcher is not None
    image = torch.randn(1, 96, SIDE, SIDE)
    features = ImageFeatures(image, image, image)
    sure, mask = torch.ones(1), torch.full((1, SIDE, SIDE), -5.0)
    memory = network.encode_memory(features, mask, sure, sure > 0)
    query = network.matcher.query_proj(image.flatten(2).transpose(1, 2))
    key = network.matcher.key_proj(memory.flatten(2).transpose(1, 2))
    query, key = (torch.nn.functional.normalize(each, dim=-1) for each in (query, key))
    best = (query @ key.transpose(1, 2))[0].argmax(1)
    assert (best == torch.arange(SIDE**2)).float().mean() > 0.9
