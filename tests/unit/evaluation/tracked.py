"""A tracker that predicts scripted labels instead of looking at the video."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tinysam2.datasets.sequences import AnnotatedSequence
from tinysam2.inference.results import TrackStep

Labels = NDArray[np.uint8]
Clicks = dict[int, list[tuple[int, int, int]]]


class ScriptedTracker:
    """Predict ``predict(truth, i)`` on frame ``i``, and keep the prompts it was given."""

    def __init__(
        self, sequence: AnnotatedSequence, predict: Callable[[Labels, int], Labels]
    ) -> None:
        self.sequence = sequence
        self.predict = predict
        self.prompts: dict[int, object] = {}

    def add_mask(self, object_id: int, frame_index: int, mask: NDArray[np.bool_]) -> None:
        assert frame_index == 0
        self.prompts[object_id] = mask

    def add_box(self, object_id: int, frame_index: int, box_xyxy: Sequence[float]) -> None:
        assert frame_index == 0
        self.prompts[object_id] = box_xyxy

    def add_points(
        self, object_id: int, frame_index: int, points_xy: list[list[float]], labels: list[int]
    ) -> NDArray[np.float32]:
        assert frame_index == 0
        self.prompts[object_id] = list(zip(map(tuple, points_xy), labels, strict=True))
        found = self.predict(self.sequence.labels(0), len(labels)) == object_id
        return np.where(found, 4, -4).astype(np.float32)

    def propagate(self) -> Iterator[TrackStep]:
        ids = tuple(self.prompts)
        for frame in range(len(self.sequence.frames)):
            known = max(i for i in self.sequence.annotations if i <= frame)
            labels = self.predict(self.sequence.labels(known), frame)
            logits = np.stack([np.where(labels == i, 3, -3) for i in ids]).astype(np.float32)
            yield TrackStep(frame, ids, logits, {}, {})


class CorrectableTracker:
    """Predict ``predict(truth, i, clicks)`` on frame ``i``.

    ``clicks`` holds those of the frame, (x, y, label) by object; a frame's clicks replace those
    that it had before, as in `VideoTracker`.
    """

    def __init__(
        self, sequence: AnnotatedSequence, predict: Callable[[Labels, int, Clicks], Labels]
    ) -> None:
        self.sequence = sequence
        self.predict = predict
        self.masks: dict[int, NDArray[np.bool_]] = {}
        self.clicks: dict[int, Clicks] = {}
        self.passes = 0

    def add_mask(self, object_id: int, frame_index: int, mask: NDArray[np.bool_]) -> None:
        assert frame_index == 0
        self.masks[object_id] = mask

    def add_points(
        self, object_id: int, frame_index: int, points_xy: list[list[float]], labels: list[int]
    ) -> None:
        assert self.passes
        clicks = [(int(x), int(y), label) for (x, y), label in zip(points_xy, labels, strict=True)]
        self.clicks.setdefault(frame_index, {})[object_id] = clicks

    def propagate(self) -> Iterator[TrackStep]:
        self.passes += 1
        ids = tuple(self.masks)
        for frame in range(len(self.sequence.frames)):
            truth = self.sequence.labels(frame)
            labels = self.predict(truth, frame, self.clicks.get(frame, {}))
            logits = np.stack([np.where(labels == i, 3, -3) for i in ids]).astype(np.float32)
            yield TrackStep(frame, ids, logits, {}, {})
