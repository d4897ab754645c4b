"""Runs each stage of a network by the engine that is faster, and by torch if that fails."""

import hashlib
import logging
import os
from enum import StrEnum
from functools import cached_property, partial
from pathlib import Path

import torch
from torch import Tensor, nn

from tinysam2.engines.graph_cache import GraphCache
from tinysam2.engines.measurement import Measurements, measure
from tinysam2.engines.openvino_graph import OpenVinoGraph, is_installed, signature, version
from tinysam2.model.stages import NetworkStage, StageFunction, Tensors

_log = logging.getLogger(__name__)
FAILED = "OpenVINO cannot run the stage %s, torch does it: %s"
LARGEST_ERROR = {torch.float32: 1e-3, torch.bfloat16: 5e-2}
"""Root of the mean squared difference from torch in float32 over that of the values, at most, by
the precision of the matrix work."""
GROUPS = (4, 2, 1)
"""Objects that a graph takes at once.  One for any number of them takes up to 1.5 times as long."""
_OBJECT_INPUTS = {
    NetworkStage.CONDITION: slice(1, None),
    NetworkStage.DECODE: slice(0, 1),
    NetworkStage.ENCODE_MEMORY: slice(1, None),
}
"""Which inputs of a stage have a row for each object."""

_StageKey = tuple[NetworkStage, torch.dtype, int]
"""A stage with the precision and the number of threads that it runs with."""
_GraphKey = tuple[_StageKey, tuple[tuple[int, ...], ...]]


class Engine(StrEnum):
    """What runs a network on the CPU; AUTO takes the fastest for each stage."""

    AUTO = "auto"
    TORCH = "torch"
    OPENVINO = "openvino"


def choose_engine(name: str, device: torch.device) -> Engine:
    """Return what runs networks on a device: AUTO or OPENVINO only where OpenVINO can run.

    The environment variable ``TINYSAM2_ENGINE`` takes the place of "auto".

    Raises:
        ValueError: there is no such engine, or not for this device or in this installation.
    """
    if name == Engine.AUTO:
        name = os.environ.get("TINYSAM2_ENGINE", name)
    try:
        engine = Engine(name)
    except ValueError as error:
        names = ", ".join(Engine)
        raise ValueError(f"engine must be one of {names}, got {name!r}") from error
    if engine is Engine.OPENVINO and device.type != "cpu":
        raise ValueError(f"the engine openvino runs on the CPU, not on {device}")
    if engine is Engine.OPENVINO and not is_installed():
        raise ValueError("the engine openvino is not installed: `pip install openvino`")
    if engine is Engine.AUTO and (device.type != "cpu" or not is_installed()):
        return Engine.TORCH
    return engine


