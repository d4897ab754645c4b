"""Checks of values that are read from a project file, which may be damaged or made by others."""

import re
import sqlite3
from typing import Any

from app.core.document import FRAME_TABLES, Key, Table

_COMPUTED = re.compile(r"\b(VIRTUAL|CHECK|GENERATED|AS)\b", re.IGNORECASE)

MAX_FRAME = 2**40
MAX_ID = 2**53
"""Largest whole number that readers of exported JSON can tell from its neighbors."""

MAX_LENGTH = 1 << 24


def check_schema(connection: sqlite3.Connection) -> None:
    """Check that a database holds nothing that computes: it could take for ever, or all memory.

    Raises:
        ValueError: it has a view, a trigger, a virtual table, a computed column or index, or a
            constraint that computes.
    """
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master"):
        is_plain = kind == "table" or (kind == "index" and sql is None)  # that of a primary key
        if not is_plain or _COMPUTED.search(sql or ""):
            raise ValueError(f"its {kind} {name!r} is none of a project")


def check_key(table: Table, key: Key) -> None:
    """Check the key of a row.

    Raises:
        ValueError: it cannot be one.
    """
    if table is Table.PROPERTIES:
        text(key)
        return
    is_of_frame = isinstance(key, tuple) and len(key) == 2
    if is_of_frame != (table in FRAME_TABLES):
        raise ValueError(f"the key {key!r}")
    object_id, frame = key if isinstance(key, tuple) else (key, 0)
    if not 0 < whole(object_id) <= MAX_ID or not 0 <= whole(frame) <= MAX_FRAME:
        raise ValueError(f"the key {key!r}")


def text(value: Any) -> str:  # noqa: ANN401
    """Return a text.

    Raises:
        ValueError: it is none, or too long.
    """
    if not isinstance(value, str) or len(value) > MAX_LENGTH:
        raise ValueError(f"{type(value).__name__} instead of a text")
    return value


def whole(value: Any) -> int:  # noqa: ANN401
    """Return a whole number of 64 bits.

    Raises:
        ValueError: it is none.
    """
    if type(value) is not int or abs(value) >= 2**63:
        raise ValueError(f"{type(value).__name__} instead of a whole number")
    return value


def number(value: Any) -> float:  # noqa: ANN401
    """Return a finite number.

    Raises:
        ValueError: it is none.
    """
    if type(value) not in (int, float) or not abs(value) < 1e300:
        raise ValueError(f"{type(value).__name__} instead of a number")
    return float(value) if type(value) is float else value


def number_or_none(value: Any) -> float | None:  # noqa: ANN401
    """Return a finite number or None.

    Raises:
        ValueError: it is neither.
    """
    return None if value is None else number(value)


def check_property(name: str, value: Any) -> None:  # noqa: ANN401
    """Check the value of a property that the program knows.

    Raises:
        ValueError: it has another form.
    """
    if name == "range" and value is not None:
        is_pair = isinstance(value, tuple) and len(value) == 2
        if not is_pair or any(type(f) not in (int, type(None)) or (f or 0) < 0 for f in value):
            raise ValueError(f"the range {value!r}")
    if name == "exclusive" and type(value) not in (bool, int, type(None)):
        raise ValueError(f"exclusive is {value!r}")
