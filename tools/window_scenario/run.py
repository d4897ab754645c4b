"""What the steps of a scenario share: the program on its screen, and ways to look at it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from tools.window_scenario.checks import ScenarioError, check, wait_until
from tools.window_scenario.frame_locator import Placement, displayed_frame, locate, read_frames
from tools.window_scenario.program import WINDOW, Program
from tools.window_scenario.project import Project
from tools.window_scenario.scenario import FramePoint, Scenario
from tools.window_scenario.screen import LEFT, Pixels, Point, Screen
from tools.window_scenario.screen_text import find_text

TIMEOUT_S = 150.0
"""Seconds to wait for a prediction or a few tracked frames on a slow, busy machine."""

SHORT_S = 60.0
SETTLED_S = 4.0  # without a change, after which nothing more is expected
ENABLED_GRAY = 170  # gray value of the brightest pixel of an enabled button's text, dark theme

Found = TypeVar("Found")


@dataclass
class ScenarioRun:
    """A program on a screen, and what is known of both.

    Attributes:
        video: the video that is open.
        size: width and height of the screen.
        exports: folder for exports.
        frames: decoded frames by index, to recognize them on the screen.
        placement: where the canvas shows the frame.
        before_undo: the project before everything was undone.
        before_kill: the project when the program was killed.
    """

    screen: Screen
    program: Program
    scenario: Scenario
    video: Path
    size: tuple[int, int]
    exports: Path
    frames: dict[int, Pixels] = field(default_factory=dict)
    placement: Placement = field(default_factory=lambda: Placement(0, 0, 1))
    before_undo: Project | None = None
    before_kill: Project | None = None

    def start(self) -> None:
        """Start the program, and wait until a frame of the video is on the screen."""
        plan = self.scenario
        self.frames = read_frames(self.video, {0, plan.first, plan.middle, plan.last})
        self.program.start(self.size)
        self.placement = wait_until(self._place, "a frame on the canvas", TIMEOUT_S)

    def _place(self) -> Placement | None:
        for frame in self.frames.values():
            try:
                return locate(self.screen.pixels(), frame)
            except ScenarioError:
                continue
        return None

    @property
    def project(self) -> Project:
        """What is on disk now."""
        return self.program.project()

    def expect(
        self, look: Callable[[Project], Found | None], what: str, timeout_s: float = TIMEOUT_S
    ) -> Found:
        """Wait until something is true of the project on disk, and return it."""
        return wait_until(lambda: look(self.project), what, timeout_s)

    def settled(self) -> Project:
        """Wait until no job runs and the project has not changed for a while, and return it."""
        wait_until(lambda: not self.is_busy, "the end of all jobs", TIMEOUT_S)
        project = self.project
        end_s = time.monotonic() + TIMEOUT_S
        while True:
            time.sleep(SETTLED_S)
            now = self.project
            if now.rows == project.rows and not self.is_busy:
                return now
            check(time.monotonic() < end_s, "the project comes to rest")
            project = now

    @property
    def is_busy(self) -> bool:
        """Whether the button *Stop* is enabled."""
        pixels = self.screen.pixels()
        [(x, y), *_] = find_text(pixels, "Stop") or [(0, 0)]
        check(x, "a button Stop")
        return bool(cv2.cvtColor(pixels[y - 6 : y + 6, x - 12 : x + 12], 6).max() > ENABLED_GRAY)

    def press(self, *keys: str) -> None:
        """Press keys in the main window."""
        self.screen.focus(WINDOW)
        self.screen.keys(*keys)

    def click(self, at: FramePoint, button: int = LEFT) -> None:
        """Click a point of the frame."""
        self.screen.focus(WINDOW)
        self.screen.click(self.placement.on_screen(*at), button)

    def click_text(self, text: str, timeout_s: float = SHORT_S) -> None:
        """Click a text, the lowest one if there are several."""
        self.screen.click(self.find(text, timeout_s)[-1])

    def find(self, text: str, timeout_s: float = SHORT_S) -> list[Point]:
        """Wait until a text is on the screen, and return where."""
        look = self.screen.pixels
        return wait_until(lambda: find_text(look(), text), f"the text {text!r}", timeout_s)

    def sees(self, text: str) -> bool:
        """Return whether a text is on the screen."""
        return bool(find_text(self.screen.pixels(), text))

    def go_to(self, frame: int) -> None:
        """Enter a frame number, and wait until that frame is displayed."""
        self.press("ctrl+j")
        self.screen.keys("ctrl+a")
        self.screen.type(str(frame))
        self.screen.keys("Return")
        self.expect(lambda p: p.view.get("frame") == frame, f"frame {frame} displayed", SHORT_S)
        if frame in self.frames:
            wait_until(lambda: self.shown == frame, f"the image of frame {frame}", SHORT_S)

    @property
    def shown(self) -> int:
        """Which of the known frames the canvas shows, by its pixels."""
        return displayed_frame(self.screen.pixels(), self.placement, self.frames)

    @property
    def canvas(self) -> Pixels:
        """The pixels of the canvas that show the frame."""
        size_hw = next(iter(self.frames.values())).shape[:2]
        return self.placement.crop(self.screen.pixels(), (size_hw[0], size_hw[1]))

    @property
    def playhead(self) -> Point:
        """The upper end of the playhead, a long upright red line."""
        blue, green, red = (self.screen.pixels()[..., i].astype(int) for i in range(3))
        is_red = (red > 220) & (green < 130) & (blue < 130)
        counts = is_red.sum(0)
        x = int(counts.argmax())
        check(counts[x] > 100, "a playhead")
        return x, int(np.flatnonzero(is_red[:, x])[0])
