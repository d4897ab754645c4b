"""A network that computes as in 8 bits: the values of chosen layers are rounded to 256 levels."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.model.stages import NetworkStage

WEIGHT_LEVELS = 127
"""Largest absolute value of an 8-bit weight; -128 is not used, so that zero is in the middle."""
INPUT_LEVELS = 255
"""Largest value of an 8-bit input; the least is 0."""
_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


@dataclass(frozen=True, slots=True)
class LayerScales:
    """How a layer's input and weights are rounded to 8 bits.

    Inputs have one scale and a zero point, which serves one-sided values such as those after a
    GELU: all 256 levels lie within their range.  Weights are symmetric, one scale per output
    channel.

    Attributes:
        input_scale: distance of two levels of the input.
        zero_point: level of the value 0, in 0..255.
        weight_scale: (C,) distance of two levels of the weights of each output channel.
    """

    input_scale: float
    zero_point: int
    weight_scale: Tensor

    @staticmethod
    def of(layer: nn.Module, low: float, high: float, weight_factor: Tensor) -> "LayerScales":
        """Make the scales of a layer.

        Args:
            layer: one of `quantizable_layers`.
            low: least value of the input that is not cut off, at most 0.
            high: largest such value, at least 0.
            weight_factor: (C,) or (): part of the range of the weights that is not cut off.
        """
        scale = max(high - low, 1e-8) / INPUT_LEVELS
        largest = weight_of(layer).detach().abs().transpose(0, output_axis(layer)).flatten(1)
        weight_scale = (largest.amax(1) * weight_factor / WEIGHT_LEVELS).clamp(min=1e-8)
        return LayerScales(scale, round(-low / scale), weight_scale)

    def input_of(self, x: Tensor) -> Tensor:
        """Return an input, of any shape, rounded to its levels."""
        return torch.fake_quantize_per_tensor_affine(
            x, self.input_scale, self.zero_point, 0, INPUT_LEVELS
        )

    def weight_of(self, layer: nn.Module) -> Tensor:
        """Return the weights of a layer, rounded to their levels."""
        zeros = torch.zeros(len(self.weight_scale), dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(
            weight_of(layer),
            self.weight_scale,
            zeros,
            output_axis(layer),
            -WEIGHT_LEVELS,
            WEIGHT_LEVELS,
        )


NetworkScales = Mapping[str, LayerScales]
"""Scales by the names of a network's layers; the layers without them stay as they are."""


def no_scales() -> NetworkScales:
    """Return the scales of a network none of whose layers compute in 8 bits."""
    return {}


_PARTS = {
    NetworkStage.ENCODE_IMAGE: ("trunk.", "neck.", "sam_neck."),
    NetworkStage.ATTEND_IMAGE: (
        "memory_attention.layers.0.self_attn.",
        "memory_encoder.feature_proj",
    ),
    NetworkStage.CONDITION: ("memory_attention.",),
    NetworkStage.ENCODE_MEMORY: ("memory_encoder.",),
}
"""The modules of each stage that is run in 8 bits; the first that fits counts.  Prompts are left as
they are: their image is encoded once for all clicks, and no click is to be worse.  So are mask
decoders, whose attention multiplies by weights of layers that it does not call."""


def scales_of_stage(scales: NetworkScales, stage: NetworkStage) -> NetworkScales:
    """Return the scales of the layers of a stage."""
    return {name: each for name, each in scales.items() if _stage_of(name) is stage}


def _stage_of(layer: str) -> NetworkStage | None:
    return next((stage for stage, parts in _PARTS.items() if layer.startswith(parts)), None)


def quantizable_layers(network: nn.Module) -> dict[str, nn.Module]:
    """Return the layers that can be rounded to 8 bits, by name: convolutions and linear ones."""
    return {name: each for name, each in network.named_modules() if isinstance(each, _LAYERS)}


def weight_of(layer: nn.Module) -> Tensor:
    """Return the weights of a layer."""
    assert isinstance(layer, _LAYERS)
    return layer.weight


def output_axis(layer: nn.Module) -> int:
    """Return the axis of the weights that numbers the output channels."""
    return 1 if isinstance(layer, nn.ConvTranspose2d) else 0


def apply_layer(layer: nn.Module, x: Tensor, weight: Tensor) -> Tensor:
    """Compute what a layer does, with other weights.

    Args:
        layer: one of `quantizable_layers`.
        x: its input.
        weight: in the shape of its own.
    """
    if isinstance(layer, nn.Conv2d):
        return F.conv2d(
            x, weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups
        )
    if isinstance(layer, nn.ConvTranspose2d):
        return F.conv_transpose2d(x, weight, layer.bias, layer.stride)
    assert isinstance(layer, nn.Linear)
    return F.linear(x, weight, layer.bias)


@contextmanager
def fake_quantized(network: nn.Module, scales: NetworkScales) -> Iterator[None]:
    """Let a network compute, meanwhile, with the rounding of 8 bits.

    Values stay floating point numbers; a converter of the traced network finds the rounding and
    replaces it by computing in 8 bits.
    """
    with replaced_layers(network, {name: _rounded(each) for name, each in scales.items()}):
        yield


LayerFunction = Callable[[nn.Module, Tensor], Tensor]
"""Computes a layer's output from the layer and its input."""


@contextmanager
def replaced_layers(network: nn.Module, functions: Mapping[str, LayerFunction]) -> Iterator[None]:
    """Let other functions compute some layers meanwhile, by name."""
    layers = [network.get_submodule(name) for name in functions]
    try:
        for layer, function in zip(layers, functions.values(), strict=True):
            layer.forward = partial(function, layer)
        yield
    finally:
        for layer in layers:
            layer.__dict__.pop("forward", None)


def _rounded(scales: LayerScales) -> LayerFunction:
    def compute(layer: nn.Module, x: Tensor) -> Tensor:
        return apply_layer(layer, scales.input_of(x), scales.weight_of(layer))

    return compute
