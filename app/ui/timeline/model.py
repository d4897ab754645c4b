"""The values that the timeline shows per object and frame; Qt-free."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import IntFlag
from typing import Any

import numpy as np

from app.core.document import FRAME_TABLES, Document, FrameMask, Origin, Table
from app.core.memory import MemoryScores
from app.ui.style.memory_marks import memory_mark


class Flag(IntFlag):
    """What the document holds for an object on a frame."""

    MASK = 1
    SOLID = 2  # the mask has pixels
    EMPTY = 4  # the mask has none: the object was tracked and is not visible
    BY_HAND = 8  # the mask was prompted, painted or imported, not tracked
    VERIFIED = 16
    PROMPT = 32


# As plain integers, because a lane is built from as many rows as the video has frames.
_SOLID, _EMPTY = int(Flag.MASK | Flag.SOLID), int(Flag.MASK | Flag.EMPTY)
_BY_HAND, _VERIFIED, _PROMPT = int(Flag.BY_HAND), int(Flag.VERIFIED), int(Flag.PROMPT)


def _mask_flags(row: FrameMask | None) -> int:
    if row is None:
        return 0
    is_solid = len(row.mask.runs) > 1  # more than one background run; `area` would sum all runs
    flags = _SOLID if is_solid else _EMPTY
    if row.origin is not Origin.TRACKED:
        flags |= _BY_HAND
    return flags | _VERIFIED if row.is_verified else flags


class Lane:
    """Per-frame values of one object.

    Arrays have ``num_frames + 1`` elements; the last one pads them for `Columns.reduce`.

    Attributes:
        flags: uint8, `Flag` bits.
        confidence: float32 in [0, 1]; NaN where unknown.
        marks: uint8, `Mark` values.
        version: another number after each change of the values.
    """

    def __init__(self, document: Document, object_id: int, num_frames: int) -> None:
        self._document = document
        self._object_id = object_id
        self.flags = np.zeros(num_frames + 1, np.uint8)
        self.confidence = np.full(num_frames + 1, np.nan, np.float32)
        self.marks = np.zeros(num_frames + 1, np.uint8)
        # The frame that each frame replaced in the memory bank, and how often a frame was replaced.
        self._evicted_by: dict[int, int] = {}
        self._evictions = np.zeros(num_frames + 1, np.uint16)
        self.version = 0
        rows = (document.of_object(table, object_id) for table in FRAME_TABLES)
        self.refresh(set().union(*rows))

    def refresh(self, frames: Iterable[int]) -> None:
        """Update the values of these frames from the document."""
        self.version += 1
        frames = tuple(frames)
        masks = self._document.of_object(Table.MASKS, self._object_id)
        prompts = self._document.of_object(Table.PROMPTS, self._object_id)
        rows: list[FrameMask | None] = [masks.get(frame) for frame in frames]
        at = np.array(frames, np.intp)
        self.flags[at] = [
            _mask_flags(row) | (_PROMPT if frame in prompts else 0)
            for row, frame in zip(rows, frames, strict=True)
        ]
        self.confidence[at] = [
            np.nan if row is None or row.confidence is None else row.confidence for row in rows
        ]
        self._refresh_marks(frames)

    def _refresh_marks(self, frames: tuple[int, ...]) -> None:
        records = self._document.of_object(Table.MEMORY, self._object_id)
        constraints = self._document.of_object(Table.CONSTRAINTS, self._object_id)
        touched = set(frames)
        for frame in frames:
            record = records.get(frame)
            evicted = None if record is None else record.evicted
            if (before := self._evicted_by.pop(frame, None)) is not None:
                self._evictions[before] -= 1
                touched.add(before)
            if evicted is not None:
                self._evicted_by[frame] = evicted
                self._evictions[evicted] += 1
                touched.add(evicted)
        at = np.array([*touched], np.intp)
        self.marks[at] = [
            memory_mark(records.get(frame), constraints.get(frame), was_evicted)
            for frame, was_evicted in zip(touched, (self._evictions[at] > 0).tolist(), strict=True)
        ]


SCORE_NAMES = tuple(field.name for field in fields(MemoryScores))


class ScoreSeries:
    """The scores of one object: ``values[name]`` is (num_frames + 1,) float32, NaN if unknown.

    The last element pads for `Columns.reduce`.
    """

    def __init__(self, document: Document, object_id: int, num_frames: int) -> None:
        self._document = document
        self.object_id = object_id
        self.values = {name: np.full(num_frames + 1, np.nan, np.float32) for name in SCORE_NAMES}
        self.refresh(document.of_object(Table.MEMORY, object_id))

    def refresh(self, frames: Iterable[int]) -> None:
        """Update the scores of these frames from the document."""
        records = self._document.of_object(Table.MEMORY, self.object_id)
        frames = tuple(frames)
        found = [records[frame].scores if frame in records else None for frame in frames]
        at = np.array(frames, np.intp)
        for name, values in self.values.items():
            values[at] = [np.nan if one is None else getattr(one, name) for one in found]


class TimelineModel:
    """The lanes of a document, built on first use and updated by `on_document_changed`."""

    def __init__(self, document: Document, num_frames: int) -> None:
        self._document = document
        self._num_frames = num_frames
        self._lanes: dict[int, Lane] = {}
        self._scores: ScoreSeries | None = None

    def lane(self, object_id: int) -> Lane:
        """Return the lane of an object."""
        if object_id not in self._lanes:
            self._lanes[object_id] = Lane(self._document, object_id, self._num_frames)
        return self._lanes[object_id]

    def scores(self, object_id: int) -> ScoreSeries:
        """Return the scores of an object; those of the object asked for last are at hand."""
        if self._scores is None or self._scores.object_id != object_id:
            self._scores = ScoreSeries(self._document, object_id, self._num_frames)
        return self._scores

    def on_document_changed(self, rows: Mapping[Table, Iterable[Any]]) -> None:
        """Update the values of changed rows, and drop the lanes of removed objects.

        Args:
            rows: keys of the changed rows by table.
        """
        for object_id in self._lanes.keys() - self._document.rows(Table.OBJECTS).keys():
            del self._lanes[object_id]
        if (scores := self._scores) is not None:
            scores.refresh(f for i, f in rows.get(Table.MEMORY, ()) if i == scores.object_id)
        frames: dict[int, set[int]] = {}
        for object_id, frame in (key for table in FRAME_TABLES for key in rows.get(table, ())):
            frames.setdefault(object_id, set()).add(frame)
        for object_id, changed in frames.items():
            if object_id in self._lanes:
                self._lanes[object_id].refresh(changed)
