"""Narrower hidden layers: ``python -m tinysam2.training.pruning WEIGHTS OUT --calibrate VIDEO``.

Hidden channels of the feed-forward blocks of memory attention and of the memory encoder are removed
one by one, each time the one that is missed least, and what reads the others is fitted anew by
least squares to what they are while videos are tracked.  There is no training.

Source: Optimal Brain Surgeon (Hassibi and Stork 1992), for whole channels as in ZipLM (Kurtic et
al. 2023, arXiv:2302.04089).
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tinysam2.build import load_own, prepare
from tinysam2.checkpoints.native import (
    load_checkpoint,
    load_scales,
    prepare_target,
    save_checkpoint,
)
from tinysam2.model.fake_quantization import weight_of
from tinysam2.model.memory_encoder import MaskPatches
from tinysam2.model.network import TinySam2
from tinysam2.quantization.calibration import frames_of_videos

RIDGE = 1e-6
"""Added to the moments of each channel, in units of their mean: some channels are never active."""
FIELDS = ("memory_mlp_dim", "fuser_dim", "mask_dim")
"""The widths of `ModelConfig` that can be reduced."""


@dataclass(frozen=True, slots=True)
class HiddenLayer:
    """Channels between two layers, by the names of these.

    Attributes:
        way_in: whose output channels they are.
        way_out: that reads them.
    """

    way_in: str
    way_out: str


def hidden_layers(network: TinySam2, field: str) -> list[HiddenLayer]:
    """Return the layers whose width a field of the configuration is.

    Raises:
        ValueError: the network has none.
    """
    if field == "memory_mlp_dim":
        layers = range(network.config.memory_layers)
        blocks = [f"memory_attention.layers.{i}" for i in layers]
        return [HiddenLayer(f"{block}.linear1", f"{block}.linear2") for block in blocks]
    if field == "fuser_dim":
        blocks = [f"memory_encoder.fuser.{i}" for i in range(len(network.memory_encoder.fuser))]
        return [HiddenLayer(f"{block}.expand", f"{block}.project") for block in blocks]
    if not isinstance(network.memory_encoder.mask_downsampler, MaskPatches):
        raise ValueError("mask_dim cannot be reduced: the network reads no masks by patches")
    names = ("patch", "hidden", "project")
    patch, hidden, project = (f"memory_encoder.mask_downsampler.{name}" for name in names)
    return [HiddenLayer(patch, hidden), HiddenLayer(hidden, project)]


def prune(
    weights: Path, widths: Mapping[str, int], videos: Sequence[Path], frame_count: int, out: Path
) -> dict[HiddenLayer, float]:
    """Write a network with narrower hidden layers; the scales of layers that change are left out.

    Args:
        weights: a file of the program's own format.
        widths: by field of the configuration.
        videos: what is tracked, see `frames_of_videos`.
        frame_count: frames that are looked at, of all videos together.
        out: the new weights file.

    Returns:
        For each layer the mean square of what is missed over that of what it was.

    Raises:
        CheckpointError: the weights cannot be used.
        ValueError: a width is not smaller than before, there are fewer frames than videos, or a
            video cannot be used.
        OSError: ``out`` cannot be written.
    """
    _check_request(videos, frame_count, out)
    config, state, card = load_checkpoint(weights)
    model = prepare(load_own(weights), torch.device("cpu"))
    layers = {f: _wider_layers(model.network, f, width) for f, width in widths.items()}
    way_outs = [layer.way_out for each in layers.values() for layer in each]
    with channel_moments(model.network, way_outs) as moments:
        for _ in frames_of_videos(videos, model, frame_count):
            pass  # the layers have run, on every second frame besides
    missed = {
        layer: _narrow(state, layer, moments[layer.way_out], widths[field])
        for field, each in layers.items()
        for layer in each
    }
    changed = {name for layer in missed for name in (layer.way_in, layer.way_out)}
    scales = {name: each for name, each in load_scales(weights).items() if name not in changed}
    pruned = replace(config, **dict[str, Any](widths))
    TinySam2(pruned).load_state_dict(state)  # fails if a layer was forgotten
    save_checkpoint(out, pruned, state, {**card, "pruned": dict(widths)}, scales)
    return missed


def _check_request(videos: Sequence[Path], frame_count: int, out: Path) -> None:
    prepare_target(out)
    if frame_count < max(1, len(videos)):
        raise ValueError(f"there must be a frame for each video at least, got {frame_count}")


def _wider_layers(network: TinySam2, field: str, width: int) -> list[HiddenLayer]:
    """Return the `hidden_layers` of a field.

    Raises:
        ValueError: they are not wider than ``width``, or the network has none.
    """
    layers = hidden_layers(network, field)
    way_out = weight_of(network.get_submodule(layers[0].way_out))
    if not 0 < width < way_out.shape[1]:
        raise ValueError(f"{field} must be from 1 to {way_out.shape[1] - 1}, got {width}")
    return layers


@contextmanager
def channel_moments(network: TinySam2, names: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Sum up the second moments of what layers read, and of a constant 1 after it.

    Args:
        network: while it runs, by torch in float32.
        names: of linear layers and convolutions of one pixel.

    Returns:
        By name (n + 1, n + 1) float64 sums over all locations, for a layer that reads n channels.
    """
    moments: dict[str, Tensor] = {}

    def add(name: str, layer: nn.Module, x: Tensor) -> None:
        rows = x.flatten(0, -2) if isinstance(layer, nn.Linear) else x.transpose(0, 1).flatten(1).T
        rows = torch.cat([rows, rows.new_ones(len(rows), 1)], 1).double()
        moments[name] = moments.get(name, 0) + rows.T @ rows

    hooks = [
        network.get_submodule(name).register_forward_pre_hook(
            lambda layer, given, name=name: add(name, layer, given[0])
        )
        for name in names
    ]
    try:
        yield moments
    finally:
        for hook in hooks:
            hook.remove()


