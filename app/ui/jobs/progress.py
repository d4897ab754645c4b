"""Progress of a job: counts, rate, remaining time and their text; Qt-free."""

import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.errors import AppError

RATE_STEPS = 20
"""Number of last steps that the rate is averaged over, so that it follows changes of speed."""


class Outcome(StrEnum):
    """How a job ended."""

    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


def duration_text(seconds: float) -> str:
    """Format a duration: ``4 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    if whole < 60:
        return f"{whole} s"
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


@dataclass(slots=True)
class JobProgress:
    """The progress of one listed job.

    Attributes:
        job_id: id in the queue.
        label: what it does.
        done: frames or other units finished, of ``total`` (0 while unknown).
        outcome: how the job ended; None while it waits or runs.
        error: why the job failed.
        unit: what ``done`` and ``total`` count.
        notes: what to show the user once the job is done.
        ahead: number of listed jobs that run before it; 0 once it runs.
        behind: number of listed jobs that run after it.
        keeps_finished: whether what it has finished stays when it is stopped.
    """

    job_id: int
    label: str
    done: int = 0
    total: int = 0
    outcome: Outcome | None = None
    error: AppError | None = None
    notes: tuple[str, ...] = ()
    unit: str = "frames"
    ahead: int = 0
    behind: int = 0
    keeps_finished: bool = False
    _times: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=RATE_STEPS))

    def advance(self, done: int, total: int) -> None:
        """Record a step that finished now."""
        self.done, self.total = done, total
        self._times.append((time.monotonic(), done))

    @property
    def frames_per_second(self) -> float | None:
        """Rate over the last `RATE_STEPS` steps in units per second; None before two steps."""
        if len(self._times) < 2:
            return None
        (start_s, first), (end_s, last) = self._times[0], self._times[-1]
        return (last - first) / (end_s - start_s) if end_s > start_s else None

    @property
    def seconds_left(self) -> float | None:
        """Estimated remaining seconds at the current rate; None while the rate is unknown."""
        rate = self.frames_per_second
        return (self.total - self.done) / rate if rate else None

    @property
    def stop_tip(self) -> str:
        """What stopping the job does."""
        return f"Stop{self._kept}"

    @property
    def _kept(self) -> str:
        return f"; finished {self.unit} are kept" if self.keeps_finished else ""

    def text(self) -> str:
        """Return the progress, or the outcome once the job has ended, as text."""
        count = f"{self.done} / {self.total} {self.unit}" if self.total else ""
        if self.outcome is Outcome.FAILED:
            return str(self.error)
        if self.outcome is Outcome.CANCELLED:
            return f"stopped at {count}{self._kept}" if count else "stopped"
        if self.outcome is Outcome.DONE:
            return ". ".join(self.notes) or (f"done, {count}" if count else "done")
        if self.ahead:
            return f"waiting for {self.ahead} {'job' if self.ahead == 1 else 'jobs'}"
        parts = [count or "starting"]
        if (rate := self.frames_per_second) and (left := self.seconds_left) is not None:
            speed = f"{rate:.1f}" if rate >= 0.1 else f"{rate:.2f}"
            parts += [f"{speed} {self.unit}/s", f"{duration_text(left)} left"]
        return ", ".join(parts)
