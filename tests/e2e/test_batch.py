"""Batches on this computer: results, retries, repetition, interruption."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

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
from tests.helpers.sources import ROOT

Run = Callable[..., tuple[int, str]]
START_S = 120.0


def mask_prompts(mask: str) -> dict[str, object]:
    return {"objects": [{"id": 1, "prompts": [{"frame": 0, "mask": mask}]}]}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(batch, "this_program", lambda: fake_program(tmp_path))
    for name, value in child_environment().items():
        monkeypatch.setenv(name, value)

    def run_batch(*words: str) -> tuple[int, str]:
        status = main(["batch", "jobs.jsonl", "--out", "out", *words])
        return status, capsys.readouterr().err

    return run_batch


def test_a_batch_writes_each_job_whole_retries_and_repeats_nothing(
    tmp_path: Path, run: Run
) -> None:
    write_clips(tmp_path, "abc", 4)
    outside = {"objects": [{"id": 1, "prompts": [{"frame": 0, "points": [[999, 20, 1]]}]}]}
    write_jobs(
        tmp_path,
        job("a", format=["davis", "coco"], memory_report=True),
        job("b", range="0:2"),
        job("c", prompts=outside),
    )
    (tmp_path / "crash").write_text("b")  # its first attempt
    status, err = run("--workers", "2")
    assert status == 1
    rows, out = summary(tmp_path / "out"), tmp_path / "out"
    assert {name: row["state"] for name, row in rows.items()} == dict(
        a="done", b="done", c="failed"
    )
    assert {name: row["attempts"] for name, row in rows.items()} == dict(a=1, b=2, c=3)
    assert "outside the frame" in rows["c"]["reason"]
    assert "batch: 3/3 jobs" in err
    assert len(exported(out / "a")) == 4
    assert len(exported(out / "b")) == 3
    assert not (out / "c").exists()
    assert {"coco", "davis"} == set(json.loads((out / "a" / "job.json").read_text())["exports"])
    assert (out / "a" / "memory.json").is_file()
    assert (out / "logs" / "c.log").read_text().count("outside the frame") == 3
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    write_jobs(tmp_path, job("a", format="davis,coco", memory_report=True), job("b", range="0:2"))
    assert run()[0] == 0
    assert {row["state"] for row in summary(out).values()} == {"skipped"}
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.png")} == before
    write_jobs(tmp_path, job("b", range="1:2", direction="both"))
    assert run()[0] == 1  # its prompt is outside the range now, and what was done stays
    assert len(exported(out / "b")) == 3


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 2: it is not valid JSON"),
        ("[]", "line 2: it must be a JSON object"),
        ('{"video": "a.mp4"}', "line 2: 'prompts' is missing"),
        (json.dumps(job("a", sise=64)), "line 2: there is no option 'sise'"),
        (json.dumps(job("a", out="x")), "line 2: there is no option 'out'"),
        (json.dumps(job("b", video="no.mp4")), "no.mp4 does not exist"),
        (json.dumps(job("b", video="a.mp4", size="x")), "line 2: Argument --size"),
        (json.dumps(job("b", video="a.mp4", format="gif")), "no export format 'gif'"),
        (json.dumps(job("b", video="a.mp4", range="5:1")), "--range 5:1 ends before"),
        (json.dumps(job("b", video="a.mp4", prompts="p.json")), "p.json cannot be read"),
        (json.dumps(job("b", video="a.mp4", prompts=3)), "line 2: the prompts must be"),
        (json.dumps(job("b", video="a.mp4", images="yes")), "'images' must be true or false"),
        (json.dumps(job("../b", video="a.mp4")), "cannot be the name of a folder"),
        (json.dumps(job("logs", video="a.mp4")), "cannot be the name of a folder"),
        (json.dumps(job("Summary.json", video="a.mp4")), "cannot be the name of a folder"),
        (json.dumps(job("b", video="a.mp4", size=[448])), "'size' must be text or a number"),
        (json.dumps(job("b", video="a.mp4", verified=True)), "there is no option 'verified'"),
        (json.dumps(job("a")), "line 2: the name 'a' is that of line 1 already"),
        (json.dumps(job("b", video="a.mp4", checkpoint="no.bin")), "no weights file"),
        (
            json.dumps(job("b", video="a.mp4", prompts=mask_prompts("http://127.0.0.1/a.png"))),
            "line 2: a mask must be a file beside its prompts",
        ),
        (
            json.dumps(job("b", video="a.mp4", prompts=mask_prompts("no.png"))),
            "no.png cannot be read",
        ),
        (json.dumps(job("b", video="no-such-kind://x/a.mp4")), "no-such-kind"),
    ],
)
def test_a_wrong_line_is_one_sentence_with_its_number(
    tmp_path: Path, run: Run, line: str, sentence: str
) -> None:
    write_clips(tmp_path, "a", 2)
    path = write_jobs(tmp_path, job("a"))
    path.write_text(path.read_text() + line + "\n")
    status, err = run()
    assert status == 2
    assert len(err.splitlines()) == 1
    assert "jobs.jsonl, line 2: " in err
    assert sentence in err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_an_ended_batch_is_continued(tmp_path: Path, run: Run, name: str) -> None:
    write_clips(tmp_path, "a", 60)
    write_jobs(tmp_path, job("a", no_check=True))
    program = fake_program(tmp_path, slow_s=0.2)
    code = (
        "import sys; from app.cli import batch, main; "
        f"batch.this_program = lambda: {program!r}; raise SystemExit(main(sys.argv[1:]))"
    )
    words = ["batch", "jobs.jsonl", "--out", "out", "--restart-below", "0"]
    project = tmp_path / "out" / ".unfinished"
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=tmp_path,
        env={**os.environ, **child_environment(), "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    ) as process:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and b"tracking" not in _log(tmp_path):
            time.sleep(0.2)
        process.send_signal(getattr(signal, name))
        process.communicate(timeout=START_S)
    assert process.returncode == (-signal.SIGKILL if name == "SIGKILL" else 130)
    assert len(list(project.rglob("*.tsam"))) == 1
    if name == "SIGTERM":
        assert summary(tmp_path / "out")["a"]["state"] == "not run"
    assert run("--restart-below", "0")[0] == 0
    row = summary(tmp_path / "out")["a"]
    assert row["attempts"] == 1  # the process of the job ended with the batch
    assert row["is_resumed"]
    assert row["frames"] < 60
    assert len(exported(tmp_path / "out" / "a")) == 60
    assert list(project.iterdir()) == []


def _log(folder: Path) -> bytes:
    path = folder / "out" / "logs" / "a.log"
    return path.read_bytes() if path.exists() else b""


def test_a_second_batch_in_the_same_folder_is_refused(tmp_path: Path, run: Run) -> None:
    from app.batch.results import only_batch

    write_clips(tmp_path, "a", 2)
    write_jobs(tmp_path, job("a"))
    with only_batch(str(tmp_path / "out")):
        status, err = run()
    assert status == 1
    assert "Another batch is writing to" in err


def test_without_the_extra_one_sentence_names_it(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clips(tmp_path, "a", 2)
    write_jobs(tmp_path, job("a"))
    monkeypatch.setitem(sys.modules, "distributed", None)
    earlier = tmp_path / "out" / "summary.json"
    earlier.parent.mkdir()
    earlier.write_text("earlier")
    status, err = run("--cluster", "tcp://127.0.0.1:1")
    assert earlier.read_text() == "earlier"
    assert status == 2
    assert len(err.splitlines()) == 1
    assert "pip install 'tinysam2-annotator[cluster]'" in err
