"""Jobs that need the model: prepare a frame, segment a prompted frame, track a range."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import uuid4

from app.core.cancel import CancelToken, Job
from app.jobs.freed_memory import returning_memory
from app.media.frames import FrameSource
from app.tracking.backend import (
    BackendLoader,
    FrameResult,
    SegmentRequest,
    TrackerBackend,
    TrackRequest,
)

CLICK_CACHE_BYTES = 128 * 2**20
"""Ceiling of the decoded frames that are cached for clicks."""

TRACK_CACHE_BYTES = 64 * 2**20
"""Ceiling of the decoded frames that tracking caches; it reads each frame once."""


class ClickReader:
    """The reader of a video for clicks, opened on first use.

    Belongs to the thread that runs the jobs, but for `renew`.

    Args:
        source: the video; cloned, never read itself.
    """

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        self._opened: FrameSource | None = None
        self._is_old = False

    def frames(self) -> FrameSource:
        """Return the reader, opened if it was not."""
        if self._is_old:
            self.close()
        if self._opened is None:
            self._opened = self._source.clone(CLICK_CACHE_BYTES)
        return self._opened

    def renew(self) -> None:
        """Read the source as it is now, from the next use on; called from any thread."""
        self._is_old = True

    def close(self) -> None:
        """Close the reader if it was opened."""
        self._is_old = False
        if self._opened is not None:
            self._opened.close()
        self._opened = None


class JobContext:
    """The model and a reader of the video for clicks; each is made on first use.

    Belongs to the thread that runs the jobs.  Tracking opens its own reader, so that a click
    between two tracked frames does not make it seek.

    Args:
        source: the video; cloned, never read itself.
        load_backend: loads the model, which takes seconds.
        reader: that of the context that this one replaces.
    """

    def __init__(
        self, source: FrameSource, load_backend: BackendLoader, reader: ClickReader | None = None
    ) -> None:
        self.source = source
        self._load_backend = load_backend
        self._reader = reader or ClickReader(source)

    @cached_property
    def backend(self) -> TrackerBackend:
        """The model; loading it now may raise `ModelError`."""
        return self._load_backend()

    @property
    def frames(self) -> FrameSource:
        """The reader for clicks."""
        return self._reader.frames()

    def with_backend(self, load_backend: BackendLoader) -> "JobContext":
        """Return a context with another model and the same reader."""
        return JobContext(self.source, load_backend, self._reader)

    def renew(self) -> None:
        """Read the source as it is now, from the next click on."""
        self._reader.renew()

    def close(self) -> None:
        """Close the reader if it was opened; no job may run any more."""
        self._reader.close()


@dataclass(frozen=True, slots=True)
class PredictionStep:
    """One predicted frame.

    Attributes:
        result: the predictions.
        merge_key: the step of undo that they belong to.
        done: number of frames predicted so far, of ``total``.
        total: number of frames that the job predicts.
        protects_hand_work: whether painted and imported masks stay, see `app.core.rules`.
    """

    result: FrameResult
    merge_key: int
    done: int = 1
    total: int = 1
    protects_hand_work: bool = True


@dataclass(frozen=True, slots=True)
class EngineUnprepared:
    """The engine of the model waits for being prepared; torch runs the network until then."""


def preload_job(context: JobContext, frame: int) -> Job:
    """Compute the features of a frame ahead of the click; yields `EngineUnprepared` or nothing."""

    def run(token: CancelToken) -> Iterator[EngineUnprepared]:
        token.raise_if_cancelled()
        is_ready = context.backend.ready_engine(context.source)
        context.backend.encode(context.frames, frame)
        if not is_ready:
            yield EngineUnprepared()

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


def tracked_frames(
    backend: TrackerBackend, source: FrameSource, request: TrackRequest, token: CancelToken
) -> Iterator[FrameResult]:
    """Track objects; memory records name their run and the prompts that it was given.

    A run has one engine: what is prepared meanwhile is used by the next one.
    """
    run = uuid4().hex
    given = {
        each.object_id: {frame: prompts.digest for frame, prompts in each.prompts.items()}
        for each in request.objects
    }
    backend.ready_engine(source)
    for result in returning_memory(backend.track(source, request, token)):
        predictions = {}
        for object_id, found in result.predictions.items():
            if (memory := found.memory) is not None:
                digests = given[object_id]
                prompts = {frame: digests[frame] for frame in memory.bank if frame in digests}
                found = replace(found, memory=replace(memory, run=run, prompts=prompts))
            predictions[object_id] = found
        yield FrameResult(result.frame, predictions)


def track_job(context: JobContext, request: TrackRequest, merge_key: int) -> Job:
    """Track objects; yields one `PredictionStep` per frame, the start frame first."""
    total = len(request.frames)

    def run(token: CancelToken) -> Iterator[PredictionStep]:
        token.raise_if_cancelled()
        with context.source.clone(TRACK_CACHE_BYTES) as frames:
            results = tracked_frames(context.backend, frames, request, token)
            for done, result in enumerate(results, 1):
                yield PredictionStep(result, merge_key, done, total, request.protects_hand_work)
                token.raise_if_cancelled()

    return run
