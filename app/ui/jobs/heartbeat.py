"""Measures how long the event loop of the GUI thread is blocked."""

import json
import time
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer

BEAT_MS = 5
STALL_MS = 50.0
"""A gap that a user begins to notice while dragging or scrubbing."""


class Heartbeat(QObject):
    """A timer on the GUI thread that records how late it fires.

    Lives on the thread whose event loop it measures.

    Attributes:
        longest_ms: the longest time by which a beat was late.
        longest_busy_ms: the most processor time that the thread used between two beats; below
            ``longest_ms`` when it waited for the interpreter's lock or for other programs.
        stalls: seconds since `start`, milliseconds late and milliseconds busy of each beat that
            was more than `STALL_MS` late.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.longest_ms = self.longest_busy_ms = 0.0
        self.stalls: list[tuple[float, float, float]] = []
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_beat)
        self._start_s = self._last_s = self._last_busy_s = 0.0

    def start(self) -> None:
        """Forget earlier beats, and measure from now on."""
        self.longest_ms, self.longest_busy_ms, self.stalls = 0.0, 0.0, []
        self._start_s = self._last_s = time.perf_counter()
        self._last_busy_s = time.thread_time()
        self._timer.start()

    def stop(self) -> None:
        """Stop measuring; the results stay."""
        self._timer.stop()

    def write(self, path: Path) -> None:
        """Write the results as JSON."""
        names = ("longest_ms", "longest_busy_ms", "stalls")
        path.write_text(json.dumps({name: getattr(self, name) for name in names}), "utf-8")

    def _on_beat(self) -> None:
        now_s, busy_s = time.perf_counter(), time.thread_time()
        late_ms = (now_s - self._last_s) * 1000 - BEAT_MS
        busy_ms = (busy_s - self._last_busy_s) * 1000
        self._last_s, self._last_busy_s = now_s, busy_s
        self.longest_ms = max(self.longest_ms, late_ms)
        self.longest_busy_ms = max(self.longest_busy_ms, busy_ms)
        if late_ms > STALL_MS:
            self.stalls.append((now_s - self._start_s, late_ms, busy_ms))
