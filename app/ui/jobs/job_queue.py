"""The queue of background jobs and the thread that runs them."""

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QElapsedTimer, QObject, QThread, Signal, Slot
from shiboken6 import isValid

from app.core.cancel import Cancelled, CancelToken, Job
from app.core.errors import AppError
from app.ui.jobs.interpreter import yield_to_gui
from app.ui.jobs.progress import JobProgress, Outcome

CREDITS = 4
"""Most steps in flight to the GUI thread; a job waits when the window is slower than it."""

CREDIT_WAIT_S = 0.05
"""Seconds between two cancellation checks of a job that waits for a credit."""

PROGRESS_INTERVAL_MS = 100
"""Least milliseconds between two progress signals; repainting a progress bar takes a few ms."""

_log = logging.getLogger(__name__)


class Priority(IntEnum):
    """Scheduling priority; a more urgent job also runs between two steps of a running one."""

    INTERACTIVE = 0
    PREVIEW = 1  # more urgent than all but clicks; only the newest is kept
    NORMAL = 2  # listed; these run one after another, in an order that the user can change
    IDLE = 3  # only when nothing else waits; only the newest is kept


NEWEST_ONLY = frozenset({Priority.PREVIEW, Priority.IDLE})


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
class Deferred:
    """A job that is made from the document as it is when the job starts.

    Attributes:
        make: called on the GUI thread when the job's turn comes; may raise an `AppError`.
    """

    make: Callable[[], Job]


@dataclass(slots=True, eq=False)
class _Task:
    """A submitted job.

    Attributes:
        prepare: makes the job, on the GUI thread, when its turn comes.
        job: what it made.
        progress: None for a job that is not listed.
    """

    job_id: int
    label: str
    priority: Priority
    prepare: Callable[[], Job]
    on_step: Callable[[Any], object]
    on_end: Callable[[Outcome], None]
    owner: QObject | None
    progress: JobProgress | None = None
    job: Job | None = None
    token: CancelToken = field(default_factory=CancelToken)

    @property
    def has_owner(self) -> bool:
        return self.owner is None or isValid(self.owner)


class _Worker(QObject):
    """Runs tasks on its thread; its signals are delivered to the queue's thread.

    Signals:
        stepped: job id, step; one credit was taken.
        ended: job id, `Outcome` value, the `AppError` of a failed job or None.
    """

    stepped = Signal(int, object)
    ended = Signal(int, str, object)

    def __init__(self) -> None:
        super().__init__()
        self.credits = threading.Semaphore(CREDITS)
        self._lock = threading.Lock()
        self._waiting: list[_Task] = []

    def put(self, task: _Task) -> None:
        """Add a task; called from the queue's thread."""
        with self._lock:
            self._waiting.append(task)

    def withdraw(self, task: _Task) -> bool:
        """Remove a task that has not started; called from the queue's thread."""
        with self._lock:
            if task not in self._waiting:
                return False
            self._waiting.remove(task)
            return True

    @Slot()
    def begin(self) -> None:
        """Prepare the thread."""
        yield_to_gui()

    @Slot()
    def work(self) -> None:
        """Run the waiting tasks, most urgent first, until none is left."""
        while task := self._next(len(Priority)):
            self._run(task)

    def _next(self, below: int) -> _Task | None:
        """Pop the most urgent, then oldest, waiting task if it is more urgent than ``below``."""
        with self._lock:
            task = min(self._waiting, key=lambda t: (t.priority, t.job_id), default=None)
            if task is None or task.priority >= below:
                return None
            self._waiting.remove(task)
            return task

    def _run(self, task: _Task) -> None:
        outcome, error = Outcome.DONE, None
        try:
            self._step_through(task)
        except Cancelled:
            outcome = Outcome.CANCELLED
        except AppError as failure:
            outcome, error = Outcome.FAILED, failure
        except Exception as failure:  # noqa: BLE001 - a worker always ends with an outcome
            _log.exception("job %r failed", task.label)
            outcome = Outcome.FAILED
            sentence = self.tr("{job} failed: {kind}: {error}.")
            error = AppError(
                sentence.format(job=task.label, kind=type(failure).__name__, error=failure),
                self.tr("Your work is saved. Details are in the log (Help > Open log)."),
            )
        self.ended.emit(task.job_id, outcome.value, error)

    def _step_through(self, task: _Task) -> None:
        task.token.raise_if_cancelled()
        assert task.job is not None
        steps = task.job(task.token)
        try:
            for step in steps:
                task.token.raise_if_cancelled()
                self._take_credit(task.token)
                self.stepped.emit(task.job_id, step)
                while urgent := self._next(task.priority):
                    self._run(urgent)
            task.token.raise_if_cancelled()
        finally:
            if close := getattr(steps, "close", None):
                close()

    def _take_credit(self, token: CancelToken) -> None:
        while not self.credits.acquire(timeout=CREDIT_WAIT_S):
            token.raise_if_cancelled()


