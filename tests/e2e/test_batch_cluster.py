"""Batches on a Dask cluster of two workers on this computer, one of which is killed.

``TINYSAM2_BATCH_JOBS`` and ``TINYSAM2_BATCH_CLIPS``, a folder of videos, make the test with the
network larger.
"""

import json
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from app.cli import batch, main
from app.media.source import open_source
from tests.helpers.batch import (
    child_environment,
    exported,
    fake_program,
    job,
    summary,
    write_clips,
    write_jobs,
)
from tests.helpers.sources import ROOT

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="needs signals"),
    pytest.mark.filterwarnings("ignore"),  # of Dask and of the web server that it uses
]
NAMES = "abcdef"
FRAMES = 20
START_S = 120.0
REAL_JOBS = int(os.environ.get("TINYSAM2_BATCH_JOBS", "6"))
REAL_CLIPS = Path(os.environ.get("TINYSAM2_BATCH_CLIPS", ROOT / "resources" / "sample")).resolve()
REAL_FRAMES = 8
ANY_LENGTH_S = 3600.0


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    for name, value in child_environment().items():
        monkeypatch.setenv(name, value)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
    ) as found:
        yield found


def kill_worker(cluster: object, when: Callable[[], bool], wait_s: float = START_S) -> None:
    """Kill a worker as soon as something is so."""
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        if when():
            worker = next(iter(cluster.workers.values()))  # type: ignore[attr-defined]
            os.kill(worker.process.pid, signal.SIGKILL)
            return
        time.sleep(0.1)


def has_tracked_a_few(running: Path) -> bool:
    """Wait a second when a job is tracking, so that it has a few frames."""
    journal = list(running.glob("*/out/*.tsam"))
    if not journal or time.time() - journal[0].stat().st_ctime > 5:
        return False
    time.sleep(1.0)
    return True


def is_in_the_middle(out: Path, count: int) -> bool:
    """Return whether half of the jobs are done, and both workers run one."""
    done = len(list(out.glob("*/job.json")))
    running = [folder for folder in out.glob(".unfinished/*") if (folder / "printed").exists()]
    return done >= count // 2 and len(running) == 2


def check_done_once(out: Path, names: list[str]) -> None:
    """Check that all jobs are done, one of them by a second attempt, and none twice."""
    rows = summary(out)
    assert list(rows) == names
    assert {row["state"] for row in rows.values()} == {"done"}
    attempts = sorted(row["attempts"] for row in rows.values())
    assert attempts == [1] * (len(names) - 1) + [2]
    assert list((out / ".unfinished").iterdir()) == []
    for name in names:  # no other process finished a job
        log = (out / "logs" / f"{name}.log").read_text()
        assert log.count("--- attempt") == rows[name]["attempts"]
        done = json.loads((out / name / "job.json").read_text())
        assert done["attempt"] == rows[name]["attempts"]


