"""Batches on a Dask cluster of two workers on this computer, one of which is killed."""

import json
import logging
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from app.cli import batch, main
from tests.helpers.batch import (
    child_environment,
    exported,
    fake_program,
    job,
    summary,
    write_clips,
    write_jobs,
)

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="needs signals"),
    pytest.mark.filterwarnings("ignore"),  # of Dask and of the web server that it uses
]
NAMES = "abcdef"
FRAMES = 20
START_S = 120.0


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    for name, value in child_environment().items():
        monkeypatch.setenv(name, value)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
    ) as found:
        yield found


def kill_worker_of(running: Path, cluster: object) -> None:
    """Kill the worker that runs a job once it has tracked a few frames."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        journal = list(running.glob("*/out/*.tsam"))
        if journal and time.time() - journal[0].stat().st_ctime < 5:
            time.sleep(1.0)
            worker = next(iter(cluster.workers.values()))  # type: ignore[attr-defined]
            os.kill(worker.process.pid, signal.SIGKILL)
            return
        time.sleep(0.1)


def test_a_killed_worker_costs_no_result(
    tmp_path: Path, cluster: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clips(tmp_path, NAMES, FRAMES)
    write_jobs(tmp_path, *(job(name, no_check=True) for name in NAMES))
    monkeypatch.setattr(batch, "this_program", lambda: fake_program(tmp_path))
    assert main(["batch", "jobs.jsonl", "--out", "serial", "--workers", "1"]) == 0
    monkeypatch.setattr(batch, "this_program", lambda: fake_program(tmp_path, slow_s=0.15))
    killer = Thread(target=kill_worker_of, args=(tmp_path / "out" / ".unfinished", cluster))
    killer.start()
    address = cluster.scheduler_address  # type: ignore[attr-defined]
    status = main(["batch", "jobs.jsonl", "--out", "out", "--cluster", address])
    killer.join()
    assert status == 0
    rows = summary(tmp_path / "out")
    assert {row["state"] for row in rows.values()} == {"done"}
    attempts = sorted(row["attempts"] for row in rows.values())
    assert attempts == [1] * (len(NAMES) - 1) + [2]
    assert exported(tmp_path / "out") == exported(tmp_path / "serial")
    assert len(exported(tmp_path / "out")) == sum(FRAMES + more for more in range(len(NAMES)))
    assert list((tmp_path / "out" / ".unfinished").iterdir()) == []
    for name in NAMES:  # no other process finished a job
        log = (tmp_path / "out" / "logs" / f"{name}.log").read_text()
        assert log.count("--- attempt") == rows[name]["attempts"]
        done = json.loads((tmp_path / "out" / name / "job.json").read_text())
        assert done["attempt"] == rows[name]["attempts"]


def test_an_interrupted_batch_stops_its_jobs_on_the_workers(
    tmp_path: Path, cluster: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clips(tmp_path, "a", 100)
    write_jobs(tmp_path, job("a", no_check=True))
    monkeypatch.setattr(batch, "this_program", lambda: fake_program(tmp_path, slow_s=0.2))
    running = tmp_path / "out" / ".unfinished"

    def interrupt() -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and not list(running.glob("*/out/*.tsam")):
            time.sleep(0.1)
        time.sleep(2.0)
        os.kill(os.getpid(), signal.SIGINT)

    interrupter = Thread(target=interrupt)
    interrupter.start()
    address = cluster.scheduler_address  # type: ignore[attr-defined]
    assert main(["batch", "jobs.jsonl", "--out", "out", "--cluster", address]) == 130
    interrupter.join()
    deadline, log = time.monotonic() + START_S, tmp_path / "out" / "logs" / "a.log"
    while time.monotonic() < deadline and "--resume continues" not in log.read_text():
        time.sleep(0.2)
    assert "--resume continues" in log.read_text()
    assert not (tmp_path / "out" / "a").exists()


def test_no_scheduler_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("app.batch.dask_pool.CONNECT_S", 1)
    write_clips(tmp_path, "a", 2)
    write_jobs(tmp_path, job("a"))
    words = ["batch", "jobs.jsonl", "--out", "out", "--cluster", "tcp://127.0.0.1:9"]
    assert main(words) == 2
    assert "There is no Dask scheduler at tcp://127.0.0.1:9." in capsys.readouterr().err
