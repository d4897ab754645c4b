"""Summarizes the scores of a dataset, as a dictionary, CSV or JSON."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinysam2.evaluation.metrics import Scores, statistics
from tinysam2.evaluation.runner import SequenceResult

Row = Mapping[str, float | None]


def summarize(results: Iterable[SequenceResult]) -> dict[str, Any]:
    """Average scores as the official evaluator does: over frames, then over all objects.

    Returns:
        ``overall`` and ``sequences`` by name, each with ``J&F`` and the ``J_`` and ``F_``
        ``mean``, ``recall`` and ``decay``; a sequence also has its ``objects`` by id.

    Raises:
        ValueError: there are no results.
    """
    results = list(results)
    if not results:
        raise ValueError("results must hold at least one sequence")
    sequences = {result.name: _summarize_sequence(result) for result in results}
    objects = [row for entry in sequences.values() for row in entry["objects"].values()]
    seconds = sum(result.seconds for result in results)
    overall = {
        **mean_row(objects),
        "sequences": len(results),
        "objects": len(objects),
        "frames_per_second": sum(r.tracked_frames for r in results) / seconds,
    }
    return {"overall": overall, "sequences": sequences}


def _summarize_sequence(result: SequenceResult) -> dict[str, Any]:
    objects = {
        str(object_id): _row(region, boundary)
        for object_id, region, boundary in zip(
            result.object_ids, result.region, result.boundary, strict=True
        )
    }
    return {**mean_row(list(objects.values())), "objects": objects}


def _row(region: Scores, boundary: Scores) -> dict[str, float | None]:
    j, f = statistics(region), statistics(boundary)
    return {
        "J&F": (j.mean + f.mean) / 2,
        "J_mean": j.mean,
        "J_recall": j.recall,
        "J_decay": j.decay,
        "F_mean": f.mean,
        "F_recall": f.recall,
        "F_decay": f.decay,
    }


def mean_row(rows: Sequence[Row]) -> dict[str, float | None]:
    """Average each column over the rows that have a value there; None where none has."""
    return {name: mean([row[name] for row in rows]) for name in rows[0]}


def mean(values: Iterable[float | None]) -> float | None:
    """Average the values that are not None; None where there are none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def write_json(summary: Mapping[str, Any], path: Path) -> None:
    """Write a summary."""
    path.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


def write_csv(summary: Mapping[str, Any], path: Path) -> None:
    """Write the figures of each object of a summary, and in a last row those over all objects."""
    rows = [
        {"sequence": name, "object": object_id, **_numbers(row)}
        for name, entry in summary["sequences"].items()
        for object_id, row in entry["objects"].items()
    ]
    columns = list(rows[0])
    overall = {name: value for name, value in summary["overall"].items() if name in columns}
    write_rows([*rows, {"sequence": "overall", "object": "", **overall}], path)


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out lists, which do not fit into a column of numbers."""
    return {name: value for name, value in row.items() if not isinstance(value, list)}


def write_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write a table as CSV; the first row names the columns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