def test_a_killed_worker_costs_no_result(
    tmp_path: Path, cluster: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clips(tmp_path, NAMES, FRAMES)
    write_jobs(tmp_path, *(job(name, no_check=True) for name in NAMES))
    monkeypatch.setattr(batch, "this_program", lambda: fake_program(tmp_path))
    assert main(["batch", "jobs.jsonl", "--out", "serial", "--workers", "1"]) == 0
    monkeypatch.setattr(batch, "this_program", lambda: fake_program(tmp_path, slow_s=0.15))
    running = tmp_path / "out" / ".unfinished"
    killer = Thread(target=kill_worker, args=(cluster, partial(has_tracked_a_few, running)))
    killer.start()
    address = cluster.scheduler_address  # type: ignore[attr-defined]
    status = main(["batch", "jobs.jsonl", "--out", "out", "--cluster", address])
    killer.join()
    assert status == 0
    check_done_once(tmp_path / "out", list(NAMES))
    assert exported(tmp_path / "out") == exported(tmp_path / "serial")
    assert len(exported(tmp_path / "out")) == sum(FRAMES + more for more in range(len(NAMES)))


def real_jobs() -> list[dict[str, Any]]:
    """Make short jobs on different clips, frames and prompts, with the network of the program."""
    clips = sorted(REAL_CLIPS.glob("*.mp4"))
    lengths, jobs = {}, []
    for clip in clips:
        with open_source(clip) as source:
            lengths[clip] = len(source), source.size_hw
    for number in range(REAL_JOBS):
        clip = clips[number % len(clips)]
        count, (height, width) = lengths[clip]
        first = 5 * number % (count - REAL_FRAMES)
        x, y = width * (2 + number % 5) / 8, height * (3 + number % 3) / 8
        box = {"frame": first, "box": [x - 60, y - 60, x + 60, y + 60]}
        point = {"frame": first + 2 if number % 4 == 3 else first, "points": [[x, y, 1]]}
        objects = [{"id": 1, "prompts": [box if number % 2 else point]}]
        if number % 3 == 0:
            objects.append({"id": 2, "prompts": [{"frame": first, "points": [[y, y, 1]]}]})
        values = {"size": 256, "format": ["davis", "coco"], "no_check": True}
        values |= {"range": f"{first}:{first + REAL_FRAMES - 1}"}
        values |= {"direction": "both"} if number % 4 == 3 else {}
        prompts = {"objects": objects}
        jobs.append({"name": f"{number:02}", "video": str(clip), "prompts": prompts, **values})
    return jobs


def test_the_network_gives_the_same_masks_when_a_worker_is_killed_in_the_middle(
    tmp_path: Path, cluster: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    jobs = real_jobs()
    write_jobs(tmp_path, *jobs)
    assert main(["batch", "jobs.jsonl", "--out", "serial", "--workers", "1", "--threads", "1"]) == 0
    out, serial = tmp_path / "out", tmp_path / "serial"
    middle = partial(is_in_the_middle, out, len(jobs))
    killer = Thread(target=kill_worker, args=(cluster, middle, ANY_LENGTH_S))
    killer.start()
    address = cluster.scheduler_address  # type: ignore[attr-defined]
    status = main(["batch", "jobs.jsonl", "--out", "out", "--cluster", address])
    killer.join()
    assert status == 0
    check_done_once(out, [each["name"] for each in jobs])
    assert len(exported(out, "*.coco.json")) == len(jobs)
    for pattern in ("*.png", "*.coco.json"):
        assert exported(out, pattern) == exported(serial, pattern)
    assert len(exported(out)) >= (REAL_FRAMES - 2) * len(jobs)


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
    # A shell starts what it runs in the background with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["batch", "jobs.jsonl", "--out", "out", "--cluster", address]) == 130
    finally:
        interrupter.join()
        signal.signal(signal.SIGINT, before)
    deadline, log = time.monotonic() + START_S, tmp_path / "out" / "logs" / "a.log"
    while time.monotonic() < deadline and "--resume continues" not in log.read_text():
        time.sleep(0.2)
    assert "--resume continues" in log.read_text()
    assert not (tmp_path / "out" / "a").exists()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1:9", "nowhere", "http://a:9"])
def test_no_scheduler_is_one_sentence_and_leaves_the_earlier_summary(
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("app.batch.dask_pool.CONNECT_S", 1)
    write_clips(tmp_path, "a", 2)
    write_jobs(tmp_path, job("a"))
    monkeypatch.setattr("distributed.Client", None)  # freeing one blocks for a minute
    earlier = tmp_path / "out" / "summary.json"
    earlier.parent.mkdir()
    earlier.write_text("earlier")
    assert main(["batch", "jobs.jsonl", "--out", "out", "--cluster", address]) == 2
    sentence = f"There is no Dask scheduler at {address}. Start it, or check the address."
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"batch: connecting to {address}", f"tinysam2: {sentence}"]
    assert earlier.read_text() == "earlier"
