"""Keeps the graphs that no thread runs at the moment, but not all of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Generic, TypeVar

KEPT_PER_LENT = 16
"""Idle graphs that are kept for each one that was lent at the same time, and once more for graphs
with another number of threads: two sizes of images with all stages.  One takes 20 to 100 MB."""

Key = TypeVar("Key")
Graph = TypeVar("Graph")


class GraphPool(Generic[Key, Graph]):
    """Lends each graph to one thread at a time; those that were not used for longest are dropped.

    How many are kept grows with the largest number that were lent at the same time.

    Args:
        making: a lock that is held while a graph is made.
    """

    def __init__(self, making: AbstractContextManager[object]) -> None:
        self._making = making
        self._idle: list[tuple[Key, Graph]] = []  # the latest used last
        self._lent = self._most_lent = 0
        self._lock = Lock()

    def idle(self) -> list[tuple[Key, Graph]]:
        """Return the keys and graphs that are not lent, the latest used last."""
        with self._lock:
            return list(self._idle)

    @contextmanager
    def lend(self, key: Key, make: Callable[[], Graph]) -> Iterator[Graph]:
        """Lend an idle graph of ``key``; where there is none, it is made."""
        with self._counted():
            graph = self._take(key)
            if graph is None:
                with self._making:
                    graph = self._take(key)  # it may have been given back meanwhile
                    if graph is None:
                        graph = make()
            try:
                yield graph
            finally:
                self._give_back(key, graph)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._lent += 1
            self._most_lent = max(self._most_lent, self._lent)
        try:
            yield
        finally:
            with self._lock:
                self._lent -= 1

    def _take(self, key: Key) -> Graph | None:
        with self._lock:
            for at in reversed(range(len(self._idle))):
                if self._idle[at][0] == key:
                    return self._idle.pop(at)[1]
        return None

    def _give_back(self, key: Key, graph: Graph) -> None:
        with self._lock:
            self._idle.append((key, graph))
            excess = max(0, len(self._idle) - KEPT_PER_LENT * (self._most_lent + 1))
            dropped = self._idle[:excess]
            del self._idle[:excess]
        dropped.clear()  # not under the lock: freeing a graph takes milliseconds
