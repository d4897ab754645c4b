"""Workers on this computer: a few jobs at once, each in a process of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from queue import Empty, Queue
from threading import Event, Thread

from app.batch.execution import run_job
from app.batch.jobs import Assignment, AttemptOutcome, Ending

WAIT_S = 0.5


class LocalPool:
    """Runs jobs on this computer; each attempt is a new process.

    Args:
        count: number of jobs at once.
        gpus: names of GPUs for each of them, as ``CUDA_VISIBLE_DEVICES`` takes them; empty to leave
            the choice to the program.
    """

    def __init__(self, count: int, gpus: Sequence[str] = ()) -> None:
        slots = map(str, range(1, count + 1))
        self._gpus = dict(zip(slots, gpus or [""] * count, strict=False))
        self._ended: Queue[tuple[str, AttemptOutcome]] = Queue()
        self._stopping = Event()
        self._threads: list[Thread] = []

    def slots(self) -> Mapping[str, str]:
        """Return the slots, each a worker of its own."""
        return {slot: f"local {slot}" for slot in self._gpus}

    def start(self, slot: str, assignment: Assignment) -> None:
        """Start a job in a free slot."""
        if gpu := self._gpus[slot]:
            assignment = replace(assignment, environment=(("CUDA_VISIBLE_DEVICES", gpu),))
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(Thread(target=self._run, args=(slot, assignment)))
        self._threads[-1].start()

    def ended(self) -> list[tuple[str, AttemptOutcome]]:
        """Wait a moment; returns the slots whose jobs have ended."""
        try:
            return [self._ended.get(timeout=WAIT_S)]
        except Empty:
            return []

    def stop(self) -> None:
        """Stop all jobs, and wait until they have saved what they tracked."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, slot: str, assignment: Assignment) -> None:
        outcome = AttemptOutcome(Ending.FAILED, "It ended unexpectedly.")
        try:
            outcome = run_job(assignment, self._stopping.is_set)
        except Exception as error:  # noqa: BLE001 - one job must not end the others
            outcome = AttemptOutcome(Ending.FAILED, f"{type(error).__name__}: {error}")
        finally:
            self._ended.put((slot, outcome))
