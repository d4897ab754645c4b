"""Questions about a document that more than one part of the program asks."""

from app.core.document import Document, Origin, Table
from app.core.masks import RleMask
from app.core.memory import STARTED_HERE, MemoryDecision
from app.core.prompts import FramePrompts, PointPrompt

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


def prompts_to_track(document: Document, object_id: int, frame: int) -> FramePrompts | None:
    """Return the prompts of a frame as tracking is given them, None where there are none.

    Where more than clicks and a box made the mask on the frame, this mask is the prompt, so that
    the tracker remembers the very mask that the user sees; None where it is empty.
    """
    prompts, row = document.prompts(object_id, frame), document.mask(object_id, frame)
    if prompts.is_empty:
        return None
    if not prompts.is_drawn and (row is None or row.base is None):
        return prompts
    return _mask_prompt(prompts.drawn_mask if row is None else row.mask)


def mask_to_track(document: Document, object_id: int, frame: int) -> FramePrompts | None:
    """Return the mask on a frame as a prompt, None where there is none or an empty one."""
    row = document.mask(object_id, frame)
    return None if row is None else _mask_prompt(row.mask)


def _mask_prompt(mask: RleMask | None) -> FramePrompts | None:
    return None if mask is None or not mask.area else FramePrompts(mask=mask)


def are_prompts_outdated(document: Document, object_id: int, frame: int, digest: str) -> bool:
    """Return whether tracking would now be given other prompts on a frame, by their digest."""
    now = prompts_to_track(document, object_id, frame)
    now = now or mask_to_track(document, object_id, frame)
    return now is None or now.digest != digest


def is_memory_outdated(document: Document, object_id: int, frame: int) -> bool:
    """Return whether the memory of a frame is of another mask, or of other prompts, than it has."""
    row, record = document.mask(object_id, frame), document.memory(object_id, frame)
    if record is None:
        return False
    if frame in record.prompts:
        return are_prompts_outdated(document, object_id, frame, record.prompts[frame])
    if row is None or row.origin is Origin.TRACKED:
        return False
    if record.reason == STARTED_HERE:  # tracking found no prompts here
        return not document.prompts(object_id, frame).is_empty
    return record.decision is not MemoryDecision.PROMPTED


def stored_frames(document: Document, object_id: int) -> list[int]:
    """Return the frames that entered an object's memory, also those evicted later, ascending."""
    records = document.of_object(Table.MEMORY, object_id).items()
    return sorted(frame for frame, row in records if row.decision in STORED_DECISIONS)
