"""Long work as generators: made from a snapshot, run on any thread, never touching the document."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from app.core.cancel import CancelToken
from app.core.masks import RleMask
from app.core.prompts import FramePrompts
from app.media.source import FrameSource
from app.media.verify import VerifyStep
from app.tracking.backend import Direction, FrameResult, Prediction, TrackerBackend, TrackRequest

CLICK_CACHE_BYTES = 128 * 2**20
"""Decoded frames held for clicks; tracking reads each frame once and holds fewer."""
TRACK_CACHE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class SegmentStep:
    """The mask that the prompts of a frame mean."""

    object_id: int
    frame: int
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class PreviewStep:
    """The mask that prompts would mean; for the screen only."""

    object_id: int
    frame: int
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class TrackStep:
    """One tracked frame; steps with one ``job_key`` are one step of undo."""

    job_key: str
    result: FrameResult
    done: int
    total: int


PredictionStep = SegmentStep | PreviewStep | TrackStep
Step = PredictionStep | VerifyStep
Job = Callable[[CancelToken], Iterator[Step]]


class Workbench:
    """What jobs share: the model and a reader of the source for clicks, both made on first use.

    Belongs to the thread that runs the jobs; tracking opens a reader of its own, so that a
    click between two of its frames does not make it seek.

    Args:
        source: where frames come from; cloned, never read itself.
        load_backend: makes the model, which takes seconds.
    """

    def __init__(self, source: FrameSource, load_backend: Callable[[], TrackerBackend]) -> None:
        self.source = source
        self._load_backend = load_backend

    @cached_property
    def backend(self) -> TrackerBackend:
        """The model, loaded now if it was not."""
        return self._load_backend()

    @cached_property
    def frames(self) -> FrameSource:
        """The reader for clicks, opened now if it was not."""
        return self.source.clone(CLICK_CACHE_BYTES)

    def reopened(self) -> "Workbench":
        """Return a bench with the same model that reads the source as it is now."""
        return Workbench(self.source, lambda: self.backend)

    def close(self) -> None:
        """Close the reader if it was opened."""
        if "frames" in self.__dict__:
            self.frames.close()


def frames_to_track(request: TrackRequest) -> list[int]:
    """List the frames of a walk in the order in which they are tracked, the start once."""
    forward = list(range(request.start, request.last + 1))
    backward = list(range(request.start, request.first - 1, -1))
    if request.direction is Direction.FORWARD:
        return forward
    return backward if request.direction is Direction.BACKWARD else forward + backward[1:]


def encode_job(bench: Workbench, frame: int) -> Job:
    """Prepare a frame ahead of the click; yields nothing."""

    def run(token: CancelToken) -> Iterator[Step]:
        token.raise_if_cancelled()
        bench.backend.encode(bench.frames, frame)
        yield from ()

    return run


def segment_job(
    bench: Workbench,
    object_id: int,
    frame: int,
    prompts: FramePrompts,
    previous: RleMask | None = None,
    step: type[SegmentStep] | type[PreviewStep] = SegmentStep,
) -> Job:
    """Predict the mask of prompts, which may repair a previous one; yields one ``step``."""

    def run(token: CancelToken) -> Iterator[Step]:
        token.raise_if_cancelled()
        yield step(object_id, frame, bench.backend.segment(bench.frames, frame, prompts, previous))

    return run


def track_job(bench: Workbench, request: TrackRequest, job_key: str) -> Job:
    """Track objects; yields one `TrackStep` per frame, the start frame first."""
    total = len(frames_to_track(request))

    def run(token: CancelToken) -> Iterator[Step]:
        token.raise_if_cancelled()
        with bench.source.clone(TRACK_CACHE_BYTES) as frames:
            results = bench.backend.track(frames, request, token)
            for done, result in enumerate(results, 1):
                yield TrackStep(job_key, result, done, total)
                token.raise_if_cancelled()

    return run
