"""What the application needs of a tracker; nothing here knows torch or Qt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from app.core.cancel import CancelToken
from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryRecord
from app.core.prompts import FramePrompts
from app.media.source import FrameSource


class Direction(StrEnum):
    """Which way tracking walks from its start frame."""

    FORWARD = "forward"
    BACKWARD = "backward"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What the window and the reports say of the model in use."""

    name: str
    parameters: int
    device: str
    input_size: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """A mask at video resolution and how sure the model is of it, in [0, 1]."""

    mask: RleMask
    confidence: float


@dataclass(frozen=True, slots=True)
class ObjectRequest:
    """One object to track: all it is known by.

    ``prompts`` maps frames to prompts; ``seed`` is the mask at the start frame when it has no
    prompt there; ``constraints`` are pinned and banned frames.
    """

    object_id: int
    prompts: Mapping[int, FramePrompts]
    seed: RleMask | None = None
    constraints: Mapping[int, Constraint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrackRequest:
    """A snapshot of what to track.

    Attributes:
        first: frame that bounds the walk, inclusive, as ``last``.
        is_exclusive: whether a pixel belongs to one of the objects at most.
    """

    objects: tuple[ObjectRequest, ...]
    start: int
    first: int
    last: int
    direction: Direction = Direction.FORWARD
    is_exclusive: bool = False


@dataclass(frozen=True, slots=True)
class ObjectResult:
    """What tracking found of one object on one frame."""

    object_id: int
    prediction: Prediction
    memory: MemoryRecord


@dataclass(frozen=True, slots=True)
class FrameResult:
    """One tracked frame."""

    frame: int
    objects: tuple[ObjectResult, ...]


class TrackerBackend(Protocol):
    """A promptable video segmenter.  Used from one thread at a time."""

    @property
    def description(self) -> ModelDescription:
        """What it is."""
        ...

    def encode(self, source: FrameSource, frame: int) -> None:
        """Compute and cache a frame's features, so that the next prompt on it answers at once."""
        ...

    def segment(
        self,
        source: FrameSource,
        frame: int,
        prompts: FramePrompts,
        previous: RleMask | None = None,
    ) -> Prediction:
        """Predict the mask that prompts on a frame mean, without memory of other frames.

        Args:
            source: where the frame comes from.
            frame: its index.
            prompts: what is said of the object there.
            previous: the mask that the prompts repair; None to start from the prompts alone.
        """
        ...

    def track(
        self, source: FrameSource, request: TrackRequest, token: CancelToken
    ) -> Iterator[FrameResult]:
        """Track objects frame by frame, the start frame first; stop early when cancelled."""
        ...
