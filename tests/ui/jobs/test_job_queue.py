"""The queue's promises: order, cancelling, bounded delivery, failures, shutdown."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from app.core.cancel import CancelToken, Job
from app.core.errors import AppError, ModelError, UsageError
from app.ui.jobs.interpreter import JOB_NICENESS
from app.ui.jobs.job_queue import CREDITS, PROGRESS_INTERVAL_MS, Deferred, JobQueue, Priority
from app.ui.jobs.progress import Outcome


class Log:
    """Jobs submitted to a queue, and what it called back, in order."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self.steps: list[tuple[int, object]] = []
        self.outcomes: dict[int, Outcome] = {}
        self.errors: list[AppError] = []
        queue.failed.connect(self.errors.append)

    def submit(
        self,
        job: Job | Deferred,
        label: str = "A test job",
        priority: Priority = Priority.NORMAL,
    ) -> int:
        ids: list[int] = []

        def end(outcome: Outcome) -> None:
            job_id = ids[0] if ids else len(self.outcomes) - 1000  # ended before it had an id
            assert job_id not in self.outcomes
            self.outcomes[job_id] = outcome

        ids.append(
            self._queue.submit(
                job,
                label,
                lambda step: self.steps.append((ids[0], step)),
                priority=priority,
                on_end=end,
            )
        )
        return ids[0]

    def values(self, job_id: int) -> list[object]:
        return [step for owner, step in self.steps if owner == job_id]


@pytest.mark.skipif(sys.platform != "linux", reason="niceness belongs to processes elsewhere")
def test_jobs_and_the_threads_that_they_start_leave_the_cores_to_the_window(
    queue: JobQueue, qtbot: QtBot
) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def job(token: CancelToken) -> Iterator[int]:
        del token
        yield niceness()
        with ThreadPoolExecutor(1) as later:
            yield later.submit(niceness).result()

    log = Log(queue)
    job_id = log.submit(job)
    qtbot.waitUntil(lambda: job_id in log.outcomes)
    assert log.values(job_id) == [niceness() + JOB_NICENESS] * 2


@pytest.fixture
def queue(qtbot: QtBot) -> Iterator[JobQueue]:
    queue = JobQueue()
    yield queue
    assert queue.shutdown(5000)


@pytest.fixture
def log(queue: JobQueue) -> Log:
    return Log(queue)


def counting(stop: int) -> Job:
    return lambda token: iter(range(stop))


def wait_for_end(qtbot: QtBot, log: Log, *job_ids: int) -> None:
    qtbot.waitUntil(lambda: all(job_id in log.outcomes for job_id in job_ids), timeout=5000)