class EngineRunner:
    """A `StageRunner` by OpenVINO where that is asked for or faster, else by torch.

    The first result of a graph is compared with torch's; a graph that differs, or fails later, is
    not used again.  Where gradients are needed, torch runs.  Lives on one thread.

    Args:
        network: whose stages it runs; it is hashed when the first graph is made.
        engine: AUTO measures each stage at first, see `Measurements`.
        folder: where graphs and measurements are kept; the user's cache if None.
    """

    def __init__(self, network: nn.Module, engine: Engine, folder: Path | None = None) -> None:
        self._network, self._engine = network, engine
        self._cache = GraphCache(folder and folder / "graphs")
        self._measured_in = folder and folder / "measurements.json"
        self._graphs: dict[_GraphKey, OpenVinoGraph] = {}
        self._checked: set[_GraphKey] = set()
        self._left_to_torch: set[_StageKey] = set()

    def __call__(self, stage: NetworkStage, function: StageFunction, *inputs: Tensor) -> Tensors:
        """Run a stage; see `StageRunner`."""
        if torch.is_grad_enabled() or not self._takes(stage, inputs):
            return function(*inputs)
        try:
            return self._in_groups(stage, function, inputs)
        except Exception as error:  # noqa: BLE001 - whatever fails, torch can do the work
            _log.warning(FAILED, stage, " ".join(str(error).split())[:200])
            self._left_to_torch.add(_key_of(stage))
            return function(*inputs)

    def runs_by_openvino(self) -> tuple[NetworkStage, ...]:
        """Return the stages that OpenVINO has run so far, and still runs."""
        used = {key for key, _ in self._graphs} - self._left_to_torch
        return tuple(sorted({stage for stage, _, _ in used}))

    def _takes(self, stage: NetworkStage, inputs: Tensors) -> bool:
        """Return whether OpenVINO may run a stage: it was not refused, and there is one image."""
        key = _key_of(stage)
        if key in self._left_to_torch or key[1] not in LARGEST_ERROR:
            return False
        shared = inputs[-1] if stage is NetworkStage.DECODE else inputs[0]
        is_batch = len(shared) != 1 and (stage is not NetworkStage.DECODE or len(inputs) > 1)
        return not is_batch and inputs[0].device.type == "cpu"

    def _in_groups(self, stage: NetworkStage, function: StageFunction, inputs: Tensors) -> Tensors:
        """Run a stage by groups of objects, as many as a graph takes at once."""
        of_objects = inputs[_OBJECT_INPUTS.get(stage, slice(0))]
        sizes = _group_sizes(len(of_objects[0])) if of_objects else [1]
        if len(sizes) == 1:
            return self._run(stage, function, inputs)
        parts = [
            each.split(sizes) if any(each is one for one in of_objects) else [each] * len(sizes)
            for each in inputs
        ]
        found = []
        for group in zip(*parts, strict=True):
            if _key_of(stage) in self._left_to_torch:
                return function(*inputs)
            found.append(self._run(stage, function, group))
        return tuple(torch.cat(rows) for rows in zip(*found, strict=True))

    def _run(self, stage: NetworkStage, function: StageFunction, inputs: Tensors) -> Tensors:
        """Run a stage by its graph; the first time, decide whether to keep it."""
        stage_key = _key_of(stage)
        key = (stage_key, signature(stage, inputs))
        if key in self._checked:
            return self._graphs[key](*inputs)
        _, precision, threads = stage_key
        times = self._measured(precision).of(stage) if self._engine is Engine.AUTO else None
        if (graph := self._graphs.get(key)) is None:
            if times is not None and not times.prefers_engine:
                self._left_to_torch.add(stage_key)
                return function(*inputs)
            given = (stage, function, inputs, self._digest)
            graph = OpenVinoGraph(*given, precision, threads, self._cache)
            self._graphs[key] = graph
        found = graph(*inputs)
        _check(function, inputs, found, LARGEST_ERROR[precision])
        self._checked.add(key)
        if self._engine is Engine.AUTO and times is None:
            times = measure(partial(function, *inputs), partial(graph, *inputs))
            self._measured(precision).remember(stage, times)
            milliseconds = 1000 * times.torch_s, 1000 * times.engine_s
            _log.info("%s takes %.1f ms by torch, %.1f ms by OpenVINO", stage, *milliseconds)
            if not times.prefers_engine:
                self._left_to_torch.add(stage_key)
                return function(*inputs)
        return found

    def _measured(self, precision: torch.dtype) -> Measurements:
        config = getattr(self._network, "config", None)
        return Measurements(f"openvino {version()} {precision} {config}", self._measured_in)

    @cached_property
    def _digest(self) -> str:
        """Hash of configuration and weights."""
        digest = hashlib.sha256(repr(getattr(self._network, "config", None)).encode())
        for name, weight in self._network.state_dict().items():
            digest.update(name.encode())
            digest.update(weight.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def _group_sizes(objects: int) -> list[int]:
    """Split a number of objects into sizes of `GROUPS`, the largest first."""
    sizes = []
    for size in GROUPS:
        sizes += [size] * (objects // size)
        objects %= size
    return sizes


def _key_of(stage: NetworkStage) -> _StageKey:
    """Return a stage with the precision and the number of threads that torch would use now."""
    is_mixed = torch.is_autocast_enabled("cpu")
    precision = torch.get_autocast_dtype("cpu") if is_mixed else torch.float32
    return stage, precision, torch.get_num_threads()


def _check(function: StageFunction, inputs: Tensors, found: Tensors, most: float) -> None:
    """Compare a result with that of torch in float32.

    Raises:
        ValueError: they differ by more than rounding.
    """
    with torch.autocast("cpu", enabled=False):
        expected = function(*inputs)
    for ours, theirs in zip(expected, found, strict=True):
        size = float(ours.float().square().mean().sqrt())
        error = float((theirs.float() - ours.float()).square().mean().sqrt())
        if ours.shape != theirs.shape or not error <= most * max(size, 1e-6):
            raise ValueError(f"its values differ by {error:.2g} of {size:.2g}")
