"""The program starts itself from a checkout and as a bundled program."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.core.own_command import this_program

ROOT = Path(__file__).parents[3]


def test_from_a_checkout_python_runs_the_package() -> None:
    done = subprocess.run(
        [*this_program(), "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("tinysam2 ")


def test_a_bundled_program_is_its_own_executable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/tinysam2/tinysam2")
    assert this_program() == ("/opt/tinysam2/tinysam2",)
