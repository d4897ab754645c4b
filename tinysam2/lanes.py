"""Threads that share the work on a frame: one encodes the next image, others track objects."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
THREAD_NAME = "tinysam2-lane"
_here = threading.local()


def lanes_here() -> int:
    """Return how many lanes there are where the caller runs in one of them; else 1."""
    count: int = getattr(_here, "count", 1)
    return count


def lanes_for(objects: int, threads: int) -> tuple[int, int]:
    """Return how many lanes track objects with so many threads, and the threads of each lane.

    One lane is for the next image.  As its work ends at another time than that of the objects,
    several objects have as many lanes as there are threads besides it.
    """
    count = 1 + min(objects, threads)
    return count, max(1, threads // count)


class ThreadLanes:
    """Threads with a number of torch threads each; there are none before `resize`.

    Torch's and OpenVINO's operators release the interpreter, and one thread computes two of them
    in less time than two threads one after the other.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._shape = 0, 0

    @property
    def count(self) -> int:
        """How many there are."""
        return self._shape[0]

    def resize(self, count: int, threads: int) -> None:
        """Have ``count`` lanes of ``threads`` torch threads; waits for work that is under way."""
        if self._shape == (count, threads):
            return
        self.close()
        self._shape = count, threads
        self._pool = ThreadPoolExecutor(count, THREAD_NAME)
        all_started = threading.Barrier(count)

        def start(_: int) -> None:
            torch.get_num_threads()  # a new thread takes the program's number when first asked
            torch.set_num_threads(threads)
            _here.count = count
            all_started.wait()

        before = torch.get_num_threads()
        list(self._pool.map(start, range(count)))
        torch.set_num_threads(before)  # new threads take the number that was set last, anywhere

    def submit(self, act: Callable[..., T], *given: object) -> "Future[T]":
        """Run a function in a lane."""
        assert self._pool is not None, "resize first"
        return self._pool.submit(act, *given)

    def close(self) -> None:
        """End all lanes; waits for work that is under way."""
        if self._pool is not None:
            self._pool.shutdown()
        self._pool, self._shape = None, (0, 0)
