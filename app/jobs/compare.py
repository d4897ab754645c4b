"""Jobs that track twice under different memory settings, and that apply one of the runs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.core.cancel import CancelToken, Job
from app.core.mask_change import mask_iou
from app.jobs.predict import TRACK_CACHE_BYTES, JobContext, PredictionStep, tracked_frames
from app.tracking.backend import FrameResult
from app.tracking.comparison import ComparisonRequest, ComparisonStep


def compare_job(context: JobContext, request: ComparisonRequest) -> Job:
    """Track an object under both settings, frame by frame in turn; the document stays as it is.

    Yields a `ComparisonStep` per frame.
    """
    first, second = (replace(request.track, memory=each.memory) for each in request.variants)
    total = len(request.track.frames)

    def run(token: CancelToken) -> Iterator[ComparisonStep]:
        token.raise_if_cancelled()
        with (
            context.source.clone(TRACK_CACHE_BYTES) as frames,
            context.source.clone(TRACK_CACHE_BYTES) as same_frames,
        ):
            runs = zip(
                tracked_frames(context.backend, frames, first, token),
                tracked_frames(context.backend, same_frames, second, token),
                strict=False,  # a canceled run ends early
            )
            for done, (a, b) in enumerate(runs, 1):
                masks = [each.predictions[request.object_id].mask for each in (a, b)]
                yield ComparisonStep((a, b), mask_iou(*masks), done, total)
                token.raise_if_cancelled()

    return run


def replay_job(results: Sequence[FrameResult], merge_key: int, protects_hand_work: bool) -> Job:
    """Hand over results that are known already, as if they were tracked now.

    Yields a `PredictionStep` per frame.
    """

    def run(token: CancelToken) -> Iterator[PredictionStep]:
        for done, result in enumerate(results, 1):
            token.raise_if_cancelled()
            yield PredictionStep(result, merge_key, done, len(results), protects_hand_work)

    return run
