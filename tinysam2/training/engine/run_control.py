"""What every training loop needs: its length, interruption and a state on disk."""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

STATE_FILE = "state.pt"

StopRequest = Callable[[], bool]
"""Asked after each step; a run that is told to stop saves its state and ends."""


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


def share_done(minutes: float, steps: int | None, step: int, seconds: float) -> float:
    """Return how much of a run lies behind, from 0 on; 1 is its end."""
    return seconds / (60 * minutes) if steps is None else step / steps


def ignore_interrupts(_worker: int) -> None:
    """Leave Ctrl+C to the process that trains; for ``DataLoader(worker_init_fn=...)``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def save_state(state: Mapping[str, Any], path: Path) -> None:
    """Write atomically what `torch.load` with ``weights_only`` reads."""
    temporary = path.with_name(path.name + ".part")
    torch.save(dict(state), temporary)
    os.replace(temporary, path)
