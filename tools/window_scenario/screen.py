"""An X server without a monitor, its pixels, and the mouse and keys of `xdotool`."""

import mmap
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.window_scenario.checks import wait_until

Pixels = NDArray[np.uint8]
Point = tuple[int, int]

DRAG_STEPS = 12
KEY_DELAY_MS = 40
LEFT, RIGHT = 1, 3
# Words of the header of an X window dump (X11/XWDFile.h) that say where its pixels are.
_HEADER_SIZE, _WIDTH, _HEIGHT, _BYTES_PER_LINE, _NUM_COLORS = 0, 4, 5, 12, 19
_HEADER_WORDS, _COLOR_BYTES = 25, 12


class Screen:
    """A running Xvfb.

    There is no window manager, so `focus` gives a window the keyboard as one would.

    Args:
        display: its name, such as ``:7``.
        dump: the X window dump that the server keeps its pixels in.
    """

    def __init__(self, display: str, dump: Path) -> None:
        self.display = display
        self._dump = dump

    def pixels(self) -> Pixels:
        """Return a copy of the screen, (H, W, 3) uint8 in the order blue, green, red."""
        with self._dump.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as raw:
            header = np.frombuffer(raw[: 4 * _HEADER_WORDS], ">u4").astype(int)
            height, stride = header[_HEIGHT], header[_BYTES_PER_LINE]
            start = header[_HEADER_SIZE] + header[_NUM_COLORS] * _COLOR_BYTES
            rows = np.frombuffer(raw[start : start + height * stride], np.uint8)
        return rows.reshape(height, stride // 4, 4)[:, : header[_WIDTH], :3].copy()

    def xdotool(self, *arguments: object) -> str:
        """Run `xdotool` and return its output, stripped."""
        command = ["xdotool", *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that opens windows here."""
        return {**os.environ, "DISPLAY": self.display}

    def windows(self, title: str) -> list[str]:
        """Return the visible windows whose title matches a regular expression, oldest first."""
        try:
            return self.xdotool("search", "--onlyvisible", "--name", title).split()
        except subprocess.CalledProcessError:  # there is none
            return []

    def focus(self, title: str, timeout_s: float = 60.0) -> str:
        """Wait for a window, give it the keyboard, and return it."""
        window = wait_until(lambda: self.windows(title), f"a window {title!r}", timeout_s)[-1]
        self.xdotool("windowfocus", "--sync", window)
        return window

    def keys(self, *keys: str) -> None:
        """Press combinations such as ``ctrl+z``, one after the other."""
        self.xdotool("key", "--delay", KEY_DELAY_MS, *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self.xdotool("type", "--delay", KEY_DELAY_MS, text)

    def move(self, at: Point) -> None:
        """Move the pointer."""
        self.xdotool("mousemove", *at)

    def click(self, at: Point, button: int = LEFT, times: int = 1) -> None:
        """Click a pixel."""
        self.move(at)
        self.xdotool("click", "--repeat", times, "--delay", KEY_DELAY_MS, button)

    @contextmanager
    def pressed(self, at: Point) -> Iterator[Callable[[Point], None]]:
        """Hold the left button down from a pixel on; yields a function that drags to another."""
        here = at

        def drag(to: Point) -> None:
            nonlocal here
            for step in range(1, DRAG_STEPS + 1):
                part = step / DRAG_STEPS
                x, y = (round(a + (b - a) * part) for a, b in zip(here, to, strict=True))
                self.move((x, y))
            here = to

        self.move(at)
        self.xdotool("mousedown", LEFT)
        try:
            yield drag
        finally:
            self.xdotool("mouseup", LEFT)


@contextmanager
def open_screen(size: tuple[int, int]) -> Iterator[Screen]:
    """Start an X server of a width and a height in pixels, and stop it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        read_end, write_end = os.pipe()
        geometry = f"{size[0]}x{size[1]}x24"
        server = subprocess.Popen(
            [
                *("Xvfb", "-displayfd", str(write_end), "-screen", "0", geometry),
                *("-nolisten", "tcp", "-fbdir", folder),
            ],
            pass_fds=[write_end],
            stderr=subprocess.DEVNULL,
        )
        os.close(write_end)
        try:
            with os.fdopen(read_end) as announced:
                number = announced.readline().strip()
            yield Screen(f":{number}", Path(folder) / "Xvfb_screen0")
            time.sleep(0.1)  # windows of programs that have just ended
        finally:
            server.terminate()
            server.wait()
