"""Semi-supervised evaluation: prompt the first frame, track, score the other frames."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinysam2.build import Model
from tinysam2.config import MemoryConfig
from tinysam2.datasets.sequences import AnnotatedSequence, read_sequences
from tinysam2.evaluation.metrics import Bitmap, Scores, boundary_accuracy, region_similarity
from tinysam2.evaluation.prompts import Protocol, click_sequence, enclosing_box
from tinysam2.inference.postprocess import MaskCleanup
from tinysam2.inference.results import TrackStep
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.memory.bank import MemoryEvent

VOID = 255

Review = Callable[[int, NDArray[np.uint8], NDArray[np.uint8], Scores], None]
"""Takes a scored frame's index, its true and predicted labels (H, W), and J (O,) of its objects."""


@dataclass(frozen=True, slots=True)
class SequenceResult:
    """The scores of one sequence.

    Attributes:
        name: of the sequence.
        object_ids: 1 to the highest number on the first frame, O of them.
        scored_frames: annotated frames except the first and the last of the sequence, F of them.
        region: (O, F) J.
        boundary: (O, F) F.
        tracked_frames: number of frames that were tracked.
        seconds: time for tracking them, reading frames included, scoring left out; with several
            threads later images are encoded while a frame is scored, which does not count.
        tokens_stored: memory tokens of each object after each frame.
        tokens_attended: memory tokens that each object read, on each frame that was not prompted.
    """

    name: str
    object_ids: tuple[int, ...]
    scored_frames: tuple[int, ...]
    region: Scores
    boundary: Scores
    tracked_frames: int
    seconds: float
    tokens_stored: tuple[int, ...] = ()
    tokens_attended: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackingPass:
    """The scores of one propagation through a sequence.

    Attributes:
        region: (O, F) J.
        boundary: (O, F) F.
        seconds: as in `SequenceResult`.
        events: memory event of each object on each frame.
    """

    region: Scores
    boundary: Scores
    seconds: float
    events: tuple[MemoryEvent, ...]


def evaluate(
    model: Model,
    root: Path,
    split: str = "val",
    protocol: Protocol = Protocol.MASK,
    memory: MemoryConfig | None = None,
    max_frames: int | None = None,
    image_size: int | None = None,
    max_sequences: int | None = None,
) -> Iterator[SequenceResult]:
    """Score a model on a dataset, sequence by sequence.

    Args:
        model: loaded network.
        root: dataset, see `read_sequences`.
        split: part of it.
        protocol: how the first frame is prompted.
        memory: memory settings; the model's own by default.
        max_frames: use only the beginning of each sequence.
        image_size: network input side; the model's own by default.
        max_sequences: score only the first ones.

    Raises:
        ValueError: the dataset holds nothing to score.
    """
    trackers = open_trackers(model, root, split, memory, max_frames, image_size, max_sequences)
    for tracker, sequence in trackers:
        yield score_sequence(tracker, sequence, protocol)


def open_trackers(
    model: Model,
    root: Path,
    split: str,
    memory: MemoryConfig | None,
    max_frames: int | None,
    image_size: int | None,
    max_sequences: int | None,
) -> Iterator[tuple[VideoTracker, AnnotatedSequence]]:
    """Yield each sequence of a dataset with a new tracker on it; arguments as in `evaluate`."""
    for sequence in islice(read_sequences(root, split), max_sequences):
        limited = sequence if max_frames is None else sequence.first(max_frames)
        height, width = limited.labels(0).shape
        cleanup = MaskCleanup.of_fraction((height, width))  # as the application tracks
        yield VideoTracker(model, limited.frames, memory, image_size, cleanup), limited


def score_sequence(
    tracker: VideoTracker, sequence: AnnotatedSequence, protocol: Protocol = Protocol.MASK
) -> SequenceResult:
    """Prompt every object of the first frame, track them and compare with the ground truth.

    As in the official protocol the first and the last frame are not scored.  The objects are 1 to
    the highest number on the first frame: a number without any pixel scores 1, an object that
    appears later is scored like one that was not found if its number is lower than that, and not
    at all if it is higher.

    Args:
        tracker: without prompts yet, on ``sequence.frames``.
        sequence: the ground truth.
        protocol: how the first frame is prompted.

    Raises:
        ValueError: the first frame has no object, or no frame is left to score.

    Source:
        davisvideochallenge/davis2017-evaluation, ``get_all_masks`` in ``davis2017/davis.py``.
    """
    first = sequence.labels(0)
    visible, scored = scored_part(sequence, first)
    ids = tuple(range(1, max(visible) + 1))
    start = time.perf_counter()
    for object_id in visible:
        _prompt(tracker, object_id, first == object_id, protocol)
    prompting_seconds = time.perf_counter() - start
    done = track_and_score(tracker, sequence, ids, scored)
    return SequenceResult(
        name=sequence.name,
        object_ids=ids,
        scored_frames=scored,
        region=done.region,
        boundary=done.boundary,
        tracked_frames=len(sequence.frames),
        seconds=prompting_seconds + done.seconds,
        tokens_stored=_tokens_stored(done.events),
        tokens_attended=_tokens_attended(done.events),
    )


