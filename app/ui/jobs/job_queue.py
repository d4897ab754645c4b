"""Who gets the steps of a job, and which jobs the user sees."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QElapsedTimer, QObject, Signal

from app.core.errors import AppError
from app.ui.jobs.job_runner import Job, JobRunner, Outcome, Priority
from app.ui.jobs.progress import JobProgress

PROGRESS_INTERVAL_MS = 100
"""Progress is shown this often at most: a progress bar paints itself at once, which takes ms."""

_log = logging.getLogger(__name__)


@runtime_checkable
class CountedStep(Protocol):
    """A step that says how far its job is."""

    @property
    def done(self) -> int:
        """Frames finished."""
        ...

    @property
    def total(self) -> int:
        """Frames to do."""
        ...


@dataclass(frozen=True, slots=True)
class _Callbacks:
    on_step: Callable[[Any], None]
    on_end: Callable[[Outcome], None]
    is_quiet: bool


class JobQueue(QObject):
    """Hands each step to the one who ordered the job, and keeps the progress of listed jobs.

    Signals:
        progress_changed: the `JobProgress` of a listed job that began, went on or ended.
        failed: the `AppError` of a job that was not quiet.
    """

    progress_changed = Signal(object)
    failed = Signal(object)

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runner = runner
        self._callbacks: dict[int, _Callbacks] = {}
        self._listed: dict[int, JobProgress] = {}
        self._last_progress = QElapsedTimer()
        self._last_progress.start()
        runner.stepped.connect(self._on_stepped)
        runner.ended.connect(self._on_ended)

    def submit(
        self,
        job: Job,
        label: str,
        on_step: Callable[[Any], None],
        *,
        priority: Priority = Priority.NORMAL,
        on_end: Callable[[Outcome], None] = lambda outcome: None,
        unit: str = "frames",
    ) -> int:
        """Run a job; those of normal priority are listed, those of idle priority fail quietly.

        Args:
            job: see `JobRunner.submit`.
            label: what it does, for the user.
            on_step: called with each step.
            priority: how urgent it is.
            on_end: called once, after the last step.
            unit: what its steps count.

        Returns:
            The job's id.
        """
        job_id = self.runner.submit(job, priority=priority, label=label)
        self._callbacks[job_id] = _Callbacks(on_step, on_end, priority is Priority.IDLE)
        if priority is Priority.NORMAL:
            self._listed[job_id] = JobProgress(job_id, label, unit=unit)
            self.progress_changed.emit(self._listed[job_id])
        return job_id

    @property
    def running(self) -> list[JobProgress]:
        """Listed jobs that have not ended, oldest first."""
        return list(self._listed.values())

    def cancel_listed(self) -> bool:
        """Stop the jobs that the user sees; say whether there were any."""
        for job_id in list(self._listed):
            self.runner.cancel(job_id)
        return bool(self._listed)

    def annotate(self, job_id: int, *notes: str) -> None:
        """Add what the user should know once the job is done."""
        self._listed[job_id].notes += notes

    def _on_stepped(self, job_id: int, step: object) -> None:
        order = self._callbacks.get(job_id)
        if order is None:
            return
        order.on_step(step)
        progress = self._listed.get(job_id)
        if progress and isinstance(step, CountedStep):
            progress.advance(step.done, step.total)
            if self._last_progress.hasExpired(PROGRESS_INTERVAL_MS):
                self._last_progress.start()
                self.progress_changed.emit(progress)

    def _on_ended(self, job_id: int, outcome: str, error: AppError | None) -> None:
        order = self._callbacks.pop(job_id, None)
        progress = self._listed.pop(job_id, None)
        if progress:
            progress.outcome, progress.error = Outcome(outcome), error
            self.progress_changed.emit(progress)
        if order:
            order.on_end(Outcome(outcome))
            if error is not None:
                _log.warning("%s", error)
                if not order.is_quiet:
                    self.failed.emit(error)
