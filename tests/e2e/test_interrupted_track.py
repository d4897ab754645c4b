"""The tracking command, ended by signals from outside, keeps what it tracked."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.core.document import Table
from app.session import Session
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.sources import ROOT
from tests.helpers.synthetic_video import write_numbered_clip

PROGRAM = """
import sys
from app.cli import main
from app.tracking import model_catalog
from tests.helpers.fake_backend import FakeBackend

model_catalog.load_model = lambda settings: FakeBackend(slow_s=float(sys.argv[1]))
raise SystemExit(main(sys.argv[2:]))
"""
FRAMES = 200
START_S = 60.0

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def track(folder: Path, slow_s: float, *words: str) -> "subprocess.Popen[str]":
    arguments = ["track", "clip.mp4", "--prompts", "p.json", "--out", "out", "--no-check", *words]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(slow_s), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts programs in its background with SIGINT ignored, and they pass that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def masks_in(project: Path) -> int:
    session = Session.open(project, FakeBackend)
    session.close()
    return len(session.document.rows(Table.MASKS))


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_what_was_tracked_survives_a_signal(tmp_path: Path, name: str) -> None:
    (tmp_path / "tmp").mkdir()
    write_numbered_clip(tmp_path / "clip.mp4", FRAMES, bframes=0)
    prompts = {"objects": [{"id": 1, "prompts": [{"frame": 0, "points": [[20, 20, 1]]}]}]}
    (tmp_path / "p.json").write_text(json.dumps(prompts))
    project = tmp_path / "out" / "clip.track.tsam"
    with track(tmp_path, 0.1) as process:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and not (project.exists() and masks_in(project) > 5):
            time.sleep(0.3)
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=START_S)
    assert process.returncode == (-signal.SIGKILL if name == "SIGKILL" else 130), err
    assert ("--resume continues" in err) == (name != "SIGKILL")
    assert 5 < masks_in(project) < FRAMES
    assert list((tmp_path / "tmp").iterdir()) == []
    with track(tmp_path, 0.0, "--resume") as process:
        process.communicate(timeout=3 * START_S)
    assert process.returncode == 0
    assert not project.exists()
    assert len(list((tmp_path / "out").rglob("*.png"))) == FRAMES
    assert [file.name for file in tmp_path.rglob(".*")] == []