def scored_part(
    sequence: AnnotatedSequence, first: NDArray[np.uint8]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the ids of the objects on the first frame, and the indices of the scored frames.

    Args:
        sequence: the ground truth.
        first: (H, W) labels of its first frame.

    Raises:
        ValueError: the first frame has no object, or no frame is left to score.
    """
    scored = sorted(sequence.annotations.keys() - {0, len(sequence.frames) - 1})
    ids = sorted(set(np.unique(first).tolist()) - {0, VOID})
    if not ids or not scored:
        raise ValueError(
            f"{sequence.name} must have an object on its first frame and an annotated frame "
            f"between the first and the last, got objects {ids} and frames {scored}"
        )
    return tuple(ids), tuple(scored)


def track_and_score(
    tracker: VideoTracker,
    sequence: AnnotatedSequence,
    object_ids: Sequence[int],
    scored_frames: Sequence[int],
    review: Review | None = None,
) -> TrackingPass:
    """Propagate the tracker's prompts through a sequence and score the predictions.

    Args:
        tracker: with prompts, on ``sequence.frames``.
        sequence: the ground truth.
        object_ids: objects to score, O of them.
        scored_frames: frames to score, F of them.
        review: called for each scored frame, in frame order.
    """
    region, boundary = np.zeros((2, len(object_ids), len(scored_frames)))
    columns = {frame: column for column, frame in enumerate(scored_frames)}
    events: list[MemoryEvent] = []
    seconds = -time.perf_counter()
    for step in tracker.propagate():
        events += step.memory_events.values()
        if (column := columns.get(step.frame_index)) is not None:
            predicted = combined_labels(step)
            seconds += time.perf_counter()
            truth = sequence.labels(step.frame_index)
            region[:, column], boundary[:, column] = _scores(truth, predicted, object_ids)
            if review is not None:
                review(step.frame_index, truth, predicted, region[:, column])
            seconds -= time.perf_counter()
    seconds += time.perf_counter()
    return TrackingPass(region, boundary, seconds, tuple(events))


def _tokens_stored(events: Iterable[MemoryEvent]) -> tuple[int, ...]:
    return tuple(event.tokens_stored for event in events)


def _tokens_attended(events: Iterable[MemoryEvent]) -> tuple[int, ...]:
    return tuple(event.tokens_attended for event in events if event.tokens_attended)


def _prompt(tracker: VideoTracker, object_id: int, truth: Bitmap, protocol: Protocol) -> None:
    if protocol is Protocol.MASK:
        tracker.add_mask(object_id, 0, truth)
    elif protocol is Protocol.BOX:
        tracker.add_box(object_id, 0, enclosing_box(truth))
    else:
        predictions = click_sequence(truth, partial(tracker.add_points, object_id, 0))
        for _ in islice(predictions, protocol.click_count):
            pass  # the tracker keeps the last prompt


def combined_labels(step: TrackStep) -> NDArray[np.uint8]:
    """Give each pixel to the object of the highest logit, or to the background, whose logit is 0.

    Returns:
        (H, W) object ids, 0 for background.
    """
    ids = np.array(step.object_ids, dtype=np.uint8)
    winner = ids[step.mask_logits.argmax(axis=0)]
    return np.where(step.masks.any(axis=0), winner, np.uint8(0))


def _scores(
    truth: NDArray[np.uint8], predicted: NDArray[np.uint8], ids: Sequence[int]
) -> tuple[list[float], list[float]]:
    void = truth == VOID
    masks = [(truth == object_id, predicted == object_id) for object_id in ids]
    return (
        [region_similarity(*pair, void) for pair in masks],
        [boundary_accuracy(*pair, void) for pair in masks],
    )
