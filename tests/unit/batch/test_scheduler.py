"""Which job runs where, and what happens after failures, without processes."""

from collections.abc import Callable, Mapping

import pytest

from app.batch.jobs import MAX_ATTEMPTS, Assignment, AttemptOutcome, BatchJob, Ending, RunSettings
from app.batch.machine import JOB_BYTES, fitting_workers
from app.batch.scheduler import JobRecord, Scheduler

SETTINGS = RunSettings("results", "scratch", 1, 0.0, ("tinysam2",))
DONE = AttemptOutcome(Ending.DONE)
FAILED = AttemptOutcome(Ending.FAILED, "It broke.")
LOST = AttemptOutcome(Ending.LOST, "Its worker disappeared.")
End = Callable[[str, Assignment], AttemptOutcome]


class InstantPool:
    """Ends each job at once, as ``end`` says; a worker with a lost job is replaced by a new one."""

    def __init__(self, workers: list[str], end: End) -> None:
        self.workers = workers
        self.started: list[tuple[str, str, Assignment]] = []
        self.stopped = False
        self._end = end
        self._ended: list[tuple[str, AttemptOutcome]] = []

    def slots(self) -> Mapping[str, str]:
        return {f"{worker}/0": worker for worker in self.workers}

    def start(self, slot: str, assignment: Assignment) -> None:
        worker = slot.removesuffix("/0")
        assert slot not in [busy for busy, _ in self._ended]
        self.started.append((worker, assignment.job.name, assignment))
        outcome = self._end(worker, assignment)
        if outcome.ending is Ending.LOST:
            self.workers[self.workers.index(worker)] = f"{worker}'"
        self._ended.append((slot, outcome))

    def ended(self) -> list[tuple[str, AttemptOutcome]]:
        found, self._ended = self._ended, []
        return found

    def stop(self) -> None:
        self.stopped = True


def records_of(*names: str) -> list[JobRecord]:
    return [JobRecord(BatchJob(line, name, "", "", "")) for line, name in enumerate(names, 1)]


def run(records: list[JobRecord], workers: list[str], end: End) -> InstantPool:
    pool = InstantPool(workers, end)
    Scheduler(records, pool, SETTINGS, lambda record: None, lambda text: None).run()
    return pool


def test_every_job_runs_once_and_what_is_done_is_left_alone() -> None:
    records = records_of("a", "b", "c", "d")
    records[1].state = "skipped"
    pool = run(records, ["x", "y"], lambda worker, assignment: DONE)
    assert sorted(name for _, name, _ in pool.started) == ["a", "c", "d"]
    assert [record.state for record in records] == ["done", "skipped", "done", "done"]


def test_a_job_that_fails_is_tried_on_other_workers_and_then_reported() -> None:
    records = records_of("bad", "good")
    pool = run(
        records,
        ["x", "y", "z"],
        lambda worker, assignment: FAILED if assignment.job.name == "bad" else DONE,
    )
    tried = [worker for worker, name, _ in pool.started if name == "bad"]
    assert len(tried) == len(set(tried)) == MAX_ATTEMPTS
    assert records[0].state == "failed"
    assert records[0].outcome == FAILED
    assert records[1].state == "done"


def test_one_worker_alone_tries_again_itself() -> None:
    records = records_of("flaky")
    outcomes = iter([FAILED, FAILED, DONE])
    pool = run(records, ["x"], lambda worker, assignment: next(outcomes))
    assert [assignment.starts_over for _, _, assignment in pool.started] == [False, False, True]
    assert records[0].state == "done"


def test_a_lost_worker_costs_its_running_job_an_attempt_and_no_progress() -> None:
    records = records_of("a", "b", "c")
    pool = run(
        records,
        ["x", "y"],
        lambda worker, assignment: (
            LOST if assignment.job.name == "b" and assignment.attempt == 1 else DONE
        ),
    )
    assert [record.state for record in records] == ["done"] * 3
    attempts = [
        (w, each.attempt, each.starts_over) for w, name, each in pool.started if name == "b"
    ]
    assert attempts[0][0] != attempts[1][0]
    assert [each[1:] for each in attempts] == [(1, False), (2, False)]


def test_an_interruption_stops_the_pool() -> None:
    def interrupted(worker: str, assignment: Assignment) -> AttemptOutcome:
        raise KeyboardInterrupt

    pool = InstantPool(["x"], interrupted)
    scheduler = Scheduler(records_of("a"), pool, SETTINGS, lambda _: None, lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        scheduler.run()
    assert pool.stopped


def test_a_pool_without_workers_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.batch.scheduler.NO_WORKERS_S", 0.0)
    pool = InstantPool([], lambda worker, assignment: DONE)
    records, warned = records_of("a"), []

    def warn(text: str) -> None:
        warned.append(text)
        pool.workers.append("late")

    Scheduler(records, pool, SETTINGS, lambda _: None, warn).run()
    assert len(warned) == 1
    assert records[0].state == "done"


@pytest.mark.parametrize(
    ("cores", "memory", "jobs", "workers"),
    [
        (8, 100 * JOB_BYTES, 100, 8),
        (8, 3 * JOB_BYTES, 100, 3),
        (8, None, 2, 2),
        (1, JOB_BYTES // 2, 9, 1),
    ],
)
def test_as_many_workers_as_cores_memory_and_jobs_allow(
    cores: int, memory: int | None, jobs: int, workers: int
) -> None:
    assert fitting_workers(cores, memory, jobs) == workers
