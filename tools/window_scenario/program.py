"""The program under test, in a home folder of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tools.window_scenario.checks import check, wait_until
from tools.window_scenario.project import Project, read_project
from tools.window_scenario.screen import Screen

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 180.0
WINDOW = "TinySAM 2 annotator$"


class Program:
    """Starts the program on a screen and kills it.

    Args:
        screen: where its window opens.
        home: folder of its settings, projects and log.
        video: what it opens.
    """

    def __init__(self, screen: Screen, home: Path, video: Path) -> None:
        self._screen = screen
        self._home = home
        self._video = video
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the program printed."""
        return self._home / "output.log"

    def start(self, size: tuple[int, int]) -> None:
        """Start it and make its window fill a screen of this width and height."""
        self._home.mkdir(parents=True, exist_ok=True)
        home = str(self._home)
        environment = {
            **self._screen.environment,
            **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"), home),
            "TINYSAM2_HOME": home,
            "QT_QPA_PLATFORM": "xcb",
            "LANGUAGE": "en",  # the scenario knows English texts
        }
        with self.log.open("ab") as log:
            self._process = process = subprocess.Popen(
                [sys.executable, str(ROOT / "main.py"), str(self._video)],
                env=environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        wait_until(
            lambda: self._screen.windows(WINDOW) or process.poll() is not None,
            "the window",
            START_TIMEOUT_S,
        )
        check(process.poll() is None, f"the program runs; it ended with {process.poll()}")
        window = self._screen.focus(WINDOW, START_TIMEOUT_S)
        self._screen.xdotool("windowmove", window, 0, 0)
        self._screen.xdotool("windowsize", window, *size)
        wait_until(self._projects, "a project file", START_TIMEOUT_S)

    def kill(self) -> None:
        """End it as a crash would, without any chance to save."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def project(self) -> Project:
        """Read its only project."""
        return read_project(self._projects()[0])

    def _projects(self) -> list[Path]:
        return list((self._home / "projects").glob("*.tsam"))
