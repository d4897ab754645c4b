"""Two runs of tracking under different memory settings, side by side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.settings import MemoryValue
from app.tracking.backend import FrameResult, Prediction, TrackRequest

Curve = NDArray[np.float32]
NUM_VARIANTS = 2


@dataclass(frozen=True, slots=True)
class MemoryVariant:
    """One of the two sides of a comparison.

    Attributes:
        label: what differs, for people.
        memory: memory settings that differ from those of the model, by name.
    """

    label: str
    memory: tuple[tuple[str, MemoryValue], ...] = ()


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """What to compare: one object, tracked twice through the same frames."""

    object_id: int
    track: TrackRequest
    variants: tuple[MemoryVariant, MemoryVariant]


@dataclass(frozen=True, slots=True)
class ComparisonStep:
    """One frame of both runs.

    Attributes:
        results: of the two variants.
        iou: of their masks of the object, in [0, 1]; 1 where both are empty.
        done: number of frames compared so far, of ``total``.
        total: number of frames to compare.
    """

    results: tuple[FrameResult, FrameResult]
    iou: float
    done: int
    total: int

    @property
    def frame(self) -> int:
        """Index of the frame."""
        return self.results[0].frame


class Comparison:
    """What the two runs found so far.

    Attributes:
        request: what is compared.
        iou: (num frames of the range,) IoU of the two masks, NaN where it is not known.
        predicted_iou: by variant, likewise.
        tokens: by variant, the tokens that its bank stores after the frame, likewise.
    """

    def __init__(self, request: ComparisonRequest) -> None:
        self.request = request
        self.first, self.last = request.track.first, request.track.last
        count = self.last - self.first + 1

        def unknown() -> Curve:
            return np.full(count, np.nan, np.float32)

        self.iou = unknown()
        self.predicted_iou = (unknown(), unknown())
        self.tokens = (unknown(), unknown())
        self._results: tuple[dict[int, FrameResult], dict[int, FrameResult]] = ({}, {})

    def add(self, step: ComparisonStep) -> None:
        """Add a frame of both runs."""
        place = step.frame - self.first
        self.iou[place] = step.iou
        for side, result in enumerate(step.results):
            self._results[side][step.frame] = result
            found = self.prediction(side, step.frame)
            if found is not None and found.memory is not None:
                self.predicted_iou[side][place] = found.memory.scores.predicted_iou
                self.tokens[side][place] = found.memory.tokens_stored

    def prediction(self, side: int, frame: int) -> Prediction | None:
        """Return what a variant (0 or 1) found on a frame; None if it has not come to it."""
        result = self._results[side].get(frame)
        return None if result is None else result.predictions.get(self.request.object_id)

    def results(self, side: int) -> list[FrameResult]:
        """Return all results of a variant in the order in which they were found."""
        return list(self._results[side].values())

    def banks(self, frame: int) -> dict[int, tuple[int | None, int | None]]:
        """Return the tokens of each frame that either bank holds after a frame, ascending.

        Returns:
            By remembered frame the tokens in the two banks; None where it is not held.
        """
        held: list[dict[int, int | None]] = []
        for side in range(NUM_VARIANTS):
            found = self.prediction(side, frame)
            record = None if found is None else found.memory
            held.append({} if record is None else {f: record.tokens_of(f) for f in record.stored})
        return {f: (held[0].get(f), held[1].get(f)) for f in sorted({*held[0], *held[1]})}
