"""Damaged mask files of every kind are read, or refused in one sentence; nothing else happens.

The many cases, in processes of limited memory, are in ``tests/unit/storage/test_robustness.py``.
"""

import os
from pathlib import Path

import pytest

from tests.helpers.fuzzing_files import IMPORTS

if os.name != "posix":
    pytest.skip("limits the time of a case by signals", allow_module_level=True)

from tests.helpers.fuzzing import cases, limited


@pytest.mark.parametrize("name", IMPORTS)
def test_damaged_files_are_read_or_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    found = list(limited(cases(name, 15, 1, tmp_path)))
    assert len(found) == 15
    assert [wrong for _, wrong, _ in found if wrong] == []
