"""The search for the scales of a network, from single layers to groups of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from tinysam2.model.fake_quantization import (
    LayerFunction,
    LayerScales,
    NetworkScales,
    apply_layer,
    fake_quantized,
    output_axis,
    quantizable_layers,
    replaced_layers,
    weight_of,
)
from tinysam2.model.network import TinySam2
from tinysam2.quantization.objective import (
    CalibrationFrame,
    FrameOutputs,
    loss,
    outputs_of,
    random_projection,
)

QUANTIZED = ("trunk.", "neck.", "sam_neck.", "memory_attention.", "memory_encoder.")
"""Parts of a network whose layers get scales; ADR 23 says why the others stay as they are."""
WEIGHT_FACTORS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7)
INPUT_FACTORS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
ROUNDS = 2
"""How often the scales of weights and of inputs are searched, in turn."""
SEARCH_FRAMES = 4
"""Calibration frames that the search runs on, evenly spread; the ranges are those of all."""

Report = Callable[[int, int], None]
"""Takes the number of steps done and of all."""


@dataclass(frozen=True, slots=True)
class _Range:
    """Where a layer's input is cut off and which part of its weights' range is used.

    Attributes:
        low: least value, at most 0.
        high: largest value, at least 0.
        weight_factor: (C,) part of each output channel's range.
    """

    low: float
    high: float
    weight_factor: Tensor

    def scales(self, layer: nn.Module) -> LayerScales:
        return LayerScales.of(layer, self.low, self.high, self.weight_factor)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Scales, and the mean of `loss` over the calibration frames.

    Attributes:
        scales: of the layers that compute in 8 bits.
        loss_before: with scales of the full range of all values.
        loss_after: with the scales found.
    """

    scales: NetworkScales
    loss_before: float
    loss_after: float


