"""The runner's promises: order, cancelling, bounded delivery, failures, shutdown."""

import threading
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.core.cancel import CancelToken
from app.core.errors import AppError, ModelError
from app.ui.jobs.job_runner import CREDITS, JobRunner, Outcome, Priority

Job = Callable[[CancelToken], Iterator[object]]


class Log:
    """What a runner signalled, in order."""

    def __init__(self, runner: JobRunner) -> None:
        self.starts: list[int] = []
        runner.started.connect(self.starts.append)
        self.steps: list[tuple[int, object]] = []
        self.ends: dict[int, tuple[str, AppError | None]] = {}
        runner.stepped.connect(lambda job_id, step: self.steps.append((job_id, step)))
        runner.ended.connect(self._on_ended)

    def _on_ended(self, job_id: int, outcome: str, error: AppError | None) -> None:
        assert job_id not in self.ends
        self.ends[job_id] = (outcome, error)

    def values(self, job_id: int) -> list[object]:
        return [step for owner, step in self.steps if owner == job_id]


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    assert runner.shutdown(5000)


@pytest.fixture
def log(runner: JobRunner) -> Log:
    return Log(runner)


def counting(stop: int) -> Job:
    return lambda token: iter(range(stop))


def wait_for_end(qtbot: QtBot, log: Log, *job_ids: int) -> None:
    qtbot.waitUntil(lambda: all(job_id in log.ends for job_id in job_ids), timeout=5000)


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


def test_steps_arrive_in_order_and_end_with_done(qtbot: QtBot, runner: JobRunner, log: Log) -> None:
    job_id = runner.submit(counting(20))
    wait_for_end(qtbot, log, job_id)
    assert log.values(job_id) == list(range(20))
    assert log.ends[job_id] == (Outcome.DONE, None)
    assert runner.is_idle


def test_jobs_do_not_run_on_the_gui_thread(qtbot: QtBot, runner: JobRunner, log: Log) -> None:
    def where(token: CancelToken) -> Iterator[object]:
        yield threading.get_ident()

    first, second = runner.submit(where), runner.submit(where)
    wait_for_end(qtbot, log, first, second)
    assert log.values(first) == log.values(second) != [threading.get_ident()]


def test_a_click_runs_between_two_steps_of_a_long_job(
    qtbot: QtBot, runner: JobRunner, log: Log
) -> None:
    gate = Gate()
    long_id = runner.submit(gate)
    assert gate.started.wait(5)
    click_id = runner.submit(counting(1), priority=Priority.INTERACTIVE)
    gate.passes.release()
    wait_for_end(qtbot, log, click_id)
    assert log.ends[click_id][0] == Outcome.DONE
    assert long_id not in log.ends
    runner.cancel(long_id)
    wait_for_end(qtbot, log, long_id)


def test_waiting_jobs_start_by_priority_then_age(qtbot: QtBot, runner: JobRunner, log: Log) -> None:
    gate = Gate()
    gate_id = runner.submit(gate, priority=Priority.INTERACTIVE)
    assert gate.started.wait(5)
    idle = runner.submit(counting(1), priority=Priority.IDLE)
    first, second = runner.submit(counting(1)), runner.submit(counting(1))
    click = runner.submit(counting(1), priority=Priority.INTERACTIVE)
    runner.cancel(gate_id)
    wait_for_end(qtbot, log, idle, first, second, click)
    assert [job_id for job_id, _ in log.steps] == [click, first, second, idle]


@pytest.mark.parametrize("priority", [Priority.PREVIEW, Priority.IDLE])
def test_the_newest_preview_or_idle_job_replaces_older_ones(
    qtbot: QtBot, runner: JobRunner, log: Log, priority: Priority
) -> None:
    gate = Gate()
    gate_id = runner.submit(gate, priority=Priority.INTERACTIVE)
    assert gate.started.wait(5)
    ids = [runner.submit(counting(1), priority=priority) for _ in range(5)]
    runner.cancel(gate_id)
    wait_for_end(qtbot, log, *ids)
    assert [log.ends[job_id][0] for job_id in ids] == [Outcome.CANCELLED] * 4 + [Outcome.DONE]
    assert [job_id for job_id, _ in log.steps] == [ids[-1]]


