"""From the document to what a tracker is asked: snapshots, since jobs run on another thread."""

from collections.abc import Sequence

from app.core import rules
from app.core.document import Document, Origin, Table
from app.core.errors import UsageError
from app.core.masks import RleMask
from app.core.prompts import FramePrompts
from app.tracking.backend import Direction, ObjectRequest, SegmentRequest, TrackRequest


def segment_request(document: Document, object_id: int, frame: int) -> SegmentRequest:
    """Ask for the mask of the prompts that an object has on a frame now."""
    prompts = document.prompts(object_id, frame)
    return SegmentRequest(frame, prompts, mask_to_correct(document, object_id, frame))


def mask_to_correct(document: Document, object_id: int | None, frame: int) -> RleMask | None:
    """Return the mask that more prompts on a frame correct: one that tracking has been through.

    Elsewhere, and where the mask is empty or drawn by a person, prompts start from nothing.
    """
    if object_id is None:
        return None
    row = document.mask(object_id, frame)
    if row is None or document.memory(object_id, frame) is None or not row.mask.area:
        return None
    return row.mask if row.origin in (Origin.TRACKED, Origin.PROMPT) else None


def track_request(
    document: Document,
    num_frames: int,
    direction: Direction,
    start: int,
    object_ids: Sequence[int] | None = None,
    first: int | None = None,
    last: int | None = None,
) -> TrackRequest:
    """Ask for tracking through a range of frames.

    Args:
        document: the annotations.
        num_frames: number of frames of the video.
        direction: which way to propagate.
        start: first frame; an object without a prompt there starts from its mask.
        object_ids: which objects; all if None.  Locked ones are left out.
        first: where to stop backward, inclusive; the in frame, or 0, if None.
        last: where to stop forward, inclusive; the out frame, or the end, if None.

    Raises:
        UsageError: ``start`` is outside the range, or no object can be tracked.
    """
    first, last = _bounds(document, num_frames, first, last)
    if not first <= start <= last:
        raise UsageError(
            f"Tracking cannot start on frame {start}, outside the range {first} to {last}.",
            "Move into the range, or clear it.",
        )
    objects = _requested_objects(document, start, object_ids)
    if not objects:
        raise UsageError(
            "There is nothing to track: no unlocked object has a prompt, or a mask where tracking "
            "starts.",
            "Click an object first.",
        )
    return TrackRequest(objects, start, first, last, direction, document.is_exclusive)


def _bounds(
    document: Document, num_frames: int, first: int | None, last: int | None
) -> tuple[int, int]:
    in_frame, out_frame = document.frame_range
    starts = (frame for frame in (first, in_frame, 0) if frame is not None)
    ends = (frame for frame in (last, out_frame, num_frames - 1) if frame is not None)
    return next(starts), next(ends)


def _requested_objects(
    document: Document, start: int, object_ids: Sequence[int] | None
) -> tuple[ObjectRequest, ...]:
    ids = document.rows(Table.OBJECTS) if object_ids is None else object_ids
    requests = [
        _object_request(document, tracked.object_id, start)
        for tracked in document.objects
        if tracked.object_id in ids and rules.is_object_editable(document, tracked.object_id)
    ]
    return tuple(request for request in requests if request.prompts)


def _object_request(document: Document, object_id: int, start: int) -> ObjectRequest:
    prompts = dict(document.of_object(Table.PROMPTS, object_id))
    row = document.mask(object_id, start)
    if row is not None and row.mask.area:
        prompts.setdefault(start, FramePrompts(mask=row.mask))
    return ObjectRequest(object_id, prompts, dict(document.of_object(Table.CONSTRAINTS, object_id)))