def _narrow(state: dict[str, Tensor], layer: HiddenLayer, moments: Tensor, width: int) -> float:
    """Remove channels from weights, in place; returns what is missed, see `prune`."""
    weight, bias = state[f"{layer.way_out}.weight"], state[f"{layer.way_out}.bias"]
    before = torch.cat([weight.flatten(1), bias[:, None]], 1).double()
    kept, after = kept_channels(before, moments, width)
    shape = (len(weight), width, *weight.shape[2:])
    state[f"{layer.way_out}.weight"] = after[:, kept].view(shape).float()
    state[f"{layer.way_out}.bias"] = after[:, -1].float()
    for name in (f"{layer.way_in}.weight", f"{layer.way_in}.bias"):
        state[name] = state[name][kept]
    error = before - after
    return float(((error @ moments) * error).sum() / ((before @ moments) * before).sum())


def kept_channels(weight: Tensor, moments: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Choose the channels that a layer is to read, and fit its weights to them.

    All outputs of the layer count alike, also where the network scales them afterwards.

    Args:
        weight: (m, n + 1) of the layer, its biases last.
        moments: (n + 1, n + 1) of what it reads, see `channel_moments`.
        width: channels to keep, less than n.

    Returns:
        Their indices (width,), ascending, and the weights (m, n + 1), zero for the others.
    """
    channels = len(moments) - 1
    ridge = RIDGE * moments.diagonal().mean()
    inverse = torch.linalg.inv(moments + ridge * torch.eye(len(moments)).to(moments))
    weight, is_kept = weight.clone(), torch.ones(channels, dtype=torch.bool)
    for _ in range(channels - width):
        # What is missed of all outputs without a channel, when the others are fitted again.
        loss = weight[:, :channels].square().sum(0) / inverse.diagonal()[:channels]
        least = int(loss.masked_fill(~is_kept, torch.inf).argmin())
        column = inverse[:, least].clone()
        weight -= weight[:, least, None] * column / column[least]
        inverse -= column[:, None] * column / column[least]
        weight[:, least] = inverse[least] = inverse[:, least] = 0
        inverse[least, least], is_kept[least] = 1, False
    return is_kept.nonzero()[:, 0], weight


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Make hidden layers narrower, without training.")
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--calibrate",
        type=Path,
        action="append",
        required=True,
        metavar="VIDEO",
        help="what is tracked; may be given again",
    )
    parser.add_argument("--frames", type=int, default=48, help="of all videos (default: 48)")
    helps = ("feed-forward blocks of memory attention", "fusing blocks of the memory encoder")
    for field, what in zip(FIELDS, (*helps, "layers that read masks by patches"), strict=True):
        option = f"--{field.replace('_', '-')}"
        parser.add_argument(option, type=int, metavar="N", help=f"hidden width of the {what}")
    asked = parser.parse_args()
    widths = {field: getattr(asked, field) for field in FIELDS if getattr(asked, field) is not None}
    if not widths:
        parser.error(f"one of {', '.join('--' + f.replace('_', '-') for f in FIELDS)} is needed")
    try:
        missed = prune(asked.weights, widths, asked.calibrate, asked.frames, asked.out)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for layer, fraction in missed.items():
        print(f"{layer.way_out}: {100 * fraction:.3f} % missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
