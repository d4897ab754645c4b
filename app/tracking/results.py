"""From what a model predicted to an edit of the document as it is by then."""

from dataclasses import replace
from functools import reduce
from operator import or_

from app.core import edits, rules
from app.core.document import Document, Edit, FrameMask, Origin
from app.core.masks import RleMask
from app.core.memory import IMPORTED_HERE, STARTED_HERE, MemoryDecision, MemoryRecord
from app.core.prompts import FramePrompts
from app.tracking.backend import FrameResult, Prediction
from app.tracking.strokes import with_strokes

Key = tuple[int, int]


def result_edit(
    document: Document,
    result: FrameResult,
    merge_key: int | None,
    protects_hand_work: bool = True,
) -> Edit:
    """Return the edit that stores predictions; what `app.core.rules` protects stays.

    A prediction without tracking is dropped when its prompts are gone, and leaves the pixels of
    strokes alone, see `with_strokes`.  In an exclusive document tracked masks leave the pixels of
    all objects that the result does not contain.

    Args:
        document: the annotations as they are now.
        result: predictions, by object id; those of removed objects are dropped.
        merge_key: key of the step of undo that the edit belongs to.
        protects_hand_work: see `app.core.rules.is_mask_trackable`.
    """
    masks: dict[Key, FrameMask | None] = {}
    memory: dict[Key, MemoryRecord | None] = {}
    prompts: dict[Key, FramePrompts | None] = {}
    labels = []
    taken = _pixels_of_others(document, result) if document.is_exclusive else None
    for object_id, found in result.predictions.items():
        key = (object_id, result.frame)
        tracked = document.find(object_id)
        if tracked is None or not rules.is_object_editable(document, object_id):
            continue
        labels.append(f"{'Segment' if found.memory is None else 'Track'} {tracked.name}")
        if found.memory is not None:
            memory[key] = _record(document, key, found.memory)
            is_free = rules.is_mask_trackable(document, *key, protects_hand_work)
            if is_free and not _is_unchanged(document, key, found):
                left = prompts[key] = _without_drawing(document.prompts(*key))
                masks[key] = _tracked_mask(document, key, found, left, taken)
        elif rules.is_mask_editable(document, *key) and document.prompts(*key).can_predict:
            mask = with_strokes(document.prompts(*key), found.mask)
            masks[key] = _prompted_mask(document, key, mask, found.confidence)
    label = labels[0] if len(labels) == 1 else "Track"
    return edits.set_masks(document, masks, label, memory, merge_key, prompts)


def _prompted_mask(document: Document, key: Key, mask: RleMask, confidence: float) -> FrameMask:
    row = document.mask(*key)
    return FrameMask(mask, Origin.PROMPT, confidence, base=row and row.before_prompts)


def _is_unchanged(document: Document, key: Key, found: Prediction) -> bool:
    """Whether tracking found a mask from elsewhere again, or started from it: it keeps its row."""
    row = document.mask(*key)
    if row is None or row.mask != found.mask:
        return False
    return row.origin is not Origin.TRACKED or _is_start(document, key, found.memory)


def _is_start(document: Document, key: Key, record: MemoryRecord | None) -> bool:
    """Whether tracking was given the mask of a frame as a prompt that no person made."""
    is_given = record is not None and record.decision is MemoryDecision.PROMPTED
    return is_given and document.prompts(*key).is_empty


def _record(document: Document, key: Key, record: MemoryRecord) -> MemoryRecord:
    """Return a memory record that tells the prompts of a person from other masks."""
    if not _is_start(document, key, record):
        return record
    row = document.mask(*key)
    if row is not None and row.origin is Origin.IMPORTED:
        return replace(record, reason=IMPORTED_HERE)
    earlier = document.memory(*key)
    scores = record.scores if earlier is None else earlier.scores
    return replace(record, decision=MemoryDecision.KEPT, reason=STARTED_HERE, scores=scores)


def _without_drawing(prompts: FramePrompts) -> FramePrompts | None:
    left = FramePrompts(prompts.points, prompts.box)
    return None if left.is_empty else left


def _pixels_of_others(document: Document, result: FrameResult) -> RleMask | None:
    """Return the pixels of the objects that are not in the result; None if there is no such."""
    others = [
        row.mask
        for tracked, row in document.masks_on(result.frame)
        if tracked.object_id not in result.predictions
    ]
    return reduce(or_, others) if others else None


def _tracked_mask(
    document: Document,
    key: Key,
    found: Prediction,
    prompts: FramePrompts | None,
    taken: RleMask | None,
) -> FrameMask:
    if prompts is not None:
        return _prompted_mask(document, key, found.mask, found.confidence)
    mask = found.mask if taken is None else found.mask - taken
    return FrameMask(mask, Origin.TRACKED, found.confidence)
