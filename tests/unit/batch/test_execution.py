"""What a job that could not be run reports."""

import json
from pathlib import Path

import fsspec

from app.batch.execution import MAX_MASK_BYTES, run_job
from app.batch.jobs import Assignment, BatchJob, Ending, RunSettings


def assignment(folder: Path, mask: str) -> Assignment:
    prompts = {"objects": [{"id": 1, "prompts": [{"frame": 0, "mask": mask}]}]}
    job = BatchJob(1, "a", "0" * 64, "a.mp4", json.dumps(prompts))
    settings = RunSettings(str(folder / "out"), str(folder / "scratch"), 1, 0.0, ("no-program",))
    return Assignment(job, settings)


def test_a_mask_that_cannot_be_fetched_is_named(tmp_path: Path) -> None:
    url = "memory://masks/lost.png"
    outcome = run_job(assignment(tmp_path, url), lambda: False)
    reason = f"{url} cannot be read: it does not exist, or its server cannot be reached."
    assert (outcome.ending, outcome.reason) == (Ending.FAILED, reason)


def test_a_mask_that_is_too_large_is_named(tmp_path: Path) -> None:
    url = "memory://masks/large.png"
    fsspec.filesystem("memory").pipe_file("/masks/large.png", bytes(MAX_MASK_BYTES + 1))
    outcome = run_job(assignment(tmp_path, url), lambda: False)
    fsspec.filesystem("memory").rm_file("/masks/large.png")
    assert outcome.reason == f"{url} cannot be read: it is larger than 64 MB."


def test_results_that_cannot_be_written_are_reported_as_such(tmp_path: Path) -> None:
    (tmp_path / "scratch").write_text("a file where a folder should be")
    outcome = run_job(assignment(tmp_path, "mask.png"), lambda: False)
    assert outcome.reason.startswith("Its results cannot be written: ")