class Gate:
    """A job that signals its start and yields as often as it is released."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.passes = threading.Semaphore(0)
        self.is_closed = False

    def __call__(self, token: CancelToken) -> Iterator[object]:
        self.started.set()
        try:
            number = 0
            while True:
                while not self.passes.acquire(timeout=0.01):
                    if token.is_cancelled:
                        return
                yield number
                number += 1
        finally:
            self.is_closed = True


def test_steps_arrive_in_order_and_end_with_done(qtbot: QtBot, queue: JobQueue, log: Log) -> None:
    job_id = log.submit(counting(20))
    wait_for_end(qtbot, log, job_id)
    assert log.values(job_id) == list(range(20))
    assert log.outcomes[job_id] == Outcome.DONE
    assert queue.is_idle


def test_jobs_do_not_run_on_the_gui_thread(qtbot: QtBot, queue: JobQueue, log: Log) -> None:
    def where(token: CancelToken) -> Iterator[object]:
        yield threading.get_ident()

    first, second = log.submit(where), log.submit(where)
    wait_for_end(qtbot, log, first, second)
    assert log.values(first) == log.values(second) != [threading.get_ident()]


def test_a_click_runs_between_two_steps_of_a_long_job(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    gate = Gate()
    long_id = log.submit(gate)
    assert gate.started.wait(5)
    click_id = log.submit(counting(1), priority=Priority.INTERACTIVE)
    gate.passes.release()
    wait_for_end(qtbot, log, click_id)
    assert log.outcomes[click_id] == Outcome.DONE
    assert long_id not in log.outcomes
    queue.cancel(long_id)
    wait_for_end(qtbot, log, long_id)


def test_waiting_jobs_start_by_priority_then_age(qtbot: QtBot, queue: JobQueue, log: Log) -> None:
    gate = Gate()
    gate_id = log.submit(gate, priority=Priority.INTERACTIVE)
    assert gate.started.wait(5)
    idle = log.submit(counting(1), priority=Priority.IDLE)
    first, second = log.submit(counting(1)), log.submit(counting(1))
    click = log.submit(counting(1), priority=Priority.INTERACTIVE)
    queue.cancel(gate_id)
    wait_for_end(qtbot, log, idle, first, second, click)
    assert [job_id for job_id, _ in log.steps] == [click, first, second, idle]


@pytest.mark.parametrize("priority", [Priority.PREVIEW, Priority.IDLE])
def test_the_newest_preview_or_idle_job_replaces_older_ones(
    qtbot: QtBot, queue: JobQueue, log: Log, priority: Priority
) -> None:
    gate = Gate()
    gate_id = log.submit(gate, priority=Priority.INTERACTIVE)
    assert gate.started.wait(5)
    ids = [log.submit(counting(1), priority=priority) for _ in range(5)]
    queue.cancel(gate_id)
    wait_for_end(qtbot, log, *ids)
    assert [log.outcomes[job_id] for job_id in ids] == [Outcome.CANCELLED] * 4 + [Outcome.DONE]
    assert [job_id for job_id, _ in log.steps] == [ids[-1]]


def test_cancel_ends_within_a_step_closes_the_job_and_drops_later_steps(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    gate = Gate()
    job_id = log.submit(gate)
    gate.passes.release(2)
    qtbot.waitUntil(lambda: len(log.steps) == 2, timeout=5000)
    queue.cancel(job_id)
    gate.passes.release()
    wait_for_end(qtbot, log, job_id)
    assert log.outcomes[job_id] == Outcome.CANCELLED
    assert log.values(job_id) == [0, 1]
    assert gate.is_closed


def test_a_job_that_has_not_started_is_canceled_at_once(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    gate = Gate()
    log.submit(gate)
    waiting = log.submit(counting(1))
    queue.cancel(waiting)
    assert log.outcomes[waiting] == Outcome.CANCELLED
    queue.cancel_all()
    qtbot.waitUntil(lambda: queue.is_idle, timeout=5000)
    assert log.values(waiting) == []


def test_an_unresponsive_window_blocks_the_job(qtbot: QtBot, queue: JobQueue, log: Log) -> None:
    made: list[int] = []

    def eager(token: CancelToken) -> Iterator[object]:
        for number in range(50):
            made.append(number)
            yield number

    job_id = log.submit(eager)
    deadline = threading.Event()
    while len(made) <= CREDITS and not deadline.wait(0.01):
        pass
    assert not deadline.wait(0.1)  # the window's thread sleeps; nothing is delivered
    assert len(made) == CREDITS + 1
    wait_for_end(qtbot, log, job_id)
    assert log.values(job_id) == list(range(50))


def test_shutdown_while_a_job_waits_for_the_window(qtbot: QtBot) -> None:
    queue = JobQueue()
    log = Log(queue)
    full = threading.Event()

    def eager(token: CancelToken) -> Iterator[object]:
        for number in range(50):
            if number == CREDITS:
                full.set()
            yield number

    log.submit(eager)
    assert full.wait(5)
    assert queue.shutdown(2000)
    qtbot.wait(20)
    assert log.steps == []
    assert log.outcomes == {}


def test_shutdown_without_any_job(qtbot: QtBot) -> None:
    queue = JobQueue()
    assert queue.shutdown(2000)
    assert queue.shutdown(2000)


def test_an_app_error_keeps_its_message(qtbot: QtBot, queue: JobQueue, log: Log) -> None:
    def failing(token: CancelToken) -> Iterator[object]:
        yield 1
        raise ModelError("There is no memory left.", "Choose a smaller size.")

    job_id = log.submit(failing)
    after = log.submit(counting(1))
    wait_for_end(qtbot, log, job_id, after)
    (error,) = log.errors
    assert log.outcomes[job_id] == Outcome.FAILED
    assert str(error) == "There is no memory left. Choose a smaller size."
    assert log.values(job_id) == [1]
    assert log.outcomes[after] == Outcome.DONE


def test_an_unexpected_exception_becomes_a_message_and_a_log_entry(
    qtbot: QtBot, queue: JobQueue, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(token: CancelToken) -> Iterator[object]:
        raise ZeroDivisionError("oops")

    job_id = log.submit(broken, label="Track dog")
    wait_for_end(qtbot, log, job_id)
    (error,) = log.errors
    assert log.outcomes[job_id] == Outcome.FAILED
    assert "Track dog" in str(error)
    assert "oops" in str(error)
    assert "Traceback" in caplog.text


def test_a_job_does_not_cut_in_on_one_of_its_own_priority(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    gate, later = Gate(), Gate()
    first = log.submit(gate, priority=Priority.INTERACTIVE)
    assert gate.started.wait(5)
    second = log.submit(later, priority=Priority.INTERACTIVE)
    gate.passes.release(3)
    qtbot.waitUntil(lambda: len(log.steps) >= 3, timeout=5000)
    assert not later.started.is_set()
    queue.cancel(first)
    qtbot.waitUntil(later.started.is_set, timeout=5000)
    queue.cancel(second)
    wait_for_end(qtbot, log, first, second)


def test_a_step_on_its_way_when_the_job_is_cancelled_is_dropped(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    yielded = threading.Event()

    def job(token: CancelToken) -> Iterator[object]:
        yield "late"
        yielded.set()
        while not token.is_cancelled:
            threading.Event().wait(0.01)

    job_id = log.submit(job)
    assert yielded.wait(5)  # the step is queued, the window's thread has not handled it
    queue.cancel(job_id)
    wait_for_end(qtbot, log, job_id)
    assert log.steps == []
    after = log.submit(counting(CREDITS + 1))
    wait_for_end(qtbot, log, after)  # its credit came back
    assert log.values(after) == list(range(CREDITS + 1))


def test_a_job_is_active_until_it_is_cancelled_or_ends(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    gate = Gate()
    job_id, done = log.submit(gate), log.submit(counting(1), priority=Priority.INTERACTIVE)
    assert queue.is_active(job_id)
    assert not queue.is_idle
    assert not queue.is_active(job_id + 1000)
    gate.passes.release()
    queue.cancel(job_id)
    assert not queue.is_active(job_id)
    wait_for_end(qtbot, log, job_id, done)
    assert not queue.is_active(done)


def test_a_queue_with_an_idle_job_only_is_idle(qtbot: QtBot, queue: JobQueue, log: Log) -> None:
    gate = Gate()
    job_id = log.submit(gate, priority=Priority.IDLE)
    assert gate.started.wait(5)
    assert queue.is_idle
    assert queue.is_active(job_id)
    queue.cancel_all()
    wait_for_end(qtbot, log, job_id)


class Closable:
    """Steps that know whether they were closed."""

    def __init__(self) -> None:
        self.is_closed = False

    def __iter__(self) -> Iterator[object]:
        return self

    def __next__(self) -> object:
        raise StopIteration

    def close(self) -> None:
        self.is_closed = True


def test_the_steps_of_every_job_are_closed(qtbot: QtBot, queue: JobQueue, log: Log) -> None:
    steps = Closable()
    job_id = log.submit(lambda token: steps)
    wait_for_end(qtbot, log, job_id)
    assert steps.is_closed


def test_a_mistake_is_reported_with_the_job_and_what_to_do(
    qtbot: QtBot, queue: JobQueue, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(token: CancelToken) -> Iterator[object]:
        raise ZeroDivisionError("oops")

    wait_for_end(qtbot, log, log.submit(broken, label="Track dog"))
    (error,) = log.errors
    assert error.sentence == "Track dog failed: ZeroDivisionError: oops."
    assert error.hint.startswith("Your work is saved.")
    assert [record.getMessage() for record in caplog.records][:1] == ["job 'Track dog' failed"]


def test_nothing_is_delivered_after_shutdown(qtbot: QtBot) -> None:
    queue = JobQueue()
    log = Log(queue)
    job_id, waiting = log.submit(counting(2)), log.submit(counting(2))
    assert queue.shutdown(5000)
    queue.cancel(waiting)
    qtbot.wait(20)
    assert (log.steps, log.outcomes) == ([], {})
    assert not queue.is_active(job_id)


def test_a_queue_belongs_to_its_parent(qtbot: QtBot) -> None:
    window = QObject()
    queue = JobQueue(window)
    assert queue.parent() is window
    assert queue.shutdown(5000)


def test_a_deferred_job_is_made_when_its_turn_comes(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    made: list[int] = []

    def make() -> Job:
        made.append(threading.get_ident())
        return counting(3)

    gate_id = log.submit(Gate())
    job_id = log.submit(Deferred(make))
    assert made == []
    queue.cancel(gate_id)
    wait_for_end(qtbot, log, gate_id, job_id)
    assert made == [threading.get_ident()]
    assert log.values(job_id) == [0, 1, 2]


def test_a_deferred_job_that_cannot_be_made_fails_and_the_next_one_runs(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    def refuse() -> Job:
        raise UsageError("Nothing to do.")

    gate_id = log.submit(Gate())
    refused, after = log.submit(Deferred(refuse)), log.submit(counting(1))
    queue.cancel(gate_id)
    wait_for_end(qtbot, log, gate_id, refused, after)
    assert log.outcomes[refused] == Outcome.FAILED
    assert [str(error) for error in log.errors] == ["Nothing to do."]
    assert log.outcomes[after] == Outcome.DONE


def test_listed_jobs_that_wait_can_be_moved_but_the_running_one_stays_first(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    ids = [log.submit(Gate()), *(log.submit(counting(1)) for _ in range(3))]

    def order() -> list[int]:
        assert [(p.ahead, p.behind) for p in queue.running] == [(0, 3), (1, 2), (2, 1), (3, 0)]
        return [ids.index(progress.job_id) for progress in queue.running]

    queue.move(ids[3], -1)
    assert order() == [0, 1, 3, 2]
    queue.move(ids[3], -9)
    assert order() == [0, 3, 1, 2]
    queue.move(ids[3], 1)
    assert order() == [0, 1, 3, 2]
    queue.move(ids[0], 2)
    queue.move(ids[1], -1)
    queue.move(123456, 1)
    assert order() == [0, 1, 3, 2]
    queue.cancel(ids[0])
    wait_for_end(qtbot, log, *ids)
    assert [ids.index(job_id) for job_id, _ in log.steps] == [1, 3, 2]


def test_an_idle_job_waits_for_the_whole_queue(qtbot: QtBot, queue: JobQueue, log: Log) -> None:
    first, second = log.submit(counting(2)), log.submit(counting(2))
    idle = log.submit(counting(1), priority=Priority.IDLE)
    wait_for_end(qtbot, log, first, second, idle)
    assert [job_id for job_id, _ in log.steps] == [first, first, second, second, idle]


def test_canceling_all_jobs_makes_none_of_those_that_wait(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    def make() -> Job:
        raise AssertionError("a canceled job was made")

    gate = log.submit(Gate(), priority=Priority.INTERACTIVE)
    ids = [log.submit(counting(1)), *(log.submit(Deferred(make)) for _ in range(3))]
    queue.cancel_all()
    wait_for_end(qtbot, log, gate, *ids)
    assert {log.outcomes[job_id] for job_id in ids} == {Outcome.CANCELLED}


def test_stopping_the_listed_jobs_leaves_a_preview_alone(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    assert not queue.cancel_listed()
    running, waiting = log.submit(Gate()), log.submit(counting(1))
    preview = log.submit(counting(2), priority=Priority.PREVIEW)
    assert queue.cancel_listed()
    wait_for_end(qtbot, log, running, waiting, preview)
    assert log.outcomes[running] is log.outcomes[waiting] is Outcome.CANCELLED
    assert log.outcomes[preview] is Outcome.DONE


def test_notes_of_a_job_are_collected(qtbot: QtBot, queue: JobQueue, log: Log) -> None:
    job_id = log.submit(Gate())
    queue.annotate(job_id, "3 masks", "none lost")
    queue.annotate(job_id, "1 warning")
    [progress] = queue.running
    assert progress.notes == ("3 masks", "none lost", "1 warning")
    queue.cancel(job_id)
    wait_for_end(qtbot, log, job_id)


def test_a_job_is_canceled_when_its_step_is_refused(qtbot: QtBot, queue: JobQueue) -> None:
    taken: list[object] = []
    outcomes: list[Outcome] = []

    def take(step: object) -> bool:
        taken.append(step)
        return len(taken) < 3

    gate = Gate()
    queue.submit(gate, "Track dog", take, on_end=outcomes.append)
    gate.passes.release(20)
    qtbot.waitUntil(lambda: bool(outcomes), timeout=5000)
    assert taken == [0, 1, 2]
    assert outcomes == [Outcome.CANCELLED]


def test_a_listed_job_is_displayed_with_its_label_and_unit(
    qtbot: QtBot, queue: JobQueue, log: Log
) -> None:
    first = log.submit(Gate(), "Track dog")
    second = queue.submit(
        counting(1), "Check clip", lambda step: None, unit="points", keeps_finished=True
    )
    shown = [(p.job_id, p.label, p.unit, p.keeps_finished) for p in queue.running]
    assert shown == [
        (first, "Track dog", "frames", False),
        (second, "Check clip", "points", True),
    ]
    queue.cancel_all()
    wait_for_end(qtbot, log, first)


def test_a_job_whose_owner_was_deleted_is_canceled_without_a_callback(
    qtbot: QtBot, queue: JobQueue
) -> None:
    owner = QObject()
    called: list[object] = []
    gate = Gate()
    job_id = queue.submit(gate, "Owned", called.append, on_end=called.append, owner=owner)
    gate.passes.release()
    qtbot.waitUntil(lambda: called == [0], timeout=5000)
    delete(owner)
    gate.passes.release(2)
    qtbot.waitUntil(lambda: not queue.is_active(job_id), timeout=5000)
    qtbot.waitUntil(lambda: queue.running == [], timeout=5000)
    assert called == [0]
    assert gate.is_closed


def test_a_failure_of_an_idle_job_is_only_logged(
    qtbot: QtBot, queue: JobQueue, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(token: CancelToken) -> Iterator[object]:
        raise ModelError("There is no memory left.")

    job_id = log.submit(failing, priority=Priority.IDLE)
    wait_for_end(qtbot, log, job_id)
    assert log.outcomes[job_id] == Outcome.FAILED
    assert log.errors == []
    assert "There is no memory left." in caplog.text


@dataclass
class Counted:
    done: int
    total: int = 400


def test_progress_is_announced_at_intervals_and_at_the_end(qtbot: QtBot, queue: JobQueue) -> None:
    seen: list[int] = []
    queue.progress_changed.connect(lambda progress: seen.append(progress.done))
    ended: list[Outcome] = []
    start_s = time.monotonic()
    queue.submit(
        lambda token: (Counted(number) for number in range(1, 401)),
        "Counted",
        lambda step: None,
        on_end=ended.append,
    )
    qtbot.waitUntil(lambda: bool(ended), timeout=10_000)
    intervals = (time.monotonic() - start_s) * 1000 / PROGRESS_INTERVAL_MS
    assert len(seen) <= intervals + 5  # and when it is queued, starts and ends
    assert seen[-1] == 400