class JobQueue(QObject):
    """Runs jobs one at a time on one long-lived thread and calls back with each step.

    Lives on the GUI thread, where all callbacks are called.  A canceled job delivers no further
    step.  Every submitted job ends exactly once, unless the queue is shut down first.

    Signals:
        progress_changed: the `JobProgress` of a listed job that was submitted, moved, started,
            advanced or ended.
        failed: the `AppError` of a failed job, unless it had idle priority.
    """

    progress_changed = Signal(object)
    failed = Signal(object)
    _wake = Signal()
    _ids = itertools.count(1)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks: dict[int, _Task] = {}
        self._listed: list[_Task] = []  # in the order in which they run
        self._is_open = True
        self._last_progress = QElapsedTimer()
        self._last_progress.start()
        self._thread = QThread()
        self._worker = _Worker()
        self._worker.moveToThread(self._thread)
        self._thread.started.connect(self._worker.begin)
        self._wake.connect(self._worker.work)
        self._worker.stepped.connect(self._on_stepped)
        self._worker.ended.connect(self._on_ended)
        self._thread.start()

    def submit(
        self,
        job: Job | Deferred,
        label: str,
        on_step: Callable[[Any], object],
        *,
        priority: Priority = Priority.NORMAL,
        on_end: Callable[[Outcome], None] = lambda outcome: None,
        owner: QObject | None = None,
        unit: str = "frames",
        keeps_finished: bool = False,
    ) -> int:
        """Queue a job; normal priority lists it, idle priority only logs its failure.

        Args:
            job: called on the worker's thread; must not touch widgets or the document.  A
                `Deferred` one that cannot be made has failed.
            label: what it does; shown to the user.
            on_step: called with each step; the job is cancelled when it returns False.
            priority: scheduling priority; for those in `NEWEST_ONLY`, earlier jobs are canceled.
            on_end: called once, after the last step.
            owner: what the callbacks belong to; neither is called once it has been deleted.
            unit: what ``done`` and ``total`` of its steps count; one of `UNITS` in English.
            keeps_finished: whether what it has finished stays when it is canceled.

        Returns:
            The job id, unique over all queues.
        """
        if priority in NEWEST_ONLY:
            self._cancel_each(priority)
        prepare = job.make if isinstance(job, Deferred) else lambda: job
        task = _Task(next(JobQueue._ids), label, priority, prepare, on_step, on_end, owner)
        self._tasks[task.job_id] = task
        if priority is Priority.NORMAL:
            self._list(task, unit, keeps_finished)
        if priority <= Priority.PREVIEW:
            self._start(task)
        else:
            self._start_next()
        return task.job_id

    def _list(self, task: _Task, unit: str, keeps_finished: bool) -> None:
        task.progress = JobProgress(
            task.job_id, task.label, unit=unit, keeps_finished=keeps_finished
        )
        self._listed.append(task)
        self._show_order()

    def cancel(self, job_id: int) -> None:
        """Cancel a job at its next step; one that has not started ends at once."""
        task = self._tasks.get(job_id)
        if task is None or not self._is_open:
            return
        task.token.cancel()
        if task.job is None or self._worker.withdraw(task):
            self._end(task, Outcome.CANCELLED, None)

    def cancel_all(self) -> None:
        """Cancel every job."""
        for job_id in reversed(list(self._tasks)):  # so that none starts in between
            self.cancel(job_id)

    def cancel_listed(self) -> bool:
        """Cancel the listed jobs and return whether there were any."""
        listed = self.running
        for progress in reversed(listed):
            self.cancel(progress.job_id)
        return bool(listed)

    def _cancel_each(self, priority: Priority) -> None:
        for task in [each for each in self._tasks.values() if each.priority == priority]:
            self.cancel(task.job_id)

    def move(self, job_id: int, places: int) -> None:
        """Move a listed job that waits earlier (negative) or later (positive) in the queue."""
        waiting = [task for task in self._listed if task.job is None]
        started = self._listed[: len(self._listed) - len(waiting)]
        task = self._tasks.get(job_id)
        if task in waiting:
            place = waiting.index(task)
            waiting.remove(task)
            waiting.insert(max(0, place + places), task)
            self._listed = started + waiting
            self._show_order()

    def annotate(self, job_id: int, *notes: str) -> None:
        """Add notes that are shown once the listed job is done."""
        progress = self._tasks[job_id].progress
        assert progress is not None
        progress.notes += notes

    @property
    def running(self) -> list[JobProgress]:
        """Progress of the listed jobs that have not ended, in the order in which they run."""
        return [task.progress for task in self._listed if task.progress is not None]

    def is_active(self, job_id: int) -> bool:
        """Whether a job waits or runs and is not canceled."""
        task = self._tasks.get(job_id)
        return task is not None and not task.token.is_cancelled

    @property
    def is_idle(self) -> bool:
        """Whether nothing but jobs of idle priority waits or runs."""
        return all(task.priority is Priority.IDLE for task in self._tasks.values())

    def shutdown(self, timeout_ms: int) -> bool:
        """Cancel every job and end the thread; nothing is called back or emitted afterwards.

        Returns:
            Whether the thread ended in time.  If not, call again: the thread must end before the
            queue is destroyed.
        """
        self._is_open = False
        for task in self._tasks.values():
            task.token.cancel()
        self._thread.quit()
        return self._thread.wait(timeout_ms)

    def _start_next(self) -> None:
        """Start the first listed job, or the idle ones if none is listed."""
        idle = [task for task in self._tasks.values() if task.priority is Priority.IDLE]
        if self._listed:
            for task in idle:
                if self._worker.withdraw(task):
                    task.job = None
        for task in self._listed[:1] or idle:
            if task.job is None:
                self._start(task)

    def _start(self, task: _Task) -> None:
        try:
            task.job = task.prepare()
        except AppError as error:
            self._end(task, Outcome.FAILED, error)
            return
        self._worker.put(task)
        self._wake.emit()

    def _show_order(self) -> None:
        for ahead, progress in enumerate(running := self.running):
            progress.ahead, progress.behind = ahead, len(running) - ahead - 1
            self.progress_changed.emit(progress)

    @Slot(int, object)
    def _on_stepped(self, job_id: int, step: object) -> None:
        try:
            if self._is_open and self.is_active(job_id):
                self._step(self._tasks[job_id], step)
        finally:
            self._worker.credits.release()

    def _step(self, task: _Task, step: object) -> None:
        if not task.has_owner or task.on_step(step) is False:
            self.cancel(task.job_id)
        if task.progress and isinstance(step, CountedStep):
            task.progress.advance(step.done, step.total)
            if self._last_progress.hasExpired(PROGRESS_INTERVAL_MS):
                self._last_progress.start()
                self.progress_changed.emit(task.progress)

    @Slot(int, str, object)
    def _on_ended(self, job_id: int, outcome: str, error: AppError | None) -> None:
        if self._is_open and (task := self._tasks.get(job_id)):
            self._end(task, Outcome(outcome), error)

    def _end(self, task: _Task, outcome: Outcome, error: AppError | None) -> None:
        del self._tasks[task.job_id]
        try:
            if task.progress:
                self._listed.remove(task)
                task.progress.outcome, task.progress.error = outcome, error
                self.progress_changed.emit(task.progress)
                self._show_order()
            if task.has_owner:
                task.on_end(outcome)
            if error is not None:
                _log.warning("%s", error)
                if task.priority is not Priority.IDLE:
                    self.failed.emit(error)
        finally:
            self._start_next()
