"""A rented GPU has torch and little else: training must not import what the application needs."""

import subprocess
import sys

from tests.helpers.sources import ROOT

NOT_THERE = ("PySide6", "av", "imageio", "platformdirs", "pycocotools", "pyqtgraph")


def test_training_starts_without_the_libraries_of_the_application() -> None:
    code = f"""
import sys
sys.modules.update(dict.fromkeys({NOT_THERE!r}))
import tinysam2.checkpoints.sharding, tinysam2.training.__main__
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
