"""Jobs of a batch on small clips, run by the program with the fake tracker."""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.helpers.sources import ROOT
from tests.helpers.synthetic_video import write_numbered_clip

PROGRAM = """
import os, sys
from pathlib import Path
from app.cli import main
from app.tracking import model_catalog
from tests.helpers.fake_backend import FakeBackend

slow_s, crash, words = float(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
if crash.is_file() and f"{crash.read_text()}.mp4" in words[1]:
    crash.unlink()
    os._exit(3)
model_catalog.load_model = lambda settings: FakeBackend(slow_s)
raise SystemExit(main(words))
"""
"""Arguments: seconds per frame; a file that names a clip whose first job crashes; those of the
program."""


def fake_program(folder: Path, slow_s: float = 0.0) -> tuple[str, ...]:
    """Return the command of the program with the fake tracker."""
    return (sys.executable, "-c", PROGRAM, str(slow_s), str(folder / "crash"))


def child_environment() -> dict[str, str]:
    """Return the environment in which children find this project first."""
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}


def job(name: str, **values: object) -> dict[str, Any]:
    """Return a line of a jobs file for the clip of this name."""
    point = {"frame": 0, "points": [[20, 20, 1]]}
    prompts = {"objects": [{"id": 1, "prompts": [point]}]}
    video = f"{name}.mp4"
    return {"name": name, "video": video, "prompts": prompts, "checkpoint": "weights.bin", **values}


def write_jobs(folder: Path, *jobs: object) -> Path:
    """Write a jobs file and weights that the fake tracker does not read."""
    (folder / "weights.bin").write_bytes(b"weights")
    path = folder / "jobs.jsonl"
    path.write_text("\n".join(map(json.dumps, jobs)) + "\n")
    return path


def write_clips(folder: Path, names: str, frames: int) -> None:
    """Write a clip per character, of different lengths."""
    for more, name in enumerate(names):
        write_numbered_clip(folder / f"{name}.mp4", frames + more, bframes=0)


def exported(folder: Path, pattern: str = "*.png") -> dict[str, str]:
    """Return the hashes of all exported files of a kind below a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob(pattern))
    }


def summary(out: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of the summary by job."""
    return {row["name"]: row for row in json.loads((out / "summary.json").read_text())["jobs"]}
