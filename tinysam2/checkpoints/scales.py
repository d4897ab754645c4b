"""The scales of 8-bit layers as tensors of a weights file, beside the weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tinysam2.model.fake_quantization import (
    INPUT_LEVELS,
    LayerScales,
    NetworkScales,
    output_axis,
    quantizable_layers,
    weight_of,
)

PREFIX = "int8."
"""Of the names of these tensors: ``int8.LAYER.input`` and ``int8.LAYER.weight``."""


def as_tensors(scales: NetworkScales) -> dict[str, Tensor]:
    """Return scales as tensors by name.

    Returns:
        For each layer ``input``, (2,) float32: the scale and the zero point of its input, and
        ``weight``, (C,) float32: the scales of its weights.
    """
    tensors: dict[str, Tensor] = {}
    for name, each in scales.items():
        tensors[f"{PREFIX}{name}.input"] = torch.tensor([each.input_scale, each.zero_point])
        tensors[f"{PREFIX}{name}.weight"] = each.weight_scale.float()
    return tensors


def from_tensors(tensors: Mapping[str, Tensor]) -> NetworkScales:
    """Read scales from tensors of `as_tensors`, finite ones; others are ignored.

    Raises:
        ValueError: a tensor is missing, of another shape, or out of range.
    """
    suffix = ".weight"
    ours = {name.removeprefix(PREFIX): t for name, t in tensors.items() if name.startswith(PREFIX)}
    names = [name.removesuffix(suffix) for name in ours if name.endswith(suffix)]
    if len(ours) != 2 * len(names):
        raise ValueError("each layer must have the scales of its input and of its weights")
    return {name: _layer(name, ours) for name in names}


def _layer(name: str, tensors: Mapping[str, Tensor]) -> LayerScales:
    given, weight = tensors.get(f"{name}.input"), tensors[f"{name}.weight"]
    if given is None or given.shape != (2,) or weight.ndim != 1:
        raise ValueError(f"the scales of {name} have another shape")
    scale, zero_point = (float(value) for value in given)
    if scale <= 0 or not (weight > 0).all():
        raise ValueError(f"a scale of {name} is not greater than 0")
    if zero_point != int(zero_point) or not 0 <= zero_point <= INPUT_LEVELS:
        raise ValueError(f"the zero point of {name} is no level from 0 to {INPUT_LEVELS}")
    return LayerScales(scale, int(zero_point), weight.float())


def check_scales(network: nn.Module, scales: NetworkScales) -> None:
    """Make sure that scales are those of a network, prepared for inference.

    Raises:
        ValueError: a layer does not exist, or has another number of output channels.
    """
    layers = quantizable_layers(network)
    for name, each in scales.items():
        if name not in layers:
            raise ValueError(f"the network has no layer {name}")
        layer = layers[name]
        if len(each.weight_scale) != weight_of(layer).shape[output_axis(layer)]:
            raise ValueError(f"the layer {name} has another number of channels than its scales")
