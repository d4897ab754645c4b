"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections import deque

from app.session import Session

BAR_WIDTH = 30
TERMINAL_PAUSE_S = 0.1
LINE_PAUSE_S = 5.0
RECENT_S = 20.0
"""Seconds whose rate the remaining time is estimated by: the first steps load and prepare much."""


def report_opening(session: Session) -> None:
    """Print on stderr why a project is read-only, or what opening it has changed."""
    for sentence in (session.read_only, session.notice):
        if sentence:
            print(sentence, file=sys.stderr)


class Progress:
    """Shows progress on stderr, so that stdout has results only.

    Args:
        label: the work.
        unit: what is counted.
    """

    def __init__(self, label: str, unit: str = "frames") -> None:
        self._label = label
        self._unit = unit
        self._started = time.monotonic()
        self._shown = self._started if not sys.stderr.isatty() else 0.0
        self._recent = deque([(self._started, 0)])

    @property
    def elapsed_s(self) -> float:
        """Seconds since construction."""
        return time.monotonic() - self._started

    def update(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are finished, unless progress was shown very recently."""
        now = time.monotonic()
        is_terminal = sys.stderr.isatty()
        pause = TERMINAL_PAUSE_S if is_terminal else LINE_PAUSE_S
        if now - self._shown < pause and done < total:
            return
        self._shown = now
        self._recent.append((now, done))
        while len(self._recent) > 2 and self._recent[1][0] <= now - RECENT_S:
            self._recent.popleft()
        text = f"{self._label}: {done}/{total} {self._unit}{self._speed(done, total)}"
        if is_terminal:
            filled = BAR_WIDTH * done // max(total, 1)
            bar = "█" * filled + "░" * (BAR_WIDTH - filled)
            end = "\n" if done >= total else ""
            print(f"\r\x1b[K{bar} {text}", end=end, file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def _speed(self, done: int, total: int) -> str:
        """Describe the recent rate and the remaining time, in the end the rate of all."""
        (first_s, first), (last_s, _) = self._recent[0], self._recent[-1]
        if done >= total:
            first_s, first = self._started, 0
        if done <= first or last_s - first_s < 1e-3:
            return ""
        rate = (done - first) / (last_s - first_s)
        left = round((total - done) / rate)
        speed = f"{rate:.1f}" if rate >= 0.1 else f"{rate:.2f}"
        return f", {speed}/s" + (f", {left // 60}:{left % 60:02} left" if left else "")
