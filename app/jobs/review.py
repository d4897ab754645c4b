"""Compare the masks of a document with those that tracking in the other direction gives."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.core.cancel import CancelToken, Job
from app.core.document import Document, FrameMask, Table
from app.core.errors import UsageError
from app.core.mask_change import mask_iou
from app.core.masks import RleMask
from app.core.prompts import FramePrompts
from app.jobs.freed_memory import returning_memory
from app.jobs.predict import TRACK_CACHE_BYTES, JobContext
from app.tracking.backend import Direction, ObjectRequest, TrackRequest


@dataclass(frozen=True, slots=True)
class ReverseTracking:
    """A snapshot of what to track once more, and of the masks to compare with.

    Attributes:
        requests: each starts from masks at one end of what was tracked, and runs to the prompts.
        document: a copy, whose masks are compared.
    """

    requests: tuple[TrackRequest, ...]
    document: Document

    @property
    def total(self) -> int:
        """Number of frames to track; a frame counts for each request that covers it."""
        return sum(len(request.frames) for request in self.requests)


@dataclass(frozen=True, slots=True)
class AgreementStep:
    """How far tracking in both directions agrees on one frame.

    Attributes:
        frame: index of the frame.
        agreements: by object id, the mask that was compared and its IoU with the other one.
        done: number of frames tracked so far, of ``total``.
    """

    frame: int
    agreements: Mapping[int, tuple[RleMask, float]]
    done: int
    total: int


def reverse_tracking(document: Document, object_ids: Iterable[int]) -> ReverseTracking:
    """Take a snapshot for tracking back from both ends of what was tracked to the first prompt.

    Nothing but the mask at the end is a prompt, so that the frames between are predicted anew.

    Raises:
        UsageError: no object has tracked masks beyond its prompts.
    """
    starts: dict[tuple[int, int], list[ObjectRequest]] = {}
    for object_id in object_ids:
        rows = document.of_object(Table.MASKS, object_id)
        visible = _ends(rows)
        prompted = min(document.of_object(Table.PROMPTS, object_id), default=None)
        if not visible or prompted is None:
            continue
        for start in visible - {prompted}:
            prompts = {start: FramePrompts(mask=rows[start].mask)}
            starts.setdefault((start, prompted), []).append(ObjectRequest(object_id, prompts))
    if not starts:
        raise UsageError("There is nothing to compare.", "Track an object first.")
    requests = (_request(*ends, tuple(each)) for ends, each in starts.items())
    return ReverseTracking(tuple(requests), document.copy())


def _ends(rows: Mapping[int, FrameMask]) -> set[int]:
    """Return the first and the last frame on which the object is visible, if it is anywhere."""
    frames = sorted(rows)
    ends = (
        next((frame for frame in order if rows[frame].mask.area), None)
        for order in (frames, reversed(frames))
    )
    return {frame for frame in ends if frame is not None}


def _request(start: int, stop: int, objects: tuple[ObjectRequest, ...]) -> TrackRequest:
    direction = Direction.BACKWARD if start > stop else Direction.FORWARD
    return TrackRequest(objects, start, min(start, stop), max(start, stop), direction)


def agreement_job(context: JobContext, snapshot: ReverseTracking) -> Job:
    """Track the other way and compare; yields an `AgreementStep` for each tracked frame."""

    def run(token: CancelToken) -> Iterator[AgreementStep]:
        done = 0
        for request in snapshot.requests:
            token.raise_if_cancelled()
            with context.source.clone(TRACK_CACHE_BYTES) as frames:
                for result in returning_memory(context.backend.track(frames, request, token)):
                    done += 1
                    agreements = {}
                    for object_id, prediction in result.predictions.items():
                        row = snapshot.document.mask(object_id, result.frame)
                        if row is not None and result.frame != request.start:
                            iou = mask_iou(row.mask, prediction.mask)
                            agreements[object_id] = row.mask, iou
                    yield AgreementStep(result.frame, agreements, done, snapshot.total)
                    token.raise_if_cancelled()

    return run
