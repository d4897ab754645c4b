"""The reports of a run, on disk: the record, a table for spreadsheets, and TensorBoard's events."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tinysam2.atomic_write import atomic_write
from tinysam2.training.engine.distributed import ALONE, Ranks

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

LOG_FILE, TABLE_FILE, EVENTS_FOLDER = "log.jsonl", "log.csv", "tensorboard"

Row: TypeAlias = Mapping[str, float]


def logged(rows: Iterator[Row], out: Path, step: int, ranks: Ranks = ALONE) -> Iterator[Row]:
    """Pass reports on, each written down before; of several processes only the first one's.

    Reports of steps after the one from which the run resumes are dropped, since it repeats them.

    Args:
        rows: reports with ``step``.
        out: folder of the run.
        step: at which the run starts or resumes.
        ranks: the processes of the run.
    """
    if not ranks.is_first:
        for _ in rows:
            pass
        return
    kept = [row for row in _read(out / LOG_FILE) if row["step"] <= step]
    _replace(out / LOG_FILE, "".join(map(_line, kept)))
    with _events(out / EVENTS_FOLDER, step) as events:
        for row in rows:
            kept.append(row)
            with (out / LOG_FILE).open("a", encoding="utf-8") as lines:
                lines.write(_line(row))
            _write_table(kept, out / TABLE_FILE)
            if events is not None:
                _show(row, events)
            yield row


def _read(path: Path) -> list[Row]:
    """Read a record; its last line may have been cut off in the middle."""
    if not path.exists():
        return []
    lines = path.read_text("utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _line(row: Row) -> str:
    return json.dumps(dict(row)) + "\n"


def _write_table(rows: list[Row], path: Path) -> None:
    """Write the table anew: a resumed run may report what it did not report before."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    table.writeheader()
    table.writerows(rows)
    with suppress(PermissionError):  # on Windows, while a spreadsheet shows it: until next time
        _replace(path, text.getvalue())


def _replace(path: Path, text: str) -> None:
    """Write a text that is there as a whole or not at all."""
    with atomic_write(path) as draft:
        draft.write_text(text, "utf-8", newline="")


def _events(folder: Path, step: int) -> "AbstractContextManager[SummaryWriter | None]":
    """Open TensorBoard's events, if it is installed; it hides those of steps done again."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return nullcontext()
    return SummaryWriter(str(folder), purge_step=step + 1)


def _show(row: Row, events: "SummaryWriter") -> None:
    for name, value in row.items():
        if name != "step":
            events.add_scalar(name, value, int(row["step"]))
    events.flush()
