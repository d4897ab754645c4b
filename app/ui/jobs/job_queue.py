"""Routes the steps of a job to its callbacks and keeps the progress of the listed jobs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QElapsedTimer, QObject, Signal

from app.core.errors import AppError
from app.ui.jobs.job_runner import Job, JobRunner, Outcome, Priority
from app.ui.jobs.progress import JobProgress

PROGRESS_INTERVAL_MS = 100
"""Least milliseconds between two progress signals; repainting a progress bar takes a few ms."""

_log = logging.getLogger(__name__)


@runtime_checkable
class CountedStep(Protocol):
    """A step that reports the progress of its job."""

    @property
    def done(self) -> int:
        """Units finished so far, frames for most jobs."""
        ...

    @property
    def total(self) -> int:
        """Units in all."""
        ...


@dataclass(frozen=True, slots=True)
class _Callbacks:
    on_step: Callable[[Any], object]
    on_end: Callable[[Outcome], None]
    is_quiet: bool


class JobQueue(QObject):
    """Submits jobs to a runner, calls back with each step and tracks the listed jobs.

    Signals:
        progress_changed: the `JobProgress` of a listed job that was submitted, advanced or ended.
        failed: the `AppError` of a failed job, unless it had idle priority.
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
        on_step: Callable[[Any], object],
        *,
        priority: Priority = Priority.NORMAL,
        on_end: Callable[[Outcome], None] = lambda outcome: None,
        unit: str = "frames",
    ) -> int:
        """Queue a job; normal priority lists it, idle priority only logs its failure.

        Args:
            job: see `JobRunner.submit`.
            label: what it does; shown to the user.
            on_step: called with each step; the job is cancelled when it returns False.
            priority: scheduling priority.
            on_end: called once, after the last step.
            unit: what ``done`` and ``total`` of its steps count.

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
        """Progress of the listed jobs that have not ended, oldest first."""
        return list(self._listed.values())

    def cancel_listed(self) -> bool:
        """Cancel the listed jobs and return whether there were any."""
        for job_id in list(self._listed):
            self.runner.cancel(job_id)
        return bool(self._listed)

    def annotate(self, job_id: int, *notes: str) -> None:
        """Add notes that are shown once the listed job is done."""
        self._listed[job_id].notes += notes

    def _on_stepped(self, job_id: int, step: object) -> None:
        callbacks = self._callbacks.get(job_id)
        if callbacks is None:
            return
        if callbacks.on_step(step) is False:
            self.runner.cancel(job_id)
        progress = self._listed.get(job_id)
        if progress and isinstance(step, CountedStep):
            progress.advance(step.done, step.total)
            if self._last_progress.hasExpired(PROGRESS_INTERVAL_MS):
                self._last_progress.start()
                self.progress_changed.emit(progress)

    def _on_ended(self, job_id: int, outcome: str, error: AppError | None) -> None:
        callbacks = self._callbacks.pop(job_id, None)
        progress = self._listed.pop(job_id, None)
        if progress:
            progress.outcome, progress.error = Outcome(outcome), error
            self.progress_changed.emit(progress)
        if callbacks:
            callbacks.on_end(Outcome(outcome))
            if error is not None:
                _log.warning("%s", error)
                if not callbacks.is_quiet:
                    self.failed.emit(error)
