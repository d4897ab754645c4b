"""The schema of a project file, and the conversion of document rows to database rows."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from app.core.document import FrameMask, Origin, Table, TrackedObject
from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryDecision, MemoryRecord, MemoryScores
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt, Strokes
from app.storage.checks import check_property, number, number_or_none, text, whole

APPLICATION_ID = 0x5453414D  # "TSAM", in the file's header
SCHEMA_VERSION = 4

MAX_SHARED = 1024
MAX_SHARED_CHARS = 4096
"""Number and length of the feature maps that records share when they are read."""

SCHEMA = """
CREATE TABLE source (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE objects (
  object_id INTEGER PRIMARY KEY, name TEXT, color TEXT, category TEXT,
  position INTEGER, is_visible INTEGER, is_locked INTEGER);
CREATE TABLE prompts (
  object_id INTEGER, frame INTEGER, points TEXT, box TEXT, height INTEGER, width INTEGER,
  runs BLOB, painted BLOB, erased BLOB, num_points INTEGER, PRIMARY KEY (object_id, frame));
CREATE TABLE masks (
  object_id INTEGER, frame INTEGER, height INTEGER, width INTEGER, runs BLOB, origin TEXT,
  confidence REAL, is_verified INTEGER, base_runs BLOB, base_origin TEXT, base_confidence REAL,
  stated_origin TEXT, base_stated_origin TEXT, PRIMARY KEY (object_id, frame));
CREATE TABLE memory (
  object_id INTEGER, frame INTEGER, record TEXT, PRIMARY KEY (object_id, frame));
CREATE TABLE constraints (
  object_id INTEGER, frame INTEGER, kind TEXT, PRIMARY KEY (object_id, frame));
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""

_VERSION_3 = """
CREATE TABLE IF NOT EXISTS view (name TEXT PRIMARY KEY, value REAL) WITHOUT ROWID;
CREATE TABLE history_steps (step INTEGER PRIMARY KEY, label TEXT, is_undone INTEGER);
CREATE TABLE history_rows (
  step INTEGER, row_table TEXT, row_key TEXT, value BLOB, PRIMARY KEY (step, row_table, row_key));
"""
SCHEMA += _VERSION_3

MIGRATIONS = {
    1: """
ALTER TABLE prompts ADD COLUMN painted BLOB;
ALTER TABLE prompts ADD COLUMN erased BLOB;
ALTER TABLE prompts ADD COLUMN num_points INTEGER;
ALTER TABLE masks ADD COLUMN base_runs BLOB;
ALTER TABLE masks ADD COLUMN base_origin TEXT;
ALTER TABLE masks ADD COLUMN base_confidence REAL;
""",
    2: _VERSION_3,
    3: """
ALTER TABLE masks ADD COLUMN stated_origin TEXT;
ALTER TABLE masks ADD COLUMN base_stated_origin TEXT;
""",
}
"""SQL that makes the next version of a schema, by version."""

Values = Sequence[Any]


def _object_values(row: TrackedObject) -> Values:
    color = json.dumps(row.color)
    return row.name, color, row.category, row.order, row.is_visible, row.is_locked


def _object_row(values: Values, object_id: int) -> TrackedObject:
    name, color, category, order, is_visible, is_locked = values
    red, green, blue = json.loads(color)
    if not all(0 <= whole(part) <= 255 for part in (red, green, blue)):
        raise ValueError(f"the color {color!r}")
    rgb = (red, green, blue)
    shown, locked = bool(is_visible), bool(is_locked)
    return TrackedObject(object_id, text(name), rgb, text(category), whole(order), shown, locked)


def _prompts_values(row: FramePrompts) -> Values:
    points = json.dumps([(p.x, p.y, p.is_positive) for p in row.points])
    box = row.box and json.dumps((row.box.x0, row.box.y0, row.box.x1, row.box.y1))
    strokes = row.strokes
    painted, erased = (None, None) if strokes is None else (strokes.painted, strokes.erased)
    masks = (row.mask, painted, erased)
    size_hw = next((mask.size_hw for mask in masks if mask is not None), (None, None))
    runs = (None if mask is None else mask.to_bytes() for mask in masks)
    return points, box, *size_hw, *runs, strokes and strokes.num_points


def _prompts_row(values: Values, _key: object) -> FramePrompts:
    points, box, height, width, runs, painted, erased, num_points = values

    def mask(packed: bytes) -> RleMask:
        return RleMask.from_bytes((height, width), packed)

    return FramePrompts(
        tuple(PointPrompt(number(x), number(y), bool(on)) for x, y, on in json.loads(points)),
        None if box is None else BoxPrompt(*map(number, json.loads(box))),
        None if runs is None else mask(runs),
        None if painted is None else Strokes(mask(painted), mask(erased), whole(num_points)),
    )


def _frame_mask_values(row: FrameMask) -> Values:
    found = row.base
    base = (None,) * 3 if found is None else (found.mask.to_bytes(), found.origin, found.confidence)
    fields = row.mask.to_bytes(), row.origin, row.confidence, row.is_verified
    return *row.mask.size_hw, *fields, *base, row.stated_origin, found and found.stated_origin


def _frame_mask_row(values: Values, _key: object) -> FrameMask:
    height, width, runs, origin, confidence, is_verified, base_runs, base_origin, sure = values[:9]
    stated, base_stated = map(_origin_or_none, values[9:] or (None, None))  # history of version 3

    def mask(packed: bytes) -> RleMask:
        return RleMask.from_bytes((height, width), packed)

    base = None
    if base_runs is not None:
        base_mask, base_score = mask(base_runs), number_or_none(sure)
        base = FrameMask(base_mask, Origin(base_origin), base_score, stated_origin=base_stated)
    score = number_or_none(confidence)
    return FrameMask(mask(runs), Origin(origin), score, bool(is_verified), base, stated)


def _origin_or_none(value: str | None) -> Origin | None:
    return None if value is None else Origin(value)


def _memory_values(row: MemoryRecord) -> Values:
    survivors = {frame: (h, w, bits.hex()) for frame, (h, w, bits) in row.survivors.items()}
    fields = {name: getattr(row, name) for name in MemoryRecord.__slots__}
    averaged = {frame: bits.hex() for frame, bits in row.averaged.items()}
    fields |= {"scores": asdict(row.scores), "survivors": survivors, "averaged": averaged}
    return (json.dumps(fields),)


def _memory_row(values: Values, _key: object) -> MemoryRecord:
    fields = json.loads(values[0])
    survivors, tokens = fields["survivors"].items(), fields.get("tokens", {}).items()
    scores, thresholds = fields["scores"], fields.get("thresholds", {})
    prompts = fields.get("prompts", {}).items()
    fields |= {
        "decision": MemoryDecision(fields["decision"]),
        "reason": text(fields["reason"]),
        "scores": MemoryScores(**{name: number(score) for name, score in scores.items()}),
        "bank": tuple(map(whole, fields["bank"])),
        "survivors": {int(frame): _feature_map(*found) for frame, found in survivors},
        "tokens": {int(frame): whole(count) for frame, count in tokens},
        "averaged": {int(f): _bits(b) for f, b in fields.get("averaged", {}).items()},
        "policy": text(fields.get("policy", "")),
        "thresholds": {text(name): number(least) for name, least in thresholds.items()},
        "run": text(fields.get("run", "")),
        "prompts": {int(frame): text(digest) for frame, digest in prompts},
    }
    for name in ("tokens_stored", "tokens_attended", "tokens_full_sam2", "pool"):
        whole(fields.get(name, 0))
    for name in ("evicted", "recent"):
        whole(fields.get(name) or 0)
    return MemoryRecord(**fields)


def _feature_map(height: int, width: int, bits: str) -> tuple[int, int, bytes]:
    """Read a feature map; most of a bank is the same from frame to frame, and records share it."""
    read = _shared_map if len(bits) <= MAX_SHARED_CHARS else _new_map
    return read(height, width, bits)


def _new_map(height: int, width: int, bits: str) -> tuple[int, int, bytes]:
    packed = bytes.fromhex(bits)
    if min(whole(height), whole(width)) < 1 or len(packed) != (height * width + 7) // 8:
        raise ValueError(f"a feature map of {height} x {width} in {len(packed)} bytes")
    return height, width, packed


_shared_map = lru_cache(MAX_SHARED, typed=True)(_new_map)  # 1.0 is not taken for an earlier 1
_shared_bits = lru_cache(MAX_SHARED)(bytes.fromhex)


def _bits(packed: str) -> bytes:
    return _shared_bits(packed) if len(packed) <= MAX_SHARED_CHARS else bytes.fromhex(packed)


def _property(values: Values, name: str) -> object:
    value = _tuples(json.loads(values[0]))
    check_property(name, value)
    return value


def _tuples(value: object) -> object:
    """Restore the tuples that JSON turned into lists: a row never changes."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How a table of the document maps to one of the database.

    Attributes:
        keys: key columns; two for (object id, frame).
        columns: the other columns.
        to_values: converts a row to the values of ``columns``.
        to_row: converts the values of ``columns``, and the key, to a row.
    """

    keys: tuple[str, ...]
    columns: tuple[str, ...]
    to_values: Callable[[Any], Values]
    to_row: Callable[[Values, Any], Any]

    def upsert(self, table: Table) -> str:
        """Return the SQL that adds a row, or changes it where it is: "REPLACE" moves it."""
        columns = (*self.keys, *self.columns)
        marks = ", ".join("?" * len(columns))
        changed = ", ".join(f"{name} = excluded.{name}" for name in self.columns)
        return (
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) "
            f"ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET {changed}"
        )


