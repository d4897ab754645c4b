"""Questions about a document that more than one part of the program asks."""

from app.core.document import Document, Origin, Table
from app.core.memory import STARTED_HERE, MemoryDecision
from app.core.prompts import PointPrompt

WEAK_CONFIDENCE = 0.5
"""Masks below this confidence, in [0, 1], are shown for review."""

STORED_DECISIONS = frozenset(
    {
        MemoryDecision.PROMPTED,
        MemoryDecision.KEPT,
        MemoryDecision.REPLACED,
        MemoryDecision.PINNED,
    }
)
"""Decisions with which a frame entered the memory bank."""


def prompted_frames(document: Document, object_id: int) -> list[int]:
    """Return the frames on which an object has prompts, ascending."""
    return sorted(document.of_object(Table.PROMPTS, object_id))


def disobeyed_points(document: Document, object_id: int, frame: int) -> list[PointPrompt]:
    """Return the clicks on a frame that its mask contradicts, less those under later strokes."""
    row = document.mask(object_id, frame)
    points = document.prompts(object_id, frame).points_in_force
    return [p for p in points if row is None or row.mask.covers(p.x, p.y) != p.is_positive]


def is_memory_outdated(document: Document, object_id: int, frame: int) -> bool:
    """Return whether the memory of a frame is of a tracked mask that another one has replaced."""
    row, record = document.mask(object_id, frame), document.memory(object_id, frame)
    if row is None or record is None or row.origin is Origin.TRACKED:
        return False
    if record.reason == STARTED_HERE:  # tracking found no prompts here
        return not document.prompts(object_id, frame).is_empty
    return record.decision is not MemoryDecision.PROMPTED


def stored_frames(document: Document, object_id: int) -> list[int]:
    """Return the frames that entered an object's memory, also those evicted later, ascending."""
    records = document.of_object(Table.MEMORY, object_id).items()
    return sorted(frame for frame, row in records if row.decision in STORED_DECISIONS)
