"""WorkerThreads have threads of their own and leave those of others alone."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import torch

from tinysam2.devices import processor_threads
from tinysam2.worker_threads import THREAD_NAME, WorkerThreads, group_size, split_threads


@pytest.mark.parametrize(
    ("objects", "threads", "workers"),
    [
        (1, 2, (2, 1)),
        (2, 2, (2, 1)),
        (5, 2, (2, 1)),
        (1, 8, (2, 4)),
        (3, 8, (4, 2)),
        (4, 8, (5, 2)),
        (20, 8, (8, 1)),
        (64, 64, (8, 8)),
    ],
)
def test_workers_share_the_threads(objects: int, threads: int, workers: tuple[int, int]) -> None:
    assert split_threads(objects, threads) == workers


@pytest.mark.parametrize(
    ("objects", "workers", "size"),
    [(0, 2, 1), (1, 2, 1), (3, 2, 1), (4, 2, 2), (5, 2, 2), (10, 2, 4), (8, 8, 1), (20, 8, 3)],
)
def test_each_worker_has_a_group_of_objects_and_one_is_left(
    objects: int, workers: int, size: int
) -> None:
    assert group_size(objects, workers) == size
    assert size * (workers + 1) >= objects


def test_threads_are_a_workers_own() -> None:
    count = torch.get_num_threads
    with processor_threads(4), closing(WorkerThreads()) as workers:
        workers.resize(3, 1)
        assert workers.submit(count).result() == 1
        assert count() == 4
        with ThreadPoolExecutor(1) as later:
            assert later.submit(count).result() == 4
        workers.resize(2, 2)
        assert {workers.submit(count).result() for _ in range(9)} == {2}


def test_no_thread_is_left_when_workers_are_closed() -> None:
    workers = WorkerThreads()
    workers.resize(3, 1)
    workers.close()
    assert workers.count == 0
    assert not [t for t in threading.enumerate() if t.name.startswith(THREAD_NAME)]


def test_a_thread_that_cannot_be_started_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = threading.Thread.start, []

    def start_one(self: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="can't start"), closing(WorkerThreads()) as workers:
        workers.resize(3, 1)
    assert torch.get_num_threads() == before
    started[0].join(20)
    assert not started[0].is_alive()
