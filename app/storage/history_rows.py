"""Undo history in a project file: of each step the rows that undoing, or redoing, it puts back."""

import base64
import json
import sqlite3
import zlib
from collections.abc import Iterable
from typing import Any

from app.core.document import Change, Row, RowKey, Table
from app.core.history import HistoryUpdate, StoredStep
from app.storage.checks import check_key, whole
from app.storage.rows import FORMATS

MAX_HISTORY_BYTES = 256 << 20
"""Limit of the stored history; beyond it the oldest steps are dropped."""

MAX_ROW_BYTES = 64 << 20
"""Limit of one unpacked row."""


def write_update(connection: sqlite3.Connection, update: HistoryUpdate) -> None:
    """Write what one call of a `History` changed, inside the transaction of its rows."""
    step = update.step
    connection.execute(
        "INSERT OR REPLACE INTO history_steps VALUES (?, ?, ?)",
        (step, _text(update.label), update.is_undone),
    )
    for change in update.changes:
        # A step that is extended keeps the oldest state of a row; one that moves swaps them.
        verb = "REPLACE" if update.is_moved else "IGNORE"
        connection.execute(
            f"INSERT OR {verb} INTO history_rows VALUES (?, ?, ?, ?)",
            (step, *_key(change), pack_row(change.table, change.before)),
        )
    drop_steps(connection, update.dropped)


def clear_steps(connection: sqlite3.Connection) -> None:
    """Delete all steps, also those that cannot be read."""
    connection.execute("DELETE FROM history_steps")
    connection.execute("DELETE FROM history_rows")


def drop_steps(connection: sqlite3.Connection, steps: Iterable[int]) -> None:
    """Delete steps."""
    numbers = [(step,) for step in steps]
    connection.executemany("DELETE FROM history_steps WHERE step = ?", numbers)
    connection.executemany("DELETE FROM history_rows WHERE step = ?", numbers)


def limit_history(connection: sqlite3.Connection, limit_bytes: int = MAX_HISTORY_BYTES) -> None:
    """Delete the oldest steps until the rest is within the limit; undone ones only together."""
    sizes = connection.execute(
        "SELECT step, is_undone, coalesce(sum(length(value)), 0) FROM history_steps "
        "LEFT JOIN history_rows USING (step) GROUP BY step ORDER BY step"
    ).fetchall()
    excess = sum(size for _, _, size in sizes) - limit_bytes
    dropped: list[int] = []
    for step, is_undone, size in sizes:
        if excess <= 0:
            break
        if is_undone:
            dropped = [step for step, _, _ in sizes]
            break
        dropped.append(step)
        excess -= size
    drop_steps(connection, dropped)


def write_steps(connection: sqlite3.Connection, steps: Iterable[StoredStep]) -> None:
    """Write a whole history into an empty project."""
    for step in steps:
        connection.execute(
            "INSERT INTO history_steps VALUES (?, ?, ?)",
            (step.number, _text(step.label), step.is_undone),
        )
        connection.executemany(
            "INSERT INTO history_rows VALUES (?, ?, ?, ?)",
            (
                (step.number, table.value, json.dumps(key), pack_row(table, value))
                for (table, key), value in step.values.items()
            ),
        )


def read_steps(connection: sqlite3.Connection) -> list[StoredStep]:
    """Read the steps, ascending by number.

    Raises:
        ValueError, TypeError, KeyError: a row is damaged.
    """
    values: dict[int, dict[RowKey, Row]] = {}
    for step, table, key, packed in connection.execute("SELECT * FROM history_rows"):
        row_key = (Table(table), _row_key(json.loads(key)))
        check_key(*row_key)
        whole(step)
        values.setdefault(step, {})[row_key] = unpack_row(row_key, packed)
    steps = connection.execute("SELECT step, label, is_undone FROM history_steps ORDER BY step")
    return [
        StoredStep(whole(number), str(label), bool(is_undone), values.get(number, {}))
        for number, label, is_undone in steps
    ]


def _text(label: str) -> str:
    return label.encode("utf-8", "replace").decode()


def _key(change: Change) -> tuple[str, str]:
    return change.table.value, json.dumps(change.key)


def _row_key(key: Any) -> Any:  # noqa: ANN401 - as the document's keys
    return tuple(key) if isinstance(key, list) else key


def pack_row(table: Table, row: Row) -> bytes | None:
    """Pack a row of the document; None stands for no row."""
    if row is None:
        return None
    values = [
        {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for value in FORMATS[table].to_values(row)
    ]
    return zlib.compress(json.dumps(values).encode(), level=1)


def unpack_row(row_key: RowKey, packed: bytes | None) -> Row:
    """Unpack the result of `pack_row`.

    Raises:
        ValueError, TypeError, KeyError: it is damaged.
    """
    if packed is None:
        return None
    decompressor = zlib.decompressobj()
    try:
        text = decompressor.decompress(packed, MAX_ROW_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not decompressor.eof:
        raise ValueError("too long or cut off")
    values = [
        base64.b64decode(value["bytes"]) if isinstance(value, dict) else value
        for value in json.loads(text)
    ]
    table, key = row_key
    return FORMATS[table].to_row(values, key)