def search_scales(
    network: TinySam2, frames: Sequence[CalibrationFrame], report: Report = lambda *_: None
) -> SearchResult:
    """Find scales with which the network's outputs on some frames change least.

    First the scale of each layer: those of weights and of inputs in turn, among parts of their
    range, by the error of the layer's output, each value of which counts as much as it matters
    to the outputs of the network.  Then groups of layers: where the scales found do not lower the
    loss itself, the group keeps those of its full range.

    Args:
        network: prepared for inference, on the CPU.
        frames: at least one.
        report: is called after each step.

    Source:
        TinySAM (Shu et al. 2023, arXiv:2312.13789, section 3.3), whose search minimizes the error
        of masks and predicted IoU; the weights of a layer's values after PTQ4ViT (Yuan et al. 2021,
        arXiv:2111.12293), by Gauss-Newton in place of the gradient of a training loss.
    """
    layers = {
        name: each
        for name, each in quantizable_layers(network).items()
        if name.startswith(QUANTIZED)
    }
    searched = frames[:: -(-len(frames) // SEARCH_FRAMES)]
    steps = len(frames) + 2 * ROUNDS * len(searched) + len(_groups(layers)) + 2
    progress = iter(range(1, steps + 1))

    def step() -> None:
        report(next(progress, steps), steps)

    full = _full_ranges(network, layers, frames, step)
    ranges = dict(full)
    for _ in range(ROUNDS):
        for candidates in (_weight_candidates, _input_candidates):
            ranges = _search(network, layers, searched, ranges, full, candidates, step)
    return _kept_groups(network, layers, searched, full, ranges, step)


def _full_ranges(
    network: TinySam2,
    layers: Mapping[str, nn.Module],
    frames: Iterable[CalibrationFrame],
    step: Callable[[], None],
) -> dict[str, _Range]:
    """Return the ranges of all values of all frames; layers that are not used are left out."""
    found: dict[str, _Range] = {}

    def watching(name: str) -> LayerFunction:
        def compute(layer: nn.Module, x: Tensor) -> Tensor:
            low, high = (float(side) for side in x.aminmax())
            before = found.get(name)
            if before is None:
                before = _Range(0.0, 0.0, torch.ones(_channels(layer)))
            found[name] = replace(before, low=min(before.low, low), high=max(before.high, high))
            return apply_layer(layer, x, weight_of(layer))

        return compute

    with torch.no_grad(), replaced_layers(network, {name: watching(name) for name in layers}):
        for frame in frames:
            outputs_of(network, frame)
            step()
    return found


def _channels(layer: nn.Module) -> int:
    return weight_of(layer).shape[output_axis(layer)]


Candidates = Callable[[_Range, _Range], list[_Range]]
"""Takes a layer's range and its full one; returns the ranges to choose from."""


def _weight_candidates(current: _Range, full: _Range) -> list[_Range]:
    return [replace(current, weight_factor=part * full.weight_factor) for part in WEIGHT_FACTORS]


def _input_candidates(current: _Range, full: _Range) -> list[_Range]:
    """Cut off one end or both; the shorter end often holds most values, as after a GELU."""
    both = [replace(current, low=f * full.low, high=f * full.high) for f in INPUT_FACTORS]
    if full.low == 0 or full.high == 0:
        return both
    is_above = full.high > -full.low
    longer = [
        replace(current, low=full.low, high=f * full.high)
        if is_above
        else replace(current, low=f * full.low, high=full.high)
        for f in INPUT_FACTORS[1:]
    ]
    return both + longer


def _search(
    network: TinySam2,
    layers: Mapping[str, nn.Module],
    frames: Iterable[CalibrationFrame],
    ranges: Mapping[str, _Range],
    full: Mapping[str, _Range],
    candidates: Candidates,
    step: Callable[[], None],
) -> dict[str, _Range]:
    """Choose the best candidate of each layer; of weights, that of each output channel."""
    choices = {name: candidates(each, full[name]) for name, each in ranges.items()}
    errors = {name: torch.zeros(0) for name in ranges}
    for index, frame in enumerate(frames):
        importance = _importance(network, {name: layers[name] for name in ranges}, frame, index)
        for name, error in _errors_of(network, frame, choices, importance).items():
            errors[name] = error + (errors[name] if len(errors[name]) else 0)
        step()
    return {name: _best(choices[name], errors[name]) for name in ranges}


def _best(choices: list[_Range], errors: Tensor) -> _Range:
    """Return the best of a layer's ranges by their errors (number of choices, C)."""
    if choices[0].low == choices[-1].low and choices[0].high == choices[-1].high:  # of weights
        factors = torch.stack([each.weight_factor for each in choices])
        return replace(choices[0], weight_factor=factors.gather(0, errors.argmin(0)[None])[0])
    return choices[int(errors.sum(1).argmin())]


def _importance(
    network: TinySam2, layers: Mapping[str, nn.Module], frame: CalibrationFrame, seed: int
) -> dict[str, list[Tensor]]:
    """Return how much an error of each value of each output of each layer matters, in its shape.

    A layer has an output for each object, or one for all.
    """
    values: list[tuple[str, Tensor]] = []

    def keeping(name: str) -> LayerFunction:
        def compute(layer: nn.Module, x: Tensor) -> Tensor:
            out = apply_layer(layer, x, weight_of(layer))
            values.append((name, out if out.requires_grad else out.requires_grad_()))
            return values[-1][1]

        return compute

    with torch.enable_grad(), replaced_layers(network, {name: keeping(name) for name in layers}):
        outputs = outputs_of(network, frame)
        projection = random_projection(outputs, torch.Generator().manual_seed(seed))
        given = [value for _, value in values]
        gradients = torch.autograd.grad(projection, given, allow_unused=True)
    found: dict[str, list[Tensor]] = {name: [] for name in layers}
    for (name, value), gradient in zip(values, gradients, strict=True):
        found[name].append(torch.zeros_like(value) if gradient is None else gradient.square())
    return found


@torch.no_grad()
def _errors_of(
    network: TinySam2,
    frame: CalibrationFrame,
    choices: Mapping[str, list[_Range]],
    importance: Mapping[str, list[Tensor]],
) -> dict[str, Tensor]:
    """Return the weighted errors of each layer's choices, (number of choices, C)."""
    errors: dict[str, Tensor] = {}

    def comparing(name: str) -> LayerFunction:
        weights = iter(importance[name])

        def compute(layer: nn.Module, x: Tensor) -> Tensor:
            exact, weight = apply_layer(layer, x, weight_of(layer)), next(weights)
            error = torch.stack(
                [
                    _channel_sums(layer, weight * (rounded - exact).square())
                    for rounded in _rounded_outputs(layer, x, choices[name])
                ]
            )
            errors[name] = error + errors[name] if name in errors else error
            return exact

        return compute

    with replaced_layers(network, {name: comparing(name) for name in choices}):
        outputs_of(network, frame)
    return errors


def _rounded_outputs(layer: nn.Module, x: Tensor, choices: list[_Range]) -> Iterable[Tensor]:
    for each in choices:
        scales = each.scales(layer)
        yield apply_layer(layer, scales.input_of(x), scales.weight_of(layer))


def _channel_sums(layer: nn.Module, values: Tensor) -> Tensor:
    """Sum values of a layer's output over all but its channels."""
    axis = values.ndim - 1 if isinstance(layer, nn.Linear) else 1
    return values.transpose(0, axis).flatten(1).sum(1)


def _groups(names: Iterable[str]) -> dict[str, list[str]]:
    """Group layers by the part of the network that they belong to, the block of a trunk."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(".".join(name.split(".")[:3]), []).append(name)
    return groups


@torch.no_grad()
def _kept_groups(
    network: TinySam2,
    layers: Mapping[str, nn.Module],
    frames: Sequence[CalibrationFrame],
    full: Mapping[str, _Range],
    found: Mapping[str, _Range],
    step: Callable[[], None],
) -> SearchResult:
    """Decide for each group of layers between the full ranges and those found."""
    expected = [outputs_of(network, frame) for frame in frames]
    before = _mean_loss(network, frames, expected, _scales(layers, full))
    step()
    chosen = dict(found)
    least = _mean_loss(network, frames, expected, _scales(layers, chosen))
    step()
    for group in _groups(found).values():
        tried = {**chosen, **{name: full[name] for name in group}}
        error = _mean_loss(network, frames, expected, _scales(layers, tried))
        if error < least:
            chosen, least = tried, error
        step()
    return SearchResult(_scales(layers, chosen), before, least)


def _scales(layers: Mapping[str, nn.Module], ranges: Mapping[str, _Range]) -> NetworkScales:
    return {name: each.scales(layers[name]) for name, each in ranges.items()}


def _mean_loss(
    network: TinySam2,
    frames: Sequence[CalibrationFrame],
    expected: Sequence[FrameOutputs],
    scales: NetworkScales,
) -> float:
    with fake_quantized(network, scales):
        losses = [loss(outputs_of(network, f), e) for f, e in zip(frames, expected, strict=True)]
    return sum(losses) / len(losses)
