"""Measures how long the program takes from its start to a window that is painted."""

import os
import subprocess
import time
from pathlib import Path

from app.core.errors import AppError
from app.core.own_command import this_program

ROOT = Path(__file__).parents[3]
SHOWN = "shown"
ARGUMENTS = ("bench", "--show-window-once")


def start_up_ms() -> float:
    """Start the program with the window, and return the milliseconds until it was painted.

    Raises:
        AppError: the window did not appear.
    """
    searched = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    start_s = time.perf_counter()
    with subprocess.Popen(
        [*this_program(), *ARGUMENTS],
        env=os.environ | {"PYTHONPATH": searched},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as program:
        assert program.stdout is not None
        line = program.stdout.readline().strip()
        end_s = time.perf_counter()
    if line != SHOWN:
        raise AppError("The window did not appear.", "Does `tinysam2` start on this machine?")
    return (end_s - start_s) * 1000


def show_once() -> None:
    """Show the window once, say so on stdout, and close it."""
    from app.ui.application import make_application, make_window

    application = make_application()
    window = make_window(application, None)
    window.show()
    window.repaint()
    print(SHOWN, flush=True)
    window.close()
