"""Kills at random moments and damaged files of every kind, in processes of their own.

``TINYSAM2_KILL_MOMENTS`` and ``TINYSAM2_FUZZ_CASES`` make the slow tests larger.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.fuzzing_files import IMPORTS, PROMPTS
from tests.helpers.sources import ROOT

MOMENTS = int(os.environ.get("TINYSAM2_KILL_MOMENTS", "20"))
CASES = int(os.environ.get("TINYSAM2_FUZZ_CASES", "200"))

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks, and limits memory")


def run(folder: Path, name: str, *words: object, limit_s: float) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.helpers.{name}", *map(str, words), folder],
        cwd=ROOT,
        env={**os.environ, "TINYSAM2_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.slow
def test_kills_lose_nothing_block_nothing_and_leave_nothing(tmp_path: Path) -> None:
    result = run(tmp_path, "killing", MOMENTS, 1, limit_s=60 + 30 * MOMENTS)
    assert result["moments"] == MOMENTS
    assert result["findings"] == []


@pytest.mark.parametrize("kind", ["rows", "media", PROMPTS])
def test_damaged_files_are_read_or_refused_in_a_sentence(tmp_path: Path, kind: str) -> None:
    result = run(tmp_path, "fuzzing", kind, 24, 1, limit_s=120)
    assert result["failures"] == []
    assert 0 < result["refused"] < 24


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rows", "media", PROMPTS, *IMPORTS])
def test_many_damaged_files_are_read_or_refused(tmp_path: Path, kind: str) -> None:
    result = run(tmp_path, "fuzzing", kind, CASES, 2, limit_s=60 + 21 * CASES)
    assert result["failures"] == []