def test_cancel_ends_within_a_step_closes_the_job_and_drops_later_steps(
    qtbot: QtBot, runner: JobRunner, log: Log
) -> None:
    gate = Gate()
    job_id = runner.submit(gate)
    gate.passes.release(2)
    qtbot.waitUntil(lambda: len(log.steps) == 2, timeout=5000)
    runner.cancel(job_id)
    gate.passes.release()
    wait_for_end(qtbot, log, job_id)
    assert log.ends[job_id] == (Outcome.CANCELLED, None)
    assert log.values(job_id) == [0, 1]
    assert gate.is_closed


def test_a_job_that_has_not_started_is_canceled_at_once(
    qtbot: QtBot, runner: JobRunner, log: Log
) -> None:
    gate = Gate()
    runner.submit(gate)
    waiting = runner.submit(counting(1))
    runner.cancel(waiting)
    assert log.ends[waiting] == (Outcome.CANCELLED, None)
    runner.cancel_all()
    qtbot.waitUntil(lambda: runner.is_idle, timeout=5000)
    assert log.values(waiting) == []


def test_an_unresponsive_window_blocks_the_job(qtbot: QtBot, runner: JobRunner, log: Log) -> None:
    made: list[int] = []

    def eager(token: CancelToken) -> Iterator[object]:
        for number in range(50):
            made.append(number)
            yield number

    job_id = runner.submit(eager)
    deadline = threading.Event()
    while len(made) <= CREDITS and not deadline.wait(0.01):
        pass
    assert not deadline.wait(0.1)  # the window's thread sleeps; nothing is delivered
    assert len(made) == CREDITS + 1
    wait_for_end(qtbot, log, job_id)
    assert log.values(job_id) == list(range(50))


def test_shutdown_while_a_job_waits_for_the_window(qtbot: QtBot) -> None:
    runner = JobRunner()
    log = Log(runner)
    full = threading.Event()

    def eager(token: CancelToken) -> Iterator[object]:
        for number in range(50):
            if number == CREDITS:
                full.set()
            yield number

    runner.submit(eager)
    assert full.wait(5)
    assert runner.shutdown(2000)
    qtbot.wait(20)
    assert log.steps == []
    assert log.ends == {}


def test_shutdown_without_any_job(qtbot: QtBot) -> None:
    runner = JobRunner()
    assert runner.shutdown(2000)
    assert runner.shutdown(2000)


def test_an_app_error_keeps_its_message(qtbot: QtBot, runner: JobRunner, log: Log) -> None:
    def failing(token: CancelToken) -> Iterator[object]:
        yield 1
        raise ModelError("There is no memory left.", "Choose a smaller size.")

    job_id = runner.submit(failing)
    after = runner.submit(counting(1))
    wait_for_end(qtbot, log, job_id, after)
    outcome, error = log.ends[job_id]
    assert outcome == Outcome.FAILED
    assert str(error) == "There is no memory left. Choose a smaller size."
    assert log.values(job_id) == [1]
    assert log.ends[after][0] == Outcome.DONE


