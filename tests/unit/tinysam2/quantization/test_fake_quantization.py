"""Layers with scales are rounded to 256 levels; the network itself is not changed."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.model.fake_quantization import (
    LayerScales,
    fake_quantized,
    quantizable_layers,
    scales_of_stage,
)
from tinysam2.model.stages import NetworkStage

LAYERS: Mapping[str, tuple[nn.Module, tuple[int, ...]]] = {
    "conv": (nn.Conv2d(4, 6, 3, 2, 1), (1, 4, 9, 9)),
    "depthwise": (nn.Conv2d(4, 4, 3, padding=1, groups=4), (1, 4, 9, 9)),
    "transposed": (nn.ConvTranspose2d(4, 6, 2, 2), (1, 4, 9, 9)),
    "linear": (nn.Linear(4, 6), (2, 5, 4)),
}


def values_after_gelu(shape: tuple[int, ...]) -> Tensor:
    return F.gelu(3 * torch.randn(shape, generator=torch.Generator().manual_seed(1)))


def full_scales(layer: nn.Module, x: Tensor) -> LayerScales:
    return LayerScales.of(layer, float(x.min()), float(x.max()), torch.ones(()))


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_differs_by_the_rounding_of_its_values_only(kind: str) -> None:
    layer, shape = LAYERS[kind]
    network, x = nn.Sequential(layer), values_after_gelu(shape)
    with torch.no_grad():
        expected = network(x)
        with fake_quantized(network, {"0": full_scales(layer, x)}):
            found = network(x)
        assert torch.equal(network(x), expected)
    error = (found - expected).square().mean().sqrt() / expected.std()
    assert 1e-5 < error < 0.02


def test_all_levels_serve_one_sided_values() -> None:
    x = values_after_gelu((1000,))
    scales = full_scales(nn.Linear(4, 6), x)
    assert scales.zero_point < 30
    assert len(scales.input_of(x).unique()) > 100
    assert (scales.input_of(x) - x).abs().max() <= 0.51 * scales.input_scale
    assert scales.input_of(torch.zeros(1)) == 0


def test_weights_have_a_scale_per_output_channel() -> None:
    layer = nn.Linear(8, 2, bias=False)
    with torch.no_grad():
        layer.weight[0] *= 1000
        scales = LayerScales.of(layer, 0, 1, torch.ones(2))
        error = (scales.weight_of(layer) - layer.weight).abs().amax(1)
    assert (error <= 0.51 * scales.weight_scale).all()
    assert scales.weight_scale[0] > 100 * scales.weight_scale[1]


def test_a_wrong_scale_is_seen_in_the_result() -> None:
    layer, shape = LAYERS["linear"]
    network, x = nn.Sequential(layer), values_after_gelu(shape)
    right = full_scales(layer, x)
    wrong = replace(right, input_scale=right.input_scale / 8)
    with torch.no_grad():
        expected = network(x)
        with fake_quantized(network, {"0": wrong}):
            assert (network(x) - expected).abs().max() > 0.2 * expected.std()


def test_layers_are_found_by_name_and_stage() -> None:
    network = nn.ModuleDict(
        {"trunk": nn.Sequential(nn.Linear(2, 2), nn.GELU()), "other": nn.GELU()}
    )
    assert list(quantizable_layers(network)) == ["trunk.0"]
    scales = {"trunk.0": full_scales(network["trunk"][0], torch.ones(1))}
    assert scales_of_stage(scales, NetworkStage.ENCODE_IMAGE) == scales
    assert not scales_of_stage(scales, NetworkStage.ENCODE_IMAGE_FOR_SAM)
    assert not scales_of_stage(scales, NetworkStage.DECODE)
