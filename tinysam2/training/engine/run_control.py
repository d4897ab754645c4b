"""What every training run needs: its length, interruption, a line of progress, a state on disk."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from tinysam2.atomic_write import atomic_write

STATE_FILE = "state.pt"
_OLD_KEYS = {"optimiser": "optimizer"}
"""Names in the states of earlier versions, which are still resumed."""

StopRequest = Callable[[], bool]
"""Called after each step; a run that should stop saves its state and ends."""


def never() -> bool:
    """Let a run come to its end."""
    return False


def check_length(minutes: float, steps: int | None) -> None:
    """Refuse a run that would end before it begins.

    Raises:
        ValueError: the length is not positive.
    """
    if minutes <= 0 or (steps is not None and steps <= 0):
        raise ValueError(f"minutes and steps must be greater than 0, got {minutes} and {steps}")


def fraction_done(minutes: float, steps: int | None, step: int, seconds: float) -> float:
    """Return how much of a run lies behind, from 0 on; 1 is its end."""
    return seconds / (60 * minutes) if steps is None else step / steps


def progress_line(minutes: float, steps: int | None, report: Mapping[str, float]) -> str:
    """Write a report of a run of a length as one line of text."""
    seconds = int(report["seconds"])
    fraction = fraction_done(minutes, steps, int(report["step"]), seconds)
    time = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    rest = ", ".join(f"{name} {value}" for name, value in report.items() if name != "seconds")
    return f"training: {min(fraction, 1):4.0%}, {time}, {rest}"


@contextmanager
def stop_on_interrupt(is_repeated: bool) -> Iterator[threading.Event]:
    """Turn the first Ctrl+C into a stop request; a second one ends the program at once.

    Args:
        is_repeated: a second one says no more than the first, and SIGTERM as much: ``torchrun``
            forwards the signal to its processes again, and ends them if they take long.
    """
    stop = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM) if is_repeated else (signal.SIGINT,)
    before = {number: signal.getsignal(number) for number in signals}

    def run(number: int, _frame: FrameType | None) -> None:
        stop.set()
        if not is_repeated:
            signal.signal(number, before[signal.Signals(number)])

    for number in signals:
        signal.signal(number, run)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_interrupts(_worker: int) -> None:
    """Leave Ctrl+C to the process that trains; for ``DataLoader(worker_init_fn=...)``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def save_state(state: Mapping[str, Any], path: Path) -> None:
    """Write a state atomically; `load_state` reads it."""
    with atomic_write(path) as partial:
        torch.save(dict(state), partial)


def load_state(path: Path) -> dict[str, Any]:
    """Read a state onto the CPU; names of earlier versions become those of today."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    renamed = {_OLD_KEYS.get(name, name): value for name, value in state.items()}
    if isinstance(teacher := renamed.get("teacher"), dict):
        renamed["teacher"] = {_OLD_KEYS.get(name, name): value for name, value in teacher.items()}
    return renamed
