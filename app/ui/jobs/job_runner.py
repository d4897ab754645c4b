"""Runs jobs on a background thread, the only one that calls the model or writes exports."""

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from PySide6.QtCore import QObject, QThread, Signal, Slot

from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError

_log = logging.getLogger(__name__)

CREDITS = 4
"""Most steps in flight to the GUI thread; a job waits when the window is slower than it."""

CREDIT_WAIT_S = 0.05
"""Seconds between two cancellation checks of a job that waits for a credit."""

Job = Callable[[CancelToken], Iterator[object]]


class Priority(IntEnum):
    """Scheduling priority; a more urgent job also runs between two steps of a running one."""

    INTERACTIVE = 0
    PREVIEW = 1  # more urgent than all but clicks; only the newest is kept
    NORMAL = 2
    IDLE = 3  # only when nothing else waits; only the newest is kept


NEWEST_ONLY = frozenset({Priority.PREVIEW, Priority.IDLE})


class Outcome(StrEnum):
    """How a job ended."""

    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(slots=True)
class _Task:
    job_id: int
    job: Job
    priority: Priority
    label: str
    token: CancelToken = field(default_factory=CancelToken)


class _Worker(QObject):
    """Runs tasks on its thread; its signals are delivered to the runner's thread.

    Signals:
        started: job id.
        stepped: job id, step; one credit was taken.
        ended: job id, outcome, error or None.
    """

    started = Signal(int)
    stepped = Signal(int, object)
    ended = Signal(int, str, object)

    def __init__(self) -> None:
        super().__init__()
        self.credits = threading.Semaphore(CREDITS)
        self._lock = threading.Lock()
        self._waiting: list[_Task] = []

    def put(self, task: _Task) -> None:
        """Queue a task; called from the runner's thread."""
        with self._lock:
            self._waiting.append(task)

    def withdraw(self, task: _Task) -> bool:
        """Remove a task that has not started; called from the runner's thread."""
        with self._lock:
            if task not in self._waiting:
                return False
            self._waiting.remove(task)
            return True

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
        self.started.emit(task.job_id)
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
            error = AppError(
                f"{task.label or 'A background job'} failed: {type(failure).__name__}: {failure}.",
                "Your work is saved. Details are in the log (Help > Open log).",
            )
        self.ended.emit(task.job_id, outcome.value, error)

    def _step_through(self, task: _Task) -> None:
        task.token.raise_if_cancelled()
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


class JobRunner(QObject):
    """Runs jobs one at a time on one long-lived thread.  Lives on the GUI thread.

    A canceled job delivers no further step.  Every submitted job ends exactly once,
    unless the runner is shut down first.

    Signals:
        started: job id.
        stepped: job id, what the job yielded.
        ended: job id, `Outcome` value, the `AppError` of a failed job or None.
    """

    started = Signal(int)
    stepped = Signal(int, object)
    ended = Signal(int, str, object)
    _wake = Signal()
    _ids = itertools.count(1)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks: dict[int, _Task] = {}
        self._is_open = True
        self._thread = QThread()
        self._worker = _Worker()
        self._worker.moveToThread(self._thread)
        self._wake.connect(self._worker.work)
        self._worker.started.connect(self._on_started)
        self._worker.stepped.connect(self._on_stepped)
        self._worker.ended.connect(self._on_ended)
        self._thread.start()

    def submit(self, job: Job, *, priority: Priority = Priority.NORMAL, label: str = "") -> int:
        """Queue a job.

        Args:
            job: called on the worker's thread; must not touch widgets or the document.
            priority: scheduling priority; for those in `NEWEST_ONLY`, earlier jobs are canceled.
            label: what it does, for error messages and the log.

        Returns:
            The job id, unique over all runners.
        """
        if priority in NEWEST_ONLY:
            for older in [t for t in self._tasks.values() if t.priority == priority]:
                self.cancel(older.job_id)
        task = _Task(next(JobRunner._ids), job, priority, label)
        self._tasks[task.job_id] = task
        self._worker.put(task)
        self._wake.emit()
        return task.job_id

    def cancel(self, job_id: int) -> None:
        """Cancel a job at its next step; one that has not started ends at once."""
        task = self._tasks.get(job_id)
        if task is None:
            return
        task.token.cancel()
        if self._worker.withdraw(task):
            self._on_ended(job_id, Outcome.CANCELLED.value, None)

    def cancel_all(self) -> None:
        """Cancel every job."""
        for job_id in list(self._tasks):
            self.cancel(job_id)

    def is_active(self, job_id: int) -> bool:
        """Whether a job waits or runs and is not canceled."""
        task = self._tasks.get(job_id)
        return task is not None and not task.token.is_cancelled

    @property
    def is_idle(self) -> bool:
        """Whether nothing but jobs of idle priority waits or runs."""
        return all(task.priority is Priority.IDLE for task in self._tasks.values())

    def shutdown(self, timeout_ms: int) -> bool:
        """Cancel every job and end the thread; no signal is emitted afterwards.

        Returns:
            Whether the thread ended in time.  If not, call again: the thread must end before the
            runner is destroyed.
        """
        self._is_open = False
        for task in self._tasks.values():
            task.token.cancel()
        self._thread.quit()
        return self._thread.wait(timeout_ms)

    @Slot(int)
    def _on_started(self, job_id: int) -> None:
        if self._is_open:
            self.started.emit(job_id)

    @Slot(int, object)
    def _on_stepped(self, job_id: int, step: object) -> None:
        try:
            if self._is_open and self.is_active(job_id):
                self.stepped.emit(job_id, step)
        finally:
            self._worker.credits.release()

    @Slot(int, str, object)
    def _on_ended(self, job_id: int, outcome: str, error: AppError | None) -> None:
        if self._tasks.pop(job_id, None) and self._is_open:
            self.ended.emit(job_id, outcome, error)
