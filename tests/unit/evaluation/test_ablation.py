import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tinysam2.config import FULL_MEMORY, MemoryConfig, MemoryPolicy
from tinysam2.evaluation.ablation import ablate, as_text, configs
from tinysam2.evaluation.report import write_rows
from tinysam2.evaluation.runner import SequenceResult

TOKEN_BYTES = 256


class ScriptedData:
    """Scores full memory 0.8 and any other 0.6, with the tokens of its budget at 100 locations."""

    def __init__(self) -> None:
        self.asked: list[MemoryConfig] = []

    def __call__(self, memory: MemoryConfig) -> Iterator[SequenceResult]:
        self.asked.append(memory)
        score = np.full((1, 2), 0.8 if memory == FULL_MEMORY else 0.6)
        tokens = memory.token_budget((10, 10)) or 700
        yield SequenceResult("surf", (1,), (1, 2), score, score, 4, 0.1, (20, tokens), (tokens,))


def test_every_policy_pooling_and_budget_has_its_row() -> None:
    settings = configs(MemoryConfig())
    assert next(iter(settings)) == "full memory"
    assert settings["full memory"] == FULL_MEMORY
    assert {settings[f"policy {p}"].policy for p in MemoryPolicy} == set(MemoryPolicy)
    assert [settings[f"pool {k} x {k}"].pool for k in (1, 2, 4)] == [1, 2, 4]
    ratios = [settings[f"keep {r}"].keep_ratio for r in ("3%", "7%", "15%", "all")]
    assert ratios == [0.03, 0.07, 0.15, None]


def test_rows_depart_from_the_models_own_memory() -> None:
    settings = configs(MemoryConfig(quality_threshold=0.2, pool=4))
    assert settings["policy fifo"] == MemoryConfig(MemoryPolicy.FIFO, 7, 0.2, 4)
    assert settings["full memory"] == FULL_MEMORY


def test_rows_are_scored_when_asked_for_and_equal_ones_once() -> None:
    data = ScriptedData()
    rows = ablate(data, MemoryConfig(), TOKEN_BYTES)
    assert not data.asked
    next(rows)
    assert data.asked == [FULL_MEMORY]
    assert len(list(rows)) == 12
    assert len(data.asked) == len(set(data.asked)) == 11


def test_row_compares_with_full_memory() -> None:
    rows = {row["setting"]: row for row in ablate(ScriptedData(), MemoryConfig(), TOKEN_BYTES)}
    assert rows["full memory"]["of_full"] == 1
    ours = rows["policy quality"]
    assert ours["of_full"] == pytest.approx(0.75)
    assert (ours["J"], ours["F"]) == (pytest.approx(0.6), pytest.approx(0.6))
    assert (ours["tokens_stored_mean"], ours["tokens_stored_max"]) == (34.5, 49)
    assert (ours["tokens_attended_mean"], ours["tokens_attended_max"]) == (49, 49)
    assert (ours["bytes_mean"], ours["bytes_max"]) == (34.5 * TOKEN_BYTES, 49 * TOKEN_BYTES)
    assert ours["ms_per_frame"] == pytest.approx(25)


def test_table_is_written_for_people_and_for_machines(tmp_path: Path) -> None:
    rows = list(ablate(ScriptedData(), MemoryConfig(), TOKEN_BYTES))
    lines = as_text(rows).splitlines()
    assert lines[0].split() == [
        *("setting", "J&F", "J", "F", "of", "full", "stored", "attended", "KiB", "ms/frame")
    ]
    assert len({len(line) for line in lines}) == 1
    assert " ".join(lines[2].split()) == (
        "policy quality 60.0 60.0 60.0 75.0% 34 / 49 49 / 49 9 / 12 25"
    )
    write_rows(rows, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open() as file:
        read = list(csv.DictReader(file))
    assert [row["setting"] for row in read] == [row["setting"] for row in rows]
    assert read[-1]["keep_ratio"] == ""