_OBJECT_FRAME = ("object_id", "frame")

FORMATS: dict[Table, TableFormat] = {
    Table.OBJECTS: TableFormat(
        ("object_id",),
        ("name", "color", "category", "position", "is_visible", "is_locked"),
        _object_values,
        _object_row,
    ),
    Table.PROMPTS: TableFormat(
        _OBJECT_FRAME,
        ("points", "box", "height", "width", "runs", "painted", "erased", "num_points"),
        _prompts_values,
        _prompts_row,
    ),
    Table.MASKS: TableFormat(
        _OBJECT_FRAME,
        (
            *("height", "width", "runs", "origin", "confidence", "is_verified"),
            *("base_runs", "base_origin", "base_confidence"),
            *("stated_origin", "base_stated_origin"),
        ),
        _frame_mask_values,
        _frame_mask_row,
    ),
    Table.MEMORY: TableFormat(_OBJECT_FRAME, ("record",), _memory_values, _memory_row),
    Table.CONSTRAINTS: TableFormat(
        _OBJECT_FRAME, ("kind",), lambda row: (row,), lambda values, _key: Constraint(values[0])
    ),
    Table.PROPERTIES: TableFormat(
        ("name",),
        ("value",),
        lambda row: (json.dumps(row),),
        _property,
    ),
}
