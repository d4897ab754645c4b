"""The script of a short GPU run, with an interpreter that only writes down what it is asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.sources import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell script")

INTERPRETER = """#!/bin/sh
echo "$*" >> calls
case "$*" in *sharding*) touch "$5" ;; esac
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Make an interpreter in a copy of the script's folder."""
    script = ROOT / "tools/gpu_run.sh"
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/gpu_run.sh").write_bytes(script.read_bytes())
    (tmp_path / "python").write_text(INTERPRETER)
    for file in ("python", "tools/gpu_run.sh"):
        (tmp_path / file).chmod(0o755)
    return tmp_path


def calls(folder: Path, **settings: str) -> list[str]:
    (folder / "calls").unlink(missing_ok=True)
    environment = {**os.environ, "PYTHON": "./python", **settings}
    subprocess.run([folder / "tools/gpu_run.sh"], env=environment, check=True, timeout=60)
    return (folder / "calls").read_text().splitlines()


def test_weights_are_joined_once_then_training_starts_and_resumes(run: Path) -> None:
    training = (
        "-m tinysam2.training resources/recipes/sam-gpu.toml --parts runs/parts --out runs/sam-gpu "
        "--start runs/sam-gpu/start.safetensors "
        "--teacher-checkpoint runs/sam-gpu/teacher.safetensors --minutes 12 --device cuda"
    )
    joining = [
        "-m tinysam2.checkpoints.sharding join runs/parts "
        f"runs/sam-gpu/{name}.safetensors --name {name}"
        for name in ("start", "teacher")
    ]
    assert calls(run) == [*joining, training]
    assert calls(run, CALL_MINUTES="1") == [training]


def test_settings_win(run: Path) -> None:
    (line,) = calls(
        run, START="a", TEACHER="b", MINUTES="3", DEVICE="cpu", RUN="r", PARTS="p", RECIPE="c"
    )
    expected = "c --parts p --out r --start a --teacher-checkpoint b --minutes 3 --device cpu"
    assert line == f"-m tinysam2.training {expected}"
