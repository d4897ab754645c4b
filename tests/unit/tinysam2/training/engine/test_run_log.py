import csv
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tinysam2.training.engine.run_log import Row, logged


def report(out: Path, *rows: Row, after: int = 0) -> list[Row]:
    return list(logged(iter(rows), out, after))


def record(out: Path) -> list[Row]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def table(out: Path) -> list[dict[str, str]]:
    with (out / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_reports_are_passed_on_and_written_as_record_and_table(tmp_path: Path) -> None:
    rows = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25, "val_j": 0.75}]
    assert report(tmp_path, *rows) == rows
    assert record(tmp_path) == rows
    assert table(tmp_path) == [
        {"step": "1", "loss": "0.5", "val_j": ""},
        {"step": "2", "loss": "0.25", "val_j": "0.75"},
    ]
    assert (tmp_path / "log.csv").read_bytes().startswith(b"step,loss,val_j\r\n1,")


def test_a_report_is_on_disk_before_it_is_passed_on(tmp_path: Path) -> None:
    rows = logged(iter([{"step": 1}, {"step": 2}]), tmp_path, 0)
    next(rows)
    assert len(record(tmp_path)) == len(table(tmp_path)) == 1
    rows.close()  # type: ignore[attr-defined]
    assert len(record(tmp_path)) == 1


def test_a_resumed_run_forgets_what_it_does_again(tmp_path: Path) -> None:
    report(tmp_path, *({"step": step, "loss": 1.0} for step in (2, 4, 6)))
    with (tmp_path / "log.jsonl").open("a") as lines:
        lines.write('{"step": 8, "lo')  # killed while it wrote
    report(tmp_path, {"step": 7, "loss": 2.0}, after=4)
    assert [row["step"] for row in record(tmp_path)] == [2, 4, 7]
    assert [row["step"] for row in table(tmp_path)] == ["2", "4", "7"]


def test_a_table_that_a_spreadsheet_holds_is_written_with_the_next_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def held(draft: Path, path: Path) -> None:
        if path.name == "log.csv":
            raise PermissionError
        replace(draft, path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", held)
        report(tmp_path, {"step": 1})
    assert not (tmp_path / "log.csv").exists()
    report(tmp_path, {"step": 2}, after=1)
    assert [row["step"] for row in table(tmp_path)] == ["1", "2"]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[object, ...]]]:
    """Stand in for TensorBoard, which is not always installed."""
    calls: list[tuple[object, ...]] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            calls.append((Path(folder).name, purge_step))

        def __enter__(self) -> "Writer":
            return self

        def __exit__(self, *_: object) -> None:
            calls.append(("closed",))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            calls.append((name, value, step))

        def flush(self) -> None:
            pass

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    return calls


def test_tensorboard_gets_each_figure_and_hides_what_is_done_again(
    tmp_path: Path, shown: list[tuple[object, ...]]
) -> None:
    report(tmp_path, {"step": 5, "loss": 0.5, "val_j": 0.7}, after=4)
    assert shown == [("tensorboard", 5), ("loss", 0.5, 5), ("val_j", 0.7, 5), ("closed",)]


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    report(tmp_path, *({"step": step, "loss": 1.0} for step in (2, 4, 6)))
    report(tmp_path, {"step": 5, "loss": 2.0}, after=4)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(2, 1.0), (4, 1.0), (5, 2.0)]
