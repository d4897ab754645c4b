"""A stage of a network as a graph that OpenVINO runs on the CPU."""

import importlib
import importlib.util
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tinysam2.engines.graph_cache import GraphCache
from tinysam2.model.stages import STAGES_VERSION, NetworkStage, StageFunction, Tensors

DYNAMIC = -1
_DYNAMIC_AXES = {  # per input of a stage the axes of any size: tokens, pointers, single locations
    NetworkStage.MATCH: ((), (1,), (1,)),
    NetworkStage.CONDITION: ((), *[(1,)] * 8, (), (1,)),
}


def is_installed() -> bool:
    """Return whether OpenVINO can be imported."""
    return importlib.util.find_spec("openvino") is not None


@cache
def _openvino() -> Any:  # noqa: ANN401 - it has no type annotations
    """Import OpenVINO without its telemetry, which would go online unasked."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return importlib.import_module("openvino")


@cache
def _core() -> Any:  # noqa: ANN401
    return _openvino().Core()


def version() -> str:
    """Return the version of OpenVINO."""
    return str(_openvino().__version__)


def signature(stage: NetworkStage, inputs: Tensors) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of a stage's inputs with `DYNAMIC` where a graph takes any size."""
    axes = _DYNAMIC_AXES.get(stage, ())
    return tuple(
        tuple(
            DYNAMIC if index < len(axes) and axis in axes[index] else side
            for axis, side in enumerate(tensor.shape)
        )
        for index, tensor in enumerate(inputs)
    )


class OpenVinoGraph:
    """A stage for inputs of one `signature`; exported at first, then read from the cache.

    One thread at a time may run it.  A run with one thread is the work of the caller's: a thread of
    OpenVINO's own, as each of several streams has, often waits for a core that another one uses.

    Args:
        stage: which.
        function: that computes it by torch.
        inputs: such as it will be given.
        key: identifies the network.
        precision: type of its matrix work.
        threads: that a run uses.
        cache: of the exported graphs.
        is_stale: whether the graph in the cache is to be exported anew.

    Attributes:
        is_new: whether it was exported now.
        compiled: the graph as OpenVINO runs it.
    """

    def __init__(
        self,
        stage: NetworkStage,
        function: StageFunction,
        inputs: Tensors,
        key: str,
        precision: torch.dtype,
        threads: int,
        cache: GraphCache,
        is_stale: bool = False,
    ) -> None:
        shapes = signature(stage, inputs)
        versions = f"stages {STAGES_VERSION} openvino {version()} torch {torch.__version__}"
        full_key = f"{key} {stage} {shapes} {versions}"

        self.is_new = False

        def export(path: Path) -> None:
            self.is_new = True
            graph = _convert(function, inputs, shapes)
            _openvino().save_model(graph, path, compress_to_fp16=False)

        path = cache.get(full_key, export, is_stale)
        options = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision is torch.bfloat16 else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # other threads of the program want the cores too
        }
        self.compiled = _core().compile_model(path, "CPU", options)
        self._request = self.compiled.create_infer_request()

    def run(self, inputs: Tensors) -> Tensors:
        """Run the stage; floating point results are float32."""
        arrays = [_as_given(each).contiguous().numpy() for each in inputs]
        self._request.infer(arrays, share_inputs=True, share_outputs=True)
        return tuple(torch.from_numpy(each.data.copy()) for each in self._request.output_tensors)


def _convert(function: StageFunction, inputs: Tensors, shapes: tuple[tuple[int, ...], ...]) -> Any:  # noqa: ANN401
    """Trace a stage, with a few tokens where their number is free, and convert the trace."""
    example = tuple(_example(each, shape) for each, shape in zip(inputs, shapes, strict=True))
    with (
        torch.inference_mode(False),
        torch.no_grad(),
        torch.autocast("cpu", enabled=False),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # about the sides of images, which are constant
        traced = torch.jit.trace(_StageModule(function).eval(), example, check_trace=False)
        partial = [_openvino().PartialShape(list(shape)) for shape in shapes]
        return _openvino().convert_model(traced, example_input=example, input=partial)


def _example(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    sides = [2 + axis if side == DYNAMIC else side for axis, side in enumerate(shape)]
    with torch.inference_mode(False):
        return torch.ones(sides, dtype=_as_given(tensor).dtype)


def _as_given(tensor: Tensor) -> Tensor:
    """Return a tensor as graphs take it: floating point values in float32."""
    return tensor.float() if tensor.is_floating_point() else tensor


class _StageModule(nn.Module):
    """A module that only calls a function: the network's weights become constants of the trace."""

    def __init__(self, function: StageFunction) -> None:
        super().__init__()
        self._function = function

    def forward(self, *inputs: Tensor) -> Tensors:
        return self._function(*inputs)
