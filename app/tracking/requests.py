"""From the document to what a tracker is asked: snapshots, since jobs run on another thread."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.core import edits, queries, rules
from app.core.document import Document, Origin, Table
from app.core.errors import UsageError
from app.core.masks import RleMask
from app.core.prompts import FramePrompts
from app.tracking.backend import Direction, ObjectRequest, SegmentRequest, TrackRequest


def segment_request(
    document: Document,
    object_id: int,
    frame: int,
    prompts: FramePrompts | None = None,
    starts_over: bool = False,
    drops_islands: bool = True,
) -> SegmentRequest:
    """Ask for the mask of prompts on a frame.

    Args:
        document: the annotations.
        object_id: the object; it need not exist.
        frame: index of the frame.
        prompts: those that the object has there if None.
        starts_over: a prompt was moved or removed, so that the mask on the frame, which obeys it,
            is not to be refined.
        drops_islands: see `SegmentRequest`.
    """
    if prompts is None:
        prompts = document.prompts(object_id, frame)
    find = _mask_to_start_over if starts_over else _mask_to_refine
    return SegmentRequest(
        frame,
        FramePrompts(prompts.points_in_force, prompts.box),
        find(document, object_id, frame, prompts),
        drops_islands,
        only_at_clicks=not (starts_over and prompts.box),
    )


def _mask_to_refine(
    document: Document, object_id: int, frame: int, prompts: FramePrompts
) -> RleMask | None:
    """Return the mask on a frame if more than clicks and a box made it, and it is not empty.

    What clicks and a box made alone is predicted anew, click by click, which is more exact.
    """
    row = document.mask(object_id, frame)
    if row is None or not row.mask.area:
        return None
    return row.mask if prompts.is_drawn or row.before_prompts is not None else None


def _mask_to_start_over(
    document: Document, object_id: int, frame: int, prompts: FramePrompts
) -> RleMask | None:
    """Return the mask that prompts refine, without what was predicted from earlier ones."""
    is_painted_first = not (prompts.strokes and (prompts.strokes.num_points or prompts.box))
    row = document.mask(object_id, frame)
    has_base = row is not None and row.before_prompts is not None
    if not (has_base or prompts.mask is not None or is_painted_first):
        return None  # strokes corrected a prediction: they are no mask of the object alone
    found = edits.mask_without_predictions(document, object_id, frame, prompts)
    return found if found is not None and found.area else None


def track_request(
    document: Document,
    num_frames: int,
    direction: Direction,
    start: int,
    object_ids: Sequence[int] | None = None,
    first: int | None = None,
    last: int | None = None,
    protects_hand_work: bool = True,
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
        protects_hand_work: whether painted and imported masks stay and guide the tracker.  Else
            those in the range but at ``start`` are predicted anew, and only clicks guide it.

    Raises:
        UsageError: ``start`` is outside the range, or no object can be tracked.
    """
    first, last = _bounds(document, num_frames, start, first, last)
    asked = TrackRequest((), start, first, last, direction, document.is_exclusive)
    frames = frozenset(asked.frames)
    replaced = frozenset() if protects_hand_work else frames - {start}
    objects = _requested_objects(document, start, object_ids, frames, replaced)
    if not objects:
        raise UsageError(
            "There is nothing to track: no unlocked object has a prompt, or a mask where tracking "
            "starts.",
            "Click an object first.",
        )
    return replace(asked, objects=objects, protects_hand_work=protects_hand_work)


def _bounds(
    document: Document, num_frames: int, start: int, first: int | None, last: int | None
) -> tuple[int, int]:
    in_frame, out_frame = document.frame_range
    starts = (frame for frame in (first, in_frame, 0) if frame is not None)
    ends = (frame for frame in (last, out_frame, num_frames - 1) if frame is not None)
    lowest, highest = next(starts), next(ends)
    if not lowest <= start <= highest:
        raise UsageError(
            f"Tracking cannot start on frame {start}, outside the range {lowest} to {highest}.",
            "Move into the range, or clear it.",
        )
    return lowest, highest


def _requested_objects(
    document: Document,
    start: int,
    object_ids: Sequence[int] | None,
    frames: frozenset[int],
    replaced: frozenset[int],
) -> tuple[ObjectRequest, ...]:
    ids = document.rows(Table.OBJECTS) if object_ids is None else object_ids
    requests = [
        _object_request(document, tracked.object_id, start, frames, replaced)
        for tracked in document.objects
        if tracked.object_id in ids and rules.is_object_editable(document, tracked.object_id)
    ]
    return tuple(request for request in requests if request.prompts)


def _object_request(
    document: Document,
    object_id: int,
    start: int,
    frames: frozenset[int],
    replaced: frozenset[int],
) -> ObjectRequest:
    prompted = document.of_object(Table.PROMPTS, object_id)
    found = {f: queries.prompts_to_track(document, object_id, f) for f in prompted}
    for frame in {start, *_imported_ends(document, object_id, frames)} - prompted.keys():
        found[frame] = queries.mask_to_track(document, object_id, frame)
    prompts = {frame: each for frame, each in found.items() if each is not None}
    prompts = _without_replaced(document, object_id, prompts, replaced) or prompts
    return ObjectRequest(object_id, prompts, dict(document.of_object(Table.CONSTRAINTS, object_id)))


def _imported_ends(document: Document, object_id: int, frames: frozenset[int]) -> list[int]:
    """Return the frames among ``frames`` on which a series of imported masks starts or ends.

    These are prompts: the first one corrects what was tracked before it, and tracking continues
    from the last one.  Those between would take memory and time, and add little.
    """
    rows = document.of_object(Table.MASKS, object_id).items()
    origin = Origin.IMPORTED  # looked up once, because there may be 100 000 masks
    imported = {f for f, row in rows if row.origin is origin and row.mask.area}
    return [f for f in imported & frames if not {f - 1, f + 1} <= imported]


def _without_replaced(
    document: Document,
    object_id: int,
    prompts: Mapping[int, FramePrompts],
    replaced: frozenset[int],
) -> dict[int, FramePrompts]:
    """Leave drawn and imported masks out that tracking predicts anew, but not their clicks."""
    left = {}
    for frame, each in prompts.items():
        given = document.prompts(object_id, frame)
        is_replaced = (
            frame in replaced
            and (given.is_drawn or given.is_empty)
            and rules.is_mask_trackable(document, object_id, frame, protects_hand_work=False)
        )
        if not is_replaced:
            left[frame] = each
        elif given.can_predict:
            left[frame] = FramePrompts(given.points, given.box)
    return left
