"""Cleaning masks needs no model."""

import subprocess
import sys

from tests.helpers.sources import ROOT

FILL_HOLES = """
import sys
import numpy as np
from app.core.cancel import CancelToken
from app.core.masks import RleMask
from app.jobs.cleanup import cleanup_job
from app.tracking.backend import MaskFault

bitmap = np.ones((9, 9), dtype=np.bool_)
bitmap[4, 4] = False
[step] = cleanup_job(1, {0: RleMask.encode(bitmap)}, MaskFault.HOLES, 1)(CancelToken())
print(step.after.area, "torch" in sys.modules)
"""


def test_holes_are_filled_without_loading_torch() -> None:
    command = [sys.executable, "-c", FILL_HOLES]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["81", "False"]
