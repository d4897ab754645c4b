"""From the document to what a tracker is asked, and from what it found to an edit."""

from collections.abc import Sequence

import numpy as np

from app.core import edits, rules
from app.core.document import Document, Edit, FrameMask, Origin, Table
from app.core.errors import UsageError
from app.core.masks import Bitmap, RleMask
from app.tracking.backend import Direction, ObjectRequest, Prediction, TrackRequest
from app.tracking.jobs import PredictionStep, PreviewStep, SegmentStep, TrackStep


def track_request(
    document: Document,
    direction: Direction,
    start: int,
    object_ids: Sequence[int] | None,
    bounds: tuple[int, int],
) -> TrackRequest:
    """Take a snapshot of what is to be tracked.

    Args:
        document: the annotations.
        direction: which way.
        start: first frame.
        object_ids: which objects; all if None.  Locked ones are left out.
        bounds: first and last frame of the walk, both inclusive.

    Raises:
        UsageError: ``start`` is outside the bounds, or no object can be tracked.
    """
    first, last = bounds
    if not first <= start <= last:
        raise UsageError(
            f"Tracking cannot start on frame {start}, outside the range {first} to {last}.",
            "Move into the range, or clear it.",
        )
    chosen = [o for o in document.objects if object_ids is None or o.object_id in object_ids]
    ids = [o.object_id for o in chosen if rules.is_object_editable(document, o.object_id)]
    unlocked = [_object_request(document, object_id, start) for object_id in ids]
    known = tuple(each for each in unlocked if each.prompts or each.seed)
    if not known:
        raise UsageError(
            "There is nothing to track: no unlocked object has a prompt, or a mask where tracking "
            "starts.",
            "Click an object first.",
        )
    return TrackRequest(known, start, first, last, direction, document.is_exclusive)


def _object_request(document: Document, object_id: int, start: int) -> ObjectRequest:
    prompts = dict(document.of_object(Table.PROMPTS, object_id))
    seed = None if start in prompts else document.mask(object_id, start)
    return ObjectRequest(
        object_id,
        prompts,
        seed.mask if seed is not None and seed.mask.area else None,
        dict(document.of_object(Table.CONSTRAINTS, object_id)),
    )


def mask_to_repair(document: Document, object_id: int, frame: int) -> RleMask | None:
    """Return the mask that more prompts on a frame repair, where tracking has been.

    Elsewhere, and where nothing was found or a person made the mask, prompts speak alone.
    """
    row = document.mask(object_id, frame)
    if row is None or document.memory(object_id, frame) is None or not row.mask.area:
        return None
    return row.mask if row.origin in (Origin.TRACKED, Origin.PROMPT) else None


def step_edit(document: Document, step: PredictionStep) -> Edit:
    """Make the edit that a step of a job stands for.

    Nothing of a removed or locked object changes, no verified mask, and by tracking no mask
    that a person painted and none of a prompted frame.  In an exclusive document tracked masks
    give way to those of objects that are not tracked with them.
    """
    if isinstance(step, PreviewStep):
        return Edit("Preview", ())
    if isinstance(step, SegmentStep):
        return _segment_edit(document, step)
    masks: dict[tuple[int, int], FrameMask | None] = {}
    memory = {}
    taken = _taken(document, step) if document.is_exclusive else None
    for found in step.result.objects:
        key = (found.object_id, step.result.frame)
        if rules.is_object_editable(document, found.object_id):
            memory[key] = found.memory
        is_trackable = rules.is_mask_trackable(document, *key)
        if is_trackable and not _is_found_again(document.mask(*key), found.prediction):
            masks[key] = _tracked_mask(document, key, found.prediction, taken)
    return edits.set_masks(document, masks, "Track", memory, step.job_key)


def _segment_edit(document: Document, step: SegmentStep) -> Edit:
    key = (step.object_id, step.frame)
    if not rules.is_mask_editable(document, *key) or document.prompts(*key).is_empty:
        return Edit("Segment", ())
    found = step.prediction
    after = FrameMask(found.mask, Origin.PROMPT, found.confidence)
    return edits.set_masks(document, {key: after}, f"Segment {document.object(key[0]).name}")


def _is_found_again(before: FrameMask | None, found: Prediction) -> bool:
    """Whether tracking gives the mask that is there from elsewhere, which then keeps its origin."""
    return before is not None and before.origin is not Origin.TRACKED and before.mask == found.mask


def _taken(document: Document, step: TrackStep) -> Bitmap | None:
    """Return the pixels (H, W) of the objects that a step does not track; None for none."""
    tracked = {found.object_id for found in step.result.objects}
    others = [
        row.mask.decode()
        for each, row in document.masks_on(step.result.frame)
        if each.object_id not in tracked
    ]
    return np.logical_or.reduce(others) if others else None


def _tracked_mask(
    document: Document, key: tuple[int, int], found: Prediction, taken: Bitmap | None
) -> FrameMask:
    if not document.prompts(*key).is_empty:
        return FrameMask(found.mask, Origin.PROMPT, found.confidence)
    mask = found.mask if taken is None else RleMask.encode(found.mask.decode() & ~taken)
    return FrameMask(mask, Origin.TRACKED, found.confidence)
