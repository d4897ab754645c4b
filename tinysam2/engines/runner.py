"""Runs each stage of a network by the engine that is faster, and by torch if that fails."""

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from enum import StrEnum
from functools import cached_property, partial
from pathlib import Path
from threading import RLock

import torch
from torch import Tensor, nn

from tinysam2.devices import has_int8_products
from tinysam2.engines.graph_cache import GraphCache, engine_folder
from tinysam2.engines.graph_pool import GraphPool
from tinysam2.engines.measurement import Measurements, StageTimes, Way, fastest, measure
from tinysam2.engines.openvino_graph import OpenVinoGraph, is_installed, signature, version
from tinysam2.model.fake_quantization import NetworkScales, fake_quantized, scales_of_stage
from tinysam2.model.stages import (
    STAGES_VERSION,
    NetworkStage,
    StageFunction,
    Tensors,
    run_by_torch,
)

_log = logging.getLogger(__name__)
FAILED = "OpenVINO cannot run the stage %s, torch does it: %s"
LARGEST_ERROR = {torch.float32: 1e-3, torch.bfloat16: 5e-2}
"""Root of the mean squared difference from torch in float32 over that of the values, at most, by
the precision of the matrix work."""
LARGEST_INT8_ERROR = 0.3
"""The same of stages in 8 bits, whose scales were found for the masks, not for these values."""
MOST_TOKENS = 12288
"""Memory tokens beyond which torch runs memory attention: OpenVINO keeps the weights of all queries
and keys at once, which takes 1.4 times as long in bfloat16 with 28,672 tokens."""
_StageKey = tuple[NetworkStage, torch.dtype]
"""A stage with the precision that it runs with."""
_Exported = tuple[_StageKey, Way, tuple[tuple[int, ...], ...]]
"""A stage with its precision, how it is run, and the sizes of its inputs."""
_GraphKey = tuple[*_Exported, int]
"""The same, and the number of threads."""


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

    The first result of a stage's first graph is compared with torch's; a stage whose graph differs,
    or fails later, is left to torch.  Where gradients are needed, torch runs.  Stages may be run
    from several threads at the same time, each with as many threads as torch uses there.

    Args:
        network: whose stages it runs; it is hashed when the first graph is made.
        engine: AUTO measures each stage at first, see `Measurements`.
        int8: whether stages run in 8 bits where the network has scales; None where that is faster,
            which AUTO measures.  Other precisions than float32 are never replaced.
        folder: where graphs and measurements are kept; the user's cache if None.
    """

    def __init__(
        self,
        network: nn.Module,
        engine: Engine,
        int8: bool | None = None,
        folder: Path | None = None,
    ) -> None:
        self._network, self._engine, self._int8 = network, engine, int8
        folder = folder or engine_folder()
        self._cache = GraphCache(folder / "graphs")
        self._measured_in = folder / "measurements.json"
        self._checked: set[_Exported] = set()
        self._ways: dict[_StageKey, Way] = {}
        self._making = RLock()  # exporting and measuring change the network for a while
        self._graphs = GraphPool[_GraphKey, OpenVinoGraph](self._making)

    def __call__(
        self, stage: NetworkStage, function: StageFunction, given: Sequence[Tensors]
    ) -> list[Tensors]:
        """Run a stage."""
        if torch.is_grad_enabled() or not all(self._takes(stage, inputs) for inputs in given):
            return run_by_torch(stage, function, given)
        try:
            return [self._run(stage, function, inputs) for inputs in given]
        except Exception as error:  # noqa: BLE001 - whatever fails, torch can do the work
            with self._making:
                if self._ways.get(_key_of(stage)) is not Way.TORCH:
                    _log_failure(stage, error)
                self._ways[_key_of(stage)] = Way.TORCH
            return run_by_torch(stage, function, given)

    def ways(self) -> dict[NetworkStage, Way]:
        """Return how the stages that have run so far are run now."""
        with self._making:
            return {stage: way for (stage, _), way in sorted(self._ways.items(), key=str)}

    def runs_by_openvino(self) -> tuple[NetworkStage, ...]:
        """Return the stages that OpenVINO has run so far, and still runs."""
        return tuple(stage for stage, way in self.ways().items() if way is not Way.TORCH)

    def _takes(self, stage: NetworkStage, inputs: Tensors) -> bool:
        """Return whether OpenVINO may run a stage: not refused, one object, not too many tokens."""
        key = _key_of(stage)
        if self._ways.get(key) is Way.TORCH or key[1] not in LARGEST_ERROR:
            return False
        reads_memory = stage in (NetworkStage.MATCH, NetworkStage.CONDITION)
        if reads_memory and inputs[1].shape[1] > MOST_TOKENS:
            return False
        return max(map(len, inputs)) == 1 and inputs[0].device.type == "cpu"

    def _run(self, stage: NetworkStage, function: StageFunction, inputs: Tensors) -> Tensors:
        """Run a stage in the way that is chosen the first time."""
        key = _key_of(stage)
        with self._making:
            if (way := self._ways.get(key)) is None:
                way = self._ways[key] = self._choose(key, function, inputs)
        if way is Way.TORCH:
            return function(*inputs)
        with self._graph_of(way, key, function, inputs) as graph:
            return graph.run(inputs)

    def _choose(self, key: _StageKey, function: StageFunction, inputs: Tensors) -> Way:
        """Decide how to run a stage: by measuring, once per machine, if there is a choice."""
        stage, precision = key
        ways = self._possible_ways(stage, precision)
        if Way.TORCH not in ways:
            return ways[0]
        measured = self._measured(precision)
        times = measured.of(stage)
        if not times.keys() >= set(ways):
            times = self._measure(ways[1:], key, function, inputs)
            measured.remember(stage, times)
            listed = ", ".join(f"{way} {1000 * seconds:.1f} ms" for way, seconds in times.items())
            _log.info("%s takes by its engines: %s", stage, listed)
        return fastest({way: times[way] for way in ways if way in times})

    def _measure(
        self, ways: tuple[Way, ...], key: _StageKey, function: StageFunction, inputs: Tensors
    ) -> StageTimes:
        """Time torch and those of the other ways that work."""
        runs: dict[Way, Callable[[], object]] = {Way.TORCH: partial(function, *inputs)}
        with ExitStack() as lent:
            for way in ways:
                try:
                    graph = lent.enter_context(self._graph_of(way, key, function, inputs))
                except Exception as error:  # noqa: BLE001 - the others are left
                    _log_failure(key[0], error)
                else:
                    runs[way] = partial(graph.run, inputs)
            return measure(runs)

    def _possible_ways(self, stage: NetworkStage, precision: torch.dtype) -> tuple[Way, ...]:
        """Return the ways to choose from; without TORCH there is one."""
        can_round = precision is torch.float32 and self._int8 is not False
        has_int8 = can_round and bool(scales_of_stage(self._scales, stage))
        if has_int8 and self._int8:
            return (Way.INT8,)
        if self._engine is Engine.OPENVINO:
            return (Way.OPENVINO,)
        can_be_int8 = has_int8 and has_int8_products()
        return (Way.TORCH, Way.OPENVINO, *((Way.INT8,) if can_be_int8 else ()))

    def _graph_of(
        self, way: Way, key: _StageKey, function: StageFunction, inputs: Tensors
    ) -> AbstractContextManager[OpenVinoGraph]:
        """Lend a graph of a stage that no other thread runs; where there is none, it is made."""
        graph_key = key, way, signature(key[0], inputs), torch.get_num_threads()
        make = partial(self._checked_graph, graph_key, function, inputs)
        return self._graphs.lend(graph_key, make)

    def _checked_graph(
        self, graph_key: _GraphKey, function: StageFunction, inputs: Tensors
    ) -> OpenVinoGraph:
        """Make a graph; only the first one for these sizes is compared with torch."""
        key, way, sizes, _ = graph_key
        exported = key, way, sizes
        graph = self._graph(graph_key, function, inputs)
        if exported in self._checked:
            return graph
        most = LARGEST_INT8_ERROR if way is Way.INT8 else LARGEST_ERROR[key[1]]
        try:
            _check(function, inputs, graph.run(inputs), most)
        except ValueError:
            if graph.is_new:
                raise
            # An earlier version of the program may have computed something else by these weights.
            graph = self._graph(graph_key, function, inputs, is_stale=True)
            _check(function, inputs, graph.run(inputs), most)
        self._checked.add(exported)
        return graph

    def _graph(
        self,
        graph_key: _GraphKey,
        function: StageFunction,
        inputs: Tensors,
        is_stale: bool = False,
    ) -> OpenVinoGraph:
        (stage, precision), way, _, threads = graph_key
        exported = self._in_8_bits(stage, function) if way is Way.INT8 else function
        given = stage, exported, inputs, f"{self._digest} {way}"
        return OpenVinoGraph(*given, precision, threads, self._cache, is_stale)

    def _in_8_bits(self, stage: NetworkStage, function: StageFunction) -> StageFunction:
        scales = scales_of_stage(self._scales, stage)

        def compute(*inputs: Tensor) -> Tensors:
            with fake_quantized(self._network, scales):
                return function(*inputs)

        return compute

    @property
    def _scales(self) -> NetworkScales:
        return getattr(self._network, "scales", {})

    def _measured(self, precision: torch.dtype) -> Measurements:
        config = getattr(self._network, "config", None)
        variant = f"stages {STAGES_VERSION} openvino {version()} {precision} {config}"
        return Measurements(variant, self._measured_in)

    @cached_property
    def _digest(self) -> str:
        return digest_of(self._network)


def digest_of(network: nn.Module) -> str:
    """Return a hash of a network's configuration, weights and scales."""
    digest = hashlib.sha256(repr(getattr(network, "config", None)).encode())
    for name, weight in network.state_dict().items():
        digest.update(name.encode())
        digest.update(weight.detach().cpu().contiguous().numpy().tobytes())
    for name, scales in getattr(network, "scales", {}).items():
        digest.update(f"{name} {scales.input_scale} {scales.zero_point}".encode())
        digest.update(scales.weight_scale.numpy().tobytes())
    return digest.hexdigest()


def _log_failure(stage: NetworkStage, error: Exception) -> None:
    _log.warning(FAILED, stage, " ".join(str(error).split())[:200])


def _key_of(stage: NetworkStage) -> _StageKey:
    """Return a stage with the precision that torch would use now."""
    is_mixed = torch.is_autocast_enabled("cpu")
    precision = torch.get_autocast_dtype("cpu") if is_mixed else torch.float32
    return stage, precision


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
