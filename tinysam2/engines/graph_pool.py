"""Keeps the graphs that no thread runs at the moment, and not all of them."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

KEPT_PER_THREAD = 16
"""Idle graphs that are kept for each thread that runs graphs: those of all stages for two sizes of
images.  One takes 20 to 100 MB."""

Key = TypeVar("Key", bound=Hashable)
Graph = TypeVar("Graph")


class GraphPool(Generic[Key, Graph]):
    """Lends each graph to one thread at a time; those that were not used for longest are dropped.

    How many are kept grows with how many were lent at the same time.
    """

    def __init__(self) -> None:
        self._idle: list[tuple[Key, Graph]] = []  # the latest used last
        self._lent = self._most_lent = 0
        self._lock = Lock()

    @contextmanager
    def lend(self, key: Key, make: Callable[[], Graph]) -> Iterator[Graph]:
        """Lend an idle graph of ``key``; where there is none, it is made."""
        graph = self._take(key)
        try:
            if graph is None:
                graph = make()
            yield graph
        finally:
            self._give_back(key, graph)

    def _take(self, key: Key) -> Graph | None:
        with self._lock:
            self._lent += 1
            self._most_lent = max(self._most_lent, self._lent)
            for at in reversed(range(len(self._idle))):
                if self._idle[at][0] == key:
                    return self._idle.pop(at)[1]
        return None

    def _give_back(self, key: Key, graph: Graph | None) -> None:
        with self._lock:
            self._lent -= 1
            if graph is not None:
                self._idle.append((key, graph))
            del self._idle[: -KEPT_PER_THREAD * self._most_lent]
