"""Progress of a job: counts, rate, remaining time and their text."""

import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.errors import AppError
from app.ui.translation import PLURAL, QT_TRANSLATE_NOOP, translate
from app.ui.translation.sentences import error_text

RATE_STEPS = 20
"""Number of last steps that the rate is averaged over, so that it follows changes of speed."""
UNITS = (
    QT_TRANSLATE_NOOP("JobProgress", "frames"),
    QT_TRANSLATE_NOOP("JobProgress", "points"),
    QT_TRANSLATE_NOOP("JobProgress", "MB"),
)
"""What jobs count."""


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
        return translate("JobProgress", "{seconds} s").format(seconds=whole)
    if minutes < 60:
        if not rest:
            return translate("JobProgress", "{minutes} min").format(minutes=minutes)
        text = translate("JobProgress", "{minutes} min {seconds} s")
        return text.format(minutes=minutes, seconds=rest)
    text = translate("JobProgress", "{hours} h {minutes} min")
    return text.format(hours=minutes // 60, minutes=minutes % 60)


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
        return translate("JobProgress", "Stop") + self._kept

    @property
    def _unit(self) -> str:
        return translate("JobProgress", self.unit)

    @property
    def _kept(self) -> str:
        if not self.keeps_finished:
            return ""
        return translate("JobProgress", "; finished {unit} are kept").format(unit=self._unit)

    def text(self) -> str:
        """Return the progress, or the outcome once the job has ended, as text."""
        if self.outcome is not None:
            return self._outcome_text()
        if ahead := self.ahead:
            return translate("JobProgress", "waiting for %Ln job(s)", "", PLURAL, ahead)
        parts = [self._count or translate("JobProgress", "starting")]
        if (rate := self.frames_per_second) and (left := self.seconds_left) is not None:
            text = translate("JobProgress", "{speed} {unit}/s")
            speed = f"{rate:.1f}" if rate >= 0.1 else f"{rate:.2f}"
            parts.append(text.format(speed=speed, unit=self._unit))
            text = translate("JobProgress", "{duration} left")
            parts.append(text.format(duration=duration_text(left)))
        return translate("JobProgress", ", ").join(parts)

    @property
    def _count(self) -> str:
        if not self.total:
            return ""
        text = translate("JobProgress", "{done} / {total} {unit}")
        return text.format(done=self.done, total=self.total, unit=self._unit)

    def _outcome_text(self) -> str:
        if self.outcome is Outcome.FAILED:
            return "" if self.error is None else error_text(self.error)
        if self.outcome is Outcome.CANCELLED:
            if not self._count:
                return translate("JobProgress", "stopped")
            text = translate("JobProgress", "stopped at {count}")
            return text.format(count=self._count) + self._kept
        if self.notes:
            return ". ".join(self.notes)
        if not self._count:
            return translate("JobProgress", "done")
        return translate("JobProgress", "done, {count}").format(count=self._count)
