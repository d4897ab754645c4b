"""Workers of a cluster, by Dask distributed.

Dask finds the workers, carries jobs to them and notices when one is gone.  Which job runs where,
and what happens after a failure, is decided by `app.batch.scheduler`, as on this computer.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from app.batch.execution import run_job
from app.batch.jobs import Assignment, AttemptOutcome, Ending
from app.core.errors import AppError, UsageError

if TYPE_CHECKING:
    from distributed import Client, Future

WAIT_S = 0.5
CONNECT_S = 30
GPU = "GPU"
"""The resource of workers that jobs with GPUs use (`dask worker --resources "GPU=1"`)."""

_EXTRA = "pip install 'tinysam2-annotator[cluster]'"


def connect(address: str, say: Callable[[str], None]) -> "Client":
    """Connect to the scheduler of a cluster.

    Args:
        address: of the scheduler.
        say: shows that it waits for the scheduler, for up to `CONNECT_S` seconds.

    Raises:
        UsageError: Dask is not installed, or no scheduler is at that address.
    """
    try:
        from distributed import Client, Security
        from distributed.comm.core import connect as open_connection
    except ImportError as error:
        raise UsageError("--cluster needs Dask distributed.", f"Install it: {_EXTRA}") from error

    async def reach() -> None:
        options = Security().get_connection_args("client")
        (await open_connection(address, timeout=CONNECT_S, **options)).abort()

    say(f"connecting to {address}")
    try:
        asyncio.run(reach())  # freeing a `Client` that found no scheduler blocks for a minute
        return Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"There is no Dask scheduler at {address}.", "Start it, or check the address."
        ) from error


class DaskPool:
    """Runs jobs on the workers of a Dask cluster, which may come and go.

    Args:
        client: the connection to the scheduler, closed by `close`.
        threads: of each job; None gives a job all threads of its worker.
        gpus_per_job: GPUs that a job reserves of the resource `GPU`; 0 for none.
    """

    def __init__(self, client: "Client", threads: int | None, gpus_per_job: int = 0) -> None:
        self._client = client
        self._threads = threads
        self._gpus_per_job = gpus_per_job
        self._running: dict[str, tuple[str, Future[AttemptOutcome]]] = {}
        self._batch = uuid.uuid4().hex[:8]

    def __enter__(self) -> Self:
        """Return the pool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._client.close()

    def slots(self) -> Mapping[str, str]:
        """Return the slots of the workers that are there now."""
        return {
            f"{address} {number}": address
            for address, worker in self._workers().items()
            for number in range(self._slot_count(worker))
        }

    def _workers(self) -> Mapping[str, Mapping[str, Any]]:
        try:
            found: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        except OSError as error:
            raise AppError(
                "The connection to the Dask scheduler broke.", "Run the batch again to continue it."
            ) from error
        return found

    def _slot_count(self, worker: Mapping[str, Any]) -> int:
        threads = int(worker["nthreads"])
        count = max(1, threads // (self._threads or threads))
        if not self._gpus_per_job:
            return count
        return min(count, int(worker["resources"].get(GPU, 0)) // self._gpus_per_job)

    def start(self, slot: str, assignment: Assignment) -> None:
        """Start a job in a free slot."""
        address = slot.split(" ")[0]
        future = self._client.submit(
            run_on_worker,
            assignment,
            self._threads is None,
            key=f"tinysam2-{self._batch}-{assignment.job.name}-{assignment.attempt}",
            workers=[address],
            resources={GPU: self._gpus_per_job} if self._gpus_per_job else None,
            pure=False,
        )
        self._running[slot] = address, future

    def ended(self) -> list[tuple[str, AttemptOutcome]]:
        """Wait a moment; returns the slots whose jobs have ended or whose worker is gone."""
        time.sleep(WAIT_S)
        present = set(self._workers())
        found = []
        for slot, (address, future) in list(self._running.items()):
            if future.done():
                found.append((slot, _outcome(future)))
            elif address not in present:
                future.cancel()
                found.append(
                    (slot, AttemptOutcome(Ending.LOST, f"Its worker {address} disappeared."))
                )
        for slot, _ in found:
            del self._running[slot]
        return found

    def stop(self) -> None:
        """Let the workers stop all jobs; what they tracked is kept."""
        with suppress(OSError):  # workers that lost their scheduler stop by themselves
            self._client.cancel([future for _, future in self._running.values()], force=True)
        self._running.clear()


def _outcome(future: "Future[AttemptOutcome]") -> AttemptOutcome:
    if future.status == "finished":
        result: AttemptOutcome = future.result()
        return result
    if future.status == "cancelled":
        return AttemptOutcome(Ending.LOST, "The cluster canceled it.")
    return AttemptOutcome(Ending.FAILED, f"{future.exception()}")


def run_on_worker(assignment: Assignment, takes_all_threads: bool) -> AttemptOutcome:
    """Run a job; called in a thread of a Dask worker.

    It stops when the batch cancels it, or is gone itself: the worker then forgets the task.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    if takes_all_threads:
        settings = replace(assignment.settings, threads=worker.state.nthreads)
        assignment = replace(assignment, settings=settings)

    def is_cancelled() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    return run_job(assignment, is_cancelled)
