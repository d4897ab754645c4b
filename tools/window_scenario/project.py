"""Reads a project file that another program has open, by the documented schema."""

import json
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.window_scenario.checks import wait_until

Bitmap = NDArray[np.bool_]

TABLES = {
    "objects": ("object_id",),
    "prompts": ("object_id", "frame"),
    "masks": ("object_id", "frame"),
    "memory": ("object_id", "frame"),
    "constraints": ("object_id", "frame"),
    "properties": ("name",),
}
"""The tables of a document and their keys; see docs/formats.md."""

Row = dict[str, Any]


def bitmap(row: Row, column: str) -> Bitmap:
    """Decode run lengths: little-endian uint32, background first, in row-major order."""
    runs = np.frombuffer(row[column], "<u4")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(row["height"], row["width"])


@dataclass(frozen=True)
class Project:
    """A moment of a project.

    Attributes:
        rows: rows of the document by table and key; equal documents have equal rows.
        view: what the window displayed last, by name.
    """

    rows: dict[tuple[str, tuple[Any, ...]], Row]
    view: dict[str, float]

    def row(self, table: str, *key: object) -> Row | None:
        """Return a row of a table, or None."""
        return self.rows.get((table, key))

    @cached_property
    def objects(self) -> list[int]:
        """Ids of the objects."""
        return sorted(key[0] for table, key in self.rows if table == "objects")

    def mask_frames(self, object_id: int) -> list[int]:
        """Return the frames on which an object has a mask, ascending."""
        return sorted(
            key[1] for table, key in self.rows if table == "masks" and key[0] == object_id
        )

    def mask(self, object_id: int, frame: int) -> Bitmap | None:
        """Return the mask of an object on a frame, (H, W), or None."""
        row = self.row("masks", object_id, frame)
        return None if row is None else bitmap(row, "runs")

    def painted(self, object_id: int, frame: int) -> Bitmap | None:
        """Return the pixels that strokes painted, (H, W), or None."""
        row = self.row("prompts", object_id, frame)
        return None if row is None or row["painted"] is None else bitmap(row, "painted")

    def points(self, object_id: int, frame: int) -> list[tuple[float, float, bool]]:
        """Return the clicks on an object: x, y, and whether they are positive."""
        row = self.row("prompts", object_id, frame)
        return [] if row is None else [tuple(point) for point in json.loads(row["points"])]


def read_project(path: Path, timeout_s: float = 20.0) -> Project:
    """Read a project as it is on disk now.

    The program holds the lock, so this reads a copy of the file and its write-ahead log, made
    while neither changed.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.tsam"
        wait_until(lambda: _copy(path, copy), f"a moment in which {path} rests", timeout_s)
        connection = sqlite3.connect(copy)
        connection.row_factory = sqlite3.Row
        try:
            rows = {
                (table, tuple(row[name] for name in keys)): dict(row)
                for table, keys in TABLES.items()
                for row in connection.execute(f"SELECT * FROM {table}")
            }
            has_view = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'view'")
            is_stored = has_view.fetchone() is not None
            view = dict(map(tuple, connection.execute("SELECT * FROM view"))) if is_stored else {}
        finally:
            connection.close()
    return Project(rows, view)


def _copy(path: Path, copy: Path) -> bool:
    """Copy a project with its log; return whether both stayed the same meanwhile."""
    pairs = [(path, copy), *((Path(f"{p}-wal"), Path(f"{c}-wal")) for p, c in [(path, copy)])]
    before = [_state(source) for source, _ in pairs]
    for source, target in pairs:
        target.unlink(missing_ok=True)
        if source.exists():
            shutil.copyfile(source, target)
    return before == [_state(source) for source, _ in pairs]


def _state(path: Path) -> tuple[int, int] | None:
    if not path.exists():
        return None
    found = path.stat()
    return found.st_mtime_ns, found.st_size
