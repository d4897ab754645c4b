"""Worker threads that share the work on frames: they track objects and encode later images."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

import torch

T = TypeVar("T")
MOST_WORKERS = 8
"""Workers, at most: each has compiled graphs of its own, and objects rarely are more."""
THREAD_NAME = "tinysam2-worker"


def split_threads(objects: int, threads: int) -> tuple[int, int]:
    """Return how many workers share the work, and the torch threads of each.

    There is one for each object and one for an image, up to the number of threads and to
    `MOST_WORKERS`.
    """
    count = min(objects + 1, threads, MOST_WORKERS)
    return count, max(1, round(threads / count))


def group_size(objects: int, workers: int) -> int:
    """Return how many objects of a frame a worker tracks together, at most.

    What it does besides running the network takes less time for two at once than for each alone.
    There is a group for each worker and another one, while images are encoded.
    """
    return max(1, -(-objects // (workers + 1)))


def all_results(found: "Sequence[Future[T]]") -> list[T]:
    """Wait until all have ended, even if one failed, and return their results.

    Only then may what they work on be changed.
    """
    wait(found)
    return [each.result() for each in found]


class WorkerThreads:
    """Threads that run functions in the order of `submit`, with a number of torch threads each.

    There are none before `resize`.  Operators of torch and OpenVINO release the interpreter.  Two
    of them at the same time, with one thread each, take less time than one after the other with
    two threads.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._shape = 0, 0

    @property
    def count(self) -> int:
        """How many there are."""
        return self._shape[0]

    def resize(self, count: int, threads: int) -> None:
        """Have ``count`` workers of ``threads`` torch threads; waits for work that is under way."""
        if self._shape == (count, threads):
            return
        self.close()
        self._shape = count, threads
        self._pool = ThreadPoolExecutor(count, THREAD_NAME)
        all_started = threading.Barrier(count)

        def start(_: int) -> None:
            torch.get_num_threads()  # a new thread takes the program's number when first asked
            torch.set_num_threads(threads)
            all_started.wait()

        before = torch.get_num_threads()
        try:
            list(self._pool.map(start, range(count)))
        except BaseException:
            all_started.abort()  # a thread could not be started; the others wait for it
            raise
        finally:
            torch.set_num_threads(before)  # later threads take the number that was set last

    def submit(self, act: Callable[..., T], *given: object) -> "Future[T]":
        """Run a function in a worker."""
        assert self._pool is not None, "resize first"
        return self._pool.submit(act, *given)

    def close(self) -> None:
        """End all workers; waits for work that is under way."""
        if self._pool is not None:
            self._pool.shutdown()
        self._pool, self._shape = None, (0, 0)
