"""Which engine is faster on this machine, stage by stage: measured once and remembered."""

import json
import platform
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from time import perf_counter

import torch

from tinysam2.atomic_write import atomic_write
from tinysam2.model.stages import NetworkStage

MEASURED_S = 0.5
"""Seconds that measuring a stage takes; a network has four."""
LEAST_GAIN = 1.05
"""Factor by which a way must be faster than those before it in `Way` to be used."""
_MIN_ROUNDS = 3


class Way(StrEnum):
    """How a stage is run, the most exact way first."""

    TORCH = "torch"
    OPENVINO = "openvino"
    INT8 = "int8"
    """By OpenVINO, in 8 bits where the network has scales."""


StageTimes = Mapping[Way, float]
"""Seconds that a stage takes in different ways, the best of alternating runs."""


def fastest(times: StageTimes) -> Way:
    """Return the way to run a stage: the most exact one unless another is clearly faster."""
    best = Way.TORCH
    for way in (Way.OPENVINO, Way.INT8):
        if way in times and times[best] >= LEAST_GAIN * times[way]:
            best = way
    return best


def measure(ways: Mapping[Way, Callable[[], object]]) -> StageTimes:
    """Time several ways of running a stage in turn; each has run before."""
    times: dict[Way, list[float]] = {way: [] for way in ways}
    end = perf_counter() + MEASURED_S
    while perf_counter() < end or len(times[Way.TORCH]) < _MIN_ROUNDS:
        for way, run in ways.items():
            start = perf_counter()
            run()
            times[way].append(perf_counter() - start)
    return {way: min(seconds) for way, seconds in times.items()}


class Measurements:
    """Remembered times of one network in one precision on this machine.

    Args:
        subject: what was measured besides the machine.
        path: the file; an unreadable one counts as empty.
    """

    def __init__(self, subject: str, path: Path) -> None:
        self._path = path
        cpu = torch.backends.cpu.get_cpu_capability()
        machine = f"{platform.node()} {_processor()} {cpu}"
        self._key = f"{machine} torch {torch.__version__} {subject}"

    def of(self, stage: NetworkStage) -> StageTimes:
        """Return what was measured of a stage; nothing if it is not understood."""
        try:
            times = self._read().get(self._key, {}).get(stage.value, {})
            return {Way(way): float(seconds) for way, seconds in times.items()}
        except (AttributeError, TypeError, ValueError):
            return {}

    def remember(self, stage: NetworkStage, times: StageTimes) -> None:
        """Store the times of a stage; a folder that cannot be written is no reason to stop."""
        known = {key: dict(stages) for key, stages in self._read().items()}
        known.setdefault(self._key, {})[stage.value] = {
            way.value: each for way, each in times.items()
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._path) as draft:
                draft.write_text(json.dumps(known, indent=1), "utf-8")
        except OSError:
            return

    def _read(self) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        is_table = isinstance(found, dict) and all(isinstance(v, dict) for v in found.values())
        return found if is_table else {}


def _processor() -> str:
    """Return the name of the CPU, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
