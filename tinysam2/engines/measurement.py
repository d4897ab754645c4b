"""Which engine is faster on this machine, stage by stage: measured once and remembered."""

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import torch

from tinysam2.atomic_write import atomic_write
from tinysam2.engines.graph_cache import engine_folder
from tinysam2.model.stages import NetworkStage

MEASURED_S = 0.5
"""Seconds that measuring a stage takes; a network has four."""
LEAST_GAIN = 1.05
"""Factor by which another engine must be faster than torch to be used."""
_MIN_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Seconds that a stage takes by torch and by another engine, the best of alternating runs."""

    torch_s: float
    engine_s: float

    @property
    def prefers_engine(self) -> bool:
        """Whether the other engine is worth its use."""
        return self.torch_s >= LEAST_GAIN * self.engine_s


def measure(by_torch: Callable[[], object], by_engine: Callable[[], object]) -> StageTimes:
    """Time two ways of running a stage in turn; each has run before."""
    times: tuple[list[float], list[float]] = ([], [])
    end = perf_counter() + MEASURED_S
    while perf_counter() < end or len(times[0]) < _MIN_ROUNDS:
        for run, seconds in zip((by_torch, by_engine), times, strict=True):
            start = perf_counter()
            run()
            seconds.append(perf_counter() - start)
    return StageTimes(min(times[0]), min(times[1]))


class Measurements:
    """Remembered times of one network, precision and engine on this machine.

    Args:
        subject: what was measured besides the machine.
        path: the file; in `engine_folder` if None.  An unreadable one counts as empty.
    """

    def __init__(self, subject: str, path: Path | None = None) -> None:
        self._path = path or engine_folder() / "measurements.json"
        cpu = torch.backends.cpu.get_cpu_capability()
        machine = f"{platform.node()} {_processor()} {cpu} {torch.get_num_threads()} threads"
        self._key = f"{machine} torch {torch.__version__} {subject}"

    def of(self, stage: NetworkStage) -> StageTimes | None:
        """Return what was measured of a stage; None if nothing was."""
        times = self._read().get(self._key, {}).get(stage.value)
        try:
            return None if times is None else StageTimes(float(times[0]), float(times[1]))
        except (TypeError, ValueError, LookupError):
            return None

    def remember(self, stage: NetworkStage, times: StageTimes) -> None:
        """Store the times of a stage; a folder that cannot be written is no reason to stop."""
        known = {key: dict(stages) for key, stages in self._read().items()}
        known.setdefault(self._key, {})[stage.value] = [times.torch_s, times.engine_s]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._path) as draft:
                draft.write_text(json.dumps(known, indent=1), "utf-8")
        except OSError:
            return

    def _read(self) -> Mapping[str, Mapping[str, list[float]]]:
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
