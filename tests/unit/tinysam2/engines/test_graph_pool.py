"""Graphs are used again, by one thread at a time, and no more are kept than two sizes need."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event, Lock

import pytest

from tinysam2.engines.graph_pool import KEPT_PER_LENT, GraphPool

KEPT = 2 * KEPT_PER_LENT
"""Graphs that are kept where one thread runs them."""


class SignalingLock:
    """A lock that tells when a thread wants it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.is_wanted = Event()

    def __enter__(self) -> None:
        self.is_wanted.set()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


class Maker:
    """Makes graphs, which are numbers here, and keeps count of them."""

    def __init__(self) -> None:
        self.making = SignalingLock()
        self.pool = GraphPool[str, int](self.making)
        self.made = 0

    def __call__(self) -> int:
        self.made += 1
        return self.made

    def use(self, *keys: str) -> list[int]:
        """Use graphs one after the other."""
        found = []
        for key in keys:
            with self.pool.lend(key, self) as graph:
                found.append(graph)
        return found


def test_an_idle_graph_is_used_again() -> None:
    assert Maker().use("a", "b", "a", "b") == [1, 2, 1, 2]


def test_a_graph_in_use_is_not_lent_again() -> None:
    maker = Maker()
    with maker.pool.lend("a", maker) as first, maker.pool.lend("a", maker) as second:
        assert (first, second) == (1, 2)
    maker.use("a")
    assert maker.made == 2


def test_the_graph_that_was_not_used_for_longest_is_dropped() -> None:
    maker = Maker()
    kept = [str(number) for number in range(KEPT)]
    maker.use(*kept, "0", "one more")
    assert maker.use("0") == [1]
    assert maker.use("1") == [KEPT + 2]


def test_threads_that_run_at_the_same_time_keep_as_many_each() -> None:
    maker = Maker()
    with ExitStack() as lent:
        for _ in range(2):
            lent.enter_context(maker.pool.lend("a", maker))
    kept = [str(number) for number in range(KEPT + KEPT_PER_LENT)]
    maker.use(*kept)
    made = maker.made
    maker.use(*kept)
    assert maker.made == made


def test_a_graph_that_cannot_be_made_leaves_the_pool_as_it_was() -> None:
    maker = Maker()

    def fail() -> int:
        raise ValueError("no such layer")

    with pytest.raises(ValueError, match="no such layer"), maker.pool.lend("a", fail):
        pass
    assert maker.use("a") == [1]
    maker.use(*map(str, range(KEPT)))  # as many as one thread keeps
    assert maker.use("a") == [KEPT + 2]


def test_a_thread_that_waited_takes_a_graph_that_was_given_back_meanwhile() -> None:
    maker = Maker()
    with ThreadPoolExecutor(1) as threads:
        with maker.pool.lend("a", maker):
            maker.making.is_wanted.clear()
            maker.making.lock.acquire()
            found = threads.submit(maker.use, "a")
            assert maker.making.is_wanted.wait(20)
        maker.making.lock.release()
        assert found.result() == [1]
