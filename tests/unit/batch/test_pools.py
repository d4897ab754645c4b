"""How many jobs a pool runs at once, and with which GPUs."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from app.batch import local_pool
from app.batch.dask_pool import DaskPool
from app.batch.jobs import Assignment, AttemptOutcome, BatchJob, Ending, RunSettings
from app.batch.local_pool import LocalPool
from app.cli.batch import _gpu_groups
from app.core.errors import UsageError

ASSIGNMENT = Assignment(
    BatchJob(1, "a", "", "", ""), RunSettings("results", "scratch", 1, 0.0, ("tinysam2",))
)


@dataclass
class StillCluster:
    """Two workers, one of them with two GPUs."""

    submitted: list[dict[str, Any]] = field(default_factory=list)

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        assert n_workers == -1  # all
        return {
            "workers": {
                "tcp://one": {"nthreads": 4, "resources": {}},
                "tcp://two": {"nthreads": 4, "resources": {"GPU": 2}},
            }
        }

    def submit(self, *_words: object, **options: Any) -> None:  # noqa: ANN401
        self.submitted.append(options)


@pytest.mark.parametrize(
    ("threads", "gpus", "slots"),
    [(None, 0, [1, 1]), (2, 0, [2, 2]), (8, 0, [1, 1]), (1, 1, [0, 2]), (None, 1, [0, 1])],
)
def test_threads_and_gpus_divide_the_workers_of_a_cluster(
    threads: int | None, gpus: int, slots: list[int]
) -> None:
    pool = DaskPool(cast("Any", StillCluster()), threads, gpus)
    workers = list(pool.slots().values())
    assert [workers.count(address) for address in ("tcp://one", "tcp://two")] == slots


def test_a_job_reserves_its_gpus_on_the_chosen_worker() -> None:
    cluster = StillCluster()
    pool = DaskPool(cast("Any", cluster), 1, 1)
    pool.start("tcp://two 1", ASSIGNMENT)
    (options,) = cluster.submitted
    assert options["workers"] == ["tcp://two"]
    assert options["resources"] == {"GPU": 1}


def test_each_local_job_sees_its_own_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,5,7,9")
    groups = _gpu_groups(2)
    assert groups == ["0,1", "5,7"]
    with pytest.raises(UsageError, match="--gpus-per-job 6 needs more GPUs than the 5 here"):
        _gpu_groups(6)
    seen = []

    def record(assignment: Assignment, _should_stop: object) -> AttemptOutcome:
        seen.append(dict(assignment.environment)["CUDA_VISIBLE_DEVICES"])
        return AttemptOutcome(Ending.DONE)

    monkeypatch.setattr(local_pool, "run_job", record)
    pool = LocalPool(2, groups)
    for slot in pool.slots():
        pool.start(slot, ASSIGNMENT)
    found = [pool.ended(), pool.ended()]
    pool.stop()
    assert sorted(seen) == groups
    assert sorted(slot for ((slot, _),) in found) == ["1", "2"]
