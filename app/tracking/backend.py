"""What the application needs of a tracker; nothing here knows torch or Qt."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from app.core.cancel import CancelToken
from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryRecord
from app.core.prompts import FramePrompts
from app.core.settings import MemoryValue
from app.media.frames import FrameSource


class Direction(StrEnum):
    """Which way tracking propagates from its start frame."""

    FORWARD = "forward"
    BACKWARD = "backward"
    BOTH = "both"


class MaskFault(StrEnum):
    """A small fault of a mask that can be removed without a model."""

    SPECKS = "specks"
    HOLES = "holes"


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What the window and reports show of the model in use.

    Attributes:
        name: a name in the table of known models.
        parameters: their number.
        device: where it runs.
        input_size: side of its input for a square frame, pixels.
        engine: one of `ENGINES`: what may run it.
        precision: type that it computes in, as torch names it.
        openvino_stages: the stages that OpenVINO runs; torch runs the others.
    """

    name: str
    parameters: int
    device: str
    input_size: int
    engine: str = "torch"
    precision: str = "float32"
    openvino_stages: tuple[str, ...] = ()

    @property
    def runs_by(self) -> str:
        """The engines that run it, and the precision, such as ``OpenVINO + PyTorch, float32``."""
        engines = "OpenVINO + PyTorch" if self.openvino_stages else "PyTorch"
        return f"{engines}, {self.precision}"

    @property
    def summary(self) -> str:
        """Everything but the number of parameters, in one line."""
        where = f"{self.name}, {self.input_size} px, {self.device}, {self.runs_by}"
        stages = ", ".join(self.openvino_stages)
        return f"{where} (OpenVINO: {stages})" if stages else where


@dataclass(frozen=True, slots=True)
class SegmentRequest:
    """A snapshot of what to segment on one frame, without memory of other frames.

    Attributes:
        frame: its index.
        prompts: what the user gave for the object there.
        previous: mask that the prompts correct; None to start from the prompts alone.
        drops_islands: whether to drop parts of the prediction that touch no positive click, the
            box or ``previous``.
        only_at_clicks: whether ``previous`` changes only around the clicks that it contradicts.  It
            changes everywhere where there is none of these, but a box.
    """

    frame: int
    prompts: FramePrompts
    previous: RleMask | None = None
    drops_islands: bool = True
    only_at_clicks: bool = True


@dataclass(frozen=True, slots=True)
class ObjectRequest:
    """One object to track.

    Attributes:
        prompts: prompts by frame; where tracking starts from a mask, that mask is one.
        constraints: pinned and banned frames.
    """

    object_id: int
    prompts: Mapping[int, FramePrompts]
    constraints: Mapping[int, Constraint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrackRequest:
    """A snapshot of what to track.

    Attributes:
        start: first frame to propagate from.
        first: lowest frame of the range, inclusive.
        last: highest frame of the range, inclusive.
        is_exclusive: whether a pixel belongs to one of the objects at most.
        protects_hand_work: whether painted and imported masks stay, see `app.core.rules`.
        memory: memory settings of this run that differ from those of the model, by name.
    """

    objects: tuple[ObjectRequest, ...]
    start: int
    first: int
    last: int
    direction: Direction = Direction.FORWARD
    is_exclusive: bool = False
    protects_hand_work: bool = True
    memory: tuple[tuple[str, MemoryValue], ...] = ()

    @property
    def frames(self) -> list[int]:
        """Frame indices in the order in which they are tracked, the start frame once."""
        forward = list(range(self.start, self.last + 1))
        backward = list(range(self.start, self.first - 1, -1))
        if self.direction is Direction.FORWARD:
            return forward
        return backward if self.direction is Direction.BACKWARD else forward + backward[1:]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The mask of one object on one frame.

    Attributes:
        mask: at the resolution of the video.
        confidence: in [0, 1].
        memory: what became of the frame in the tracker's memory; None without tracking.
    """

    mask: RleMask
    confidence: float
    memory: MemoryRecord | None = None


@dataclass(frozen=True, slots=True)
class FrameResult:
    """The predictions on one frame, by object id."""

    frame: int
    predictions: Mapping[int, Prediction]


@dataclass(frozen=True, slots=True)
class SuggestionStep:
    """How far the search for objects on a frame has come.

    Attributes:
        done: number of points prompted so far, of ``total``.
        masks: with the last step, the masks found, the best first.
    """

    done: int
    total: int
    masks: tuple[RleMask, ...] | None = None


class TrackerBackend(Protocol):
    """A promptable video segmenter.  Used from one thread at a time."""

    @property
    def description(self) -> ModelDescription:
        """The model as it has run so far; may be read from any thread."""
        ...

    def defer_engine(self) -> None:
        """Run the network by torch until `ready_engine` finds its engine prepared.

        The first use of an engine takes from seconds to a minute per stage.
        """
        ...

    def ready_engine(self, source: FrameSource) -> bool:
        """Use the engine of a deferred model once it is prepared for frames like these.

        Returns:
            Whether it is; if not, `app.jobs.prepare` prepares it, best in another process.
        """
        ...

    def note_prepared(self, source: FrameSource) -> None:
        """Remember, on this computer, that the engine is prepared for frames like these."""
        ...

    def encode(self, source: FrameSource, frame: int) -> None:
        """Compute and cache a frame's features, so that the next prediction on it is fast."""
        ...

    def segment(self, source: FrameSource, request: SegmentRequest) -> Prediction:
        """Predict the mask that prompts on a frame stand for."""
        ...

    def propose(self, source: FrameSource, frame: int) -> Iterator[SuggestionStep]:
        """Find the objects of a frame without prompts."""
        ...

    def track(
        self, source: FrameSource, request: TrackRequest, token: CancelToken
    ) -> Iterator[FrameResult]:
        """Track objects frame by frame, the start frame first; stop early when cancelled."""
        ...


BackendLoader = Callable[[], TrackerBackend]
"""Loads a model, which takes seconds, so it is called where jobs run; may raise `ModelError`."""
