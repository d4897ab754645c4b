"""What became of the jobs of a batch: as JSON and as a table."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from app.batch.results import LOGS
from app.batch.scheduler import JobRecord

SUMMARY = "summary.json"
COLUMNS = ("job", "state", "attempts", "frames", "seconds", "worker", "reason")


def summary_values(records: Sequence[JobRecord], seconds: float) -> dict[str, Any]:
    """Return the content of the summary.

    Args:
        records: of all jobs.
        seconds: how long the batch ran.
    """
    return {
        "counts": dict(Counter(record.state for record in records)),
        "seconds": round(seconds, 3),
        "jobs": [_values(record) for record in records],
    }


def _values(record: JobRecord) -> dict[str, Any]:
    outcome = record.outcome
    return {
        "name": record.job.name,
        "line": record.job.line,
        "key": record.job.key,
        "video": record.job.video,
        "state": record.state,
        "attempts": record.attempts,
        "workers": record.workers,
        "frames": outcome.frames if outcome else 0,
        "seconds": round(outcome.seconds, 3) if outcome else 0.0,
        "is_resumed": outcome.is_resumed if outcome else False,
        "reason": outcome.reason if outcome and record.state != "done" else "",
        "log": f"{LOGS}/{record.job.name}.log" if record.attempts else None,
    }


def summary_table(summary: dict[str, Any]) -> str:
    """Return the jobs of a summary as a table in text."""
    lines = [COLUMNS, *map(_columns, summary["jobs"])]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _columns(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["name"],
        row["state"],
        str(row["attempts"]),
        str(row["frames"]),
        f"{row['seconds']:.1f}",
        row["workers"][-1] if row["workers"] else "-",
        row["reason"],
    )
