"""Jobs that need the model: prepare a frame, segment a prompted frame, track a range."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.cancel import CancelToken
from app.jobs.context import Job, JobContext
from app.tracking.backend import FrameResult, SegmentRequest, TrackRequest

TRACK_CACHE_BYTES = 64 * 2**20
"""Ceiling of the decoded frames that tracking caches; it reads each frame once."""


@dataclass(frozen=True, slots=True)
class PredictionStep:
    """One predicted frame.

    Attributes:
        result: the predictions.
        merge_key: the step of undo that they belong to.
        done: number of frames predicted so far, of ``total``.
        total: number of frames that the job predicts.
    """

    result: FrameResult
    merge_key: int
    done: int = 1
    total: int = 1


def preload_job(context: JobContext, frame: int) -> Job:
    """Compute the features of a frame ahead of the click; yields nothing."""

    def run(token: CancelToken) -> Iterator[PredictionStep]:
        token.raise_if_cancelled()
        context.backend.encode(context.frames, frame)
        yield from ()

    return run


def segment_job(
    context: JobContext, object_id: int, request: SegmentRequest, merge_key: int
) -> Job:
    """Predict the mask of prompts on a frame; yields one `PredictionStep`."""

    def run(token: CancelToken) -> Iterator[PredictionStep]:
        token.raise_if_cancelled()
        found = context.backend.segment(context.frames, request)
        yield PredictionStep(FrameResult(request.frame, {object_id: found}), merge_key)

    return run


def track_job(context: JobContext, request: TrackRequest, merge_key: int) -> Job:
    """Track objects; yields one `PredictionStep` per frame, the start frame first."""
    total = len(request.frames)

    def run(token: CancelToken) -> Iterator[PredictionStep]:
        token.raise_if_cancelled()
        with context.source.clone(TRACK_CACHE_BYTES) as frames:
            results = context.backend.track(frames, request, token)
            for done, result in enumerate(results, 1):
                yield PredictionStep(result, merge_key, done, total)
                token.raise_if_cancelled()

    return run