def test_an_unexpected_exception_becomes_a_message_and_a_log_entry(
    qtbot: QtBot, runner: JobRunner, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(token: CancelToken) -> Iterator[object]:
        raise ZeroDivisionError("oops")

    job_id = runner.submit(broken, label="Track dog")
    wait_for_end(qtbot, log, job_id)
    outcome, error = log.ends[job_id]
    assert outcome == Outcome.FAILED
    assert "Track dog" in str(error)
    assert "oops" in str(error)
    assert "Traceback" in caplog.text


def test_a_job_does_not_cut_in_on_one_of_its_own_priority(
    qtbot: QtBot, runner: JobRunner, log: Log
) -> None:
    gate = Gate()
    first = runner.submit(gate)
    assert gate.started.wait(5)
    second = runner.submit(counting(1))
    gate.passes.release(3)
    qtbot.waitUntil(lambda: len(log.steps) >= 3, timeout=5000)
    assert log.starts == [first]
    runner.cancel(first)
    wait_for_end(qtbot, log, first, second)
    assert log.starts == [first, second]


def test_a_step_on_its_way_when_the_job_is_cancelled_is_dropped(
    qtbot: QtBot, runner: JobRunner, log: Log
) -> None:
    yielded = threading.Event()

    def job(token: CancelToken) -> Iterator[object]:
        yield "late"
        yielded.set()
        while not token.is_cancelled:
            threading.Event().wait(0.01)

    job_id = runner.submit(job)
    assert yielded.wait(5)  # the step is queued, the window's thread has not handled it
    runner.cancel(job_id)
    wait_for_end(qtbot, log, job_id)
    assert log.steps == []
    after = runner.submit(counting(CREDITS + 1))
    wait_for_end(qtbot, log, after)  # its credit came back
    assert log.values(after) == list(range(CREDITS + 1))


def test_a_job_is_active_until_it_is_cancelled_or_ends(
    qtbot: QtBot, runner: JobRunner, log: Log
) -> None:
    gate = Gate()
    job_id, done = runner.submit(gate), runner.submit(counting(1), priority=Priority.INTERACTIVE)
    assert runner.is_active(job_id)
    assert not runner.is_idle
    assert not runner.is_active(job_id + 1000)
    gate.passes.release()
    runner.cancel(job_id)
    assert not runner.is_active(job_id)
    wait_for_end(qtbot, log, job_id, done)
    assert not runner.is_active(done)


def test_a_runner_with_an_idle_job_only_is_idle(qtbot: QtBot, runner: JobRunner, log: Log) -> None:
    gate = Gate()
    job_id = runner.submit(gate, priority=Priority.IDLE)
    assert gate.started.wait(5)
    assert runner.is_idle
    assert runner.is_active(job_id)
    runner.cancel_all()
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


def test_the_steps_of_every_job_are_closed(qtbot: QtBot, runner: JobRunner, log: Log) -> None:
    steps = Closable()
    job_id = runner.submit(lambda token: steps)
    wait_for_end(qtbot, log, job_id)
    assert steps.is_closed


def test_a_mistake_is_reported_with_the_job_and_what_to_do(
    qtbot: QtBot, runner: JobRunner, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(token: CancelToken) -> Iterator[object]:
        raise ZeroDivisionError("oops")

    named, nameless = runner.submit(broken, label="Track dog"), runner.submit(broken)
    wait_for_end(qtbot, log, named, nameless)
    errors = [error for _, error in log.ends.values()]
    assert [error and error.sentence for error in errors] == [
        "Track dog failed: ZeroDivisionError: oops.",
        "A background job failed: ZeroDivisionError: oops.",
    ]
    assert all(error and error.hint.startswith("Your work is saved.") for error in errors)
    assert [record.getMessage() for record in caplog.records][:1] == ["job 'Track dog' failed"]


def test_nothing_is_delivered_after_shutdown(qtbot: QtBot) -> None:
    runner = JobRunner()
    log = Log(runner)
    job_id = runner.submit(counting(2))
    assert runner.shutdown(5000)
    qtbot.wait(20)
    assert (log.starts, log.steps, log.ends) == ([], [], {})
    assert not runner.is_active(job_id)


def test_a_runner_belongs_to_its_parent(qtbot: QtBot) -> None:
    window = QObject()
    runner = JobRunner(window)
    assert runner.parent() is window
    assert runner.shutdown(5000)
