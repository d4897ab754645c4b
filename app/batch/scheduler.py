"""Give jobs to workers until all are done; the same rules for this computer and for a cluster."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from app.batch.jobs import MAX_ATTEMPTS, Assignment, AttemptOutcome, BatchJob, Ending, RunSettings

NO_WORKERS_S = 30.0
"""How long there may be no worker before the user is informed."""


class WorkerPool(Protocol):
    """Where jobs run.  A slot runs one job at a time; a worker has one or more slots."""

    def slots(self) -> Mapping[str, str]:
        """Return the present slots and the worker of each."""
        ...

    def start(self, slot: str, assignment: Assignment) -> None:
        """Start a job in a free slot."""
        ...

    def ended(self) -> list[tuple[str, AttemptOutcome]]:
        """Wait a moment; returns the slots whose jobs have ended, also with their worker."""
        ...

    def stop(self) -> None:
        """Stop all jobs; what they tracked is kept.  `ended` reports nothing any more."""
        ...


@dataclass
class JobRecord:
    """What became of a job.

    Attributes:
        job: the job.
        state: ``done``, ``skipped`` (it was done before), ``failed`` or ``not run``.
        attempts: how often it was tried.
        workers: those that tried it.
        outcome: the end of the last attempt.
    """

    job: BatchJob
    state: str = "not run"
    attempts: int = 0
    workers: list[str] = field(default_factory=list)
    outcome: AttemptOutcome | None = None

    @property
    def is_over(self) -> bool:
        """Whether it needs no further attempt."""
        return self.state != "not run"


Report = Callable[[JobRecord], None]


class Scheduler:
    """Runs the jobs of a batch in a pool.

    A job that failed, or whose worker disappeared, is tried again, twice at most and on another
    worker if there is one.  Another attempt resumes what was tracked; the one after a failure of a
    resumed attempt starts over.

    Args:
        records: of all jobs; those that are over are left alone.
        pool: where they run.
        settings: how they run.
        report: called on the changed record of a job after each attempt.
        warn: called with a sentence about the pool.
    """

    def __init__(
        self,
        records: Sequence[JobRecord],
        pool: WorkerPool,
        settings: RunSettings,
        report: Report,
        warn: Callable[[str], None],
    ) -> None:
        self._waiting = [record for record in records if not record.is_over]
        self._running: dict[str, JobRecord] = {}
        self._pool = pool
        self._settings = settings
        self._report = report
        self._warn = warn
        self._without_workers_since: float | None = None

    def run(self) -> None:
        """Run until all jobs are over; an interruption stops the jobs and is raised again."""
        try:
            while self._waiting or self._running:
                self._fill(self._pool.slots())
                for slot, outcome in self._pool.ended():
                    self._handle(self._running.pop(slot), outcome)
        except BaseException:
            self._pool.stop()
            raise

    def _fill(self, slots: Mapping[str, str]) -> None:
        self._look_for_workers(slots)
        workers = set(slots.values())
        for slot, worker in slots.items():
            if slot in self._running:
                continue
            fitting = (
                record
                for record in self._waiting
                if worker not in record.workers or workers <= set(record.workers)
            )
            if record := next(fitting, None):
                self._waiting.remove(record)
                self._start(record, slot, worker)

    def _start(self, record: JobRecord, slot: str, worker: str) -> None:
        is_last = record.attempts + 1 == MAX_ATTEMPTS
        has_failed = record.outcome is not None and record.outcome.ending is Ending.FAILED
        record.attempts += 1
        record.workers.append(worker)
        self._running[slot] = record
        assignment = Assignment(record.job, self._settings, record.attempts, is_last and has_failed)
        self._pool.start(slot, assignment)

    def _handle(self, record: JobRecord, outcome: AttemptOutcome) -> None:
        record.outcome = outcome
        if outcome.ending is Ending.DONE:
            record.state = "done"
        elif record.attempts == MAX_ATTEMPTS:
            record.state = "failed"
            record.outcome = replace(outcome, reason=outcome.reason or "Its worker disappeared.")
        else:
            self._waiting.append(record)
        self._report(record)

    def _look_for_workers(self, slots: Mapping[str, str]) -> None:
        if slots:
            self._without_workers_since = None
        elif self._without_workers_since is None:
            self._without_workers_since = time.monotonic()
        elif time.monotonic() - self._without_workers_since > NO_WORKERS_S:
            self._warn("There are no workers that could run the jobs; the batch waits for them.")
            self._without_workers_since = float("inf")
