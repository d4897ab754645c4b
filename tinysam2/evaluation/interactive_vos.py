"""Interactive video object segmentation: track, correct the worst frames by a click, track again.

Source: the offline evaluation of promptable video segmentation in Ravi et al., "SAM 2: Segment
Anything in Images and Videos", arXiv:2408.00714, section 6.1: several passes over the video, before
each of which the frame of the lowest IoU is prompted.  Differs in four ways: a mask, not three
clicks, prompts the first frame; a correction is one click, not three; a frame may be clicked again,
which keeps its earlier clicks, where SAM 2 prompts another frame in each pass; at most three
corrections are made, not seven.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinysam2.build import Model
from tinysam2.config import MemoryConfig
from tinysam2.datasets.sequences import AnnotatedSequence
from tinysam2.evaluation.metrics import Bitmap, Scores
from tinysam2.evaluation.prompts import Click, corrective_click, points_and_labels
from tinysam2.evaluation.report import mean, mean_row
from tinysam2.evaluation.runner import (
    VOID,
    TrackingPass,
    open_trackers,
    scored_part,
    track_and_score,
)
from tinysam2.inference.video_tracker import VideoTracker

CORRECTIONS = 3


@dataclass(frozen=True, slots=True)
class Correction:
    """A click on a tracked frame."""

    frame_index: int
    click: Click


@dataclass(frozen=True, slots=True)
class CorrectedObject:
    """How R rounds of corrections of one object went.

    Attributes:
        object_id: label of the object.
        region: (R + 1, F) J of the scored frames after 0 to R rounds.
        boundary: (R + 1, F) F of the same.
        is_clicked: (F,) the scored frames that were clicked after any pass.
        corrections: in the order given; fewer than R where a pass left no error on any frame.
        obeyed: R + 1 passes; whether each obeys the corrections before it, the newest last.
    """

    object_id: int
    region: Scores
    boundary: Scores
    is_clicked: NDArray[np.bool_]
    corrections: tuple[Correction, ...]
    obeyed: tuple[tuple[bool, ...], ...]

    def figures(self) -> dict[str, float | None]:
        """Return the row of the object; the columns are those of `summarize_corrections`."""
        row: dict[str, float | None] = {}
        for count, (region, boundary) in enumerate(zip(self.region, self.boundary, strict=True)):
            both = (region + boundary) / 2
            row[f"J&F@{count}"] = mean(both)
            row[f"J@{count}"] = mean(region)
            row[f"F@{count}"] = mean(boundary)
            row[f"unclicked_J&F@{count}"] = mean(both[~self.is_clicked])
        for count in range(1, len(self.obeyed)):
            obeyed = self.obeyed[count]
            is_new = len(obeyed) > len(self.obeyed[count - 1])
            row[f"obeyed@{count}"] = mean(obeyed)
            row[f"obeyed_newest@{count}"] = float(obeyed[-1]) if is_new else None
        return row


@dataclass(frozen=True, slots=True)
class CorrectedSequence:
    """How the corrections of one sequence went.

    Attributes:
        name: of the sequence.
        objects: those of the first frame.
        tracked_frames: frames of all passes together, which took ``seconds``.
        seconds: time for tracking, reading frames and predicting from the clicks included.
    """

    name: str
    objects: tuple[CorrectedObject, ...]
    tracked_frames: int
    seconds: float


@dataclass
class _Annotator:
    """The simulated annotator of one object.

    Attributes:
        object_id: label of the object.
        corrections: all that were made, the newest last.
        obeyed: by pass, whether it obeys each correction before it; the current pass last.
        lowest_iou: of the frames of the current pass that were reviewed so far.
        next_correction: what corrects that frame; None when no frame has an error.
    """

    object_id: int
    corrections: list[Correction] = field(default_factory=list)
    obeyed: list[list[bool]] = field(default_factory=lambda: [[]])
    lowest_iou: float = 1.0
    next_correction: Correction | None = None

    def review(self, frame_index: int, truth: Bitmap, mask: Bitmap, iou: float) -> None:
        """Compare a frame's prediction (H, W), without void pixels, with the truth."""
        for index, correction in enumerate(self.corrections):
            if correction.frame_index == frame_index:
                self.obeyed[-1][index] = correction.click.is_obeyed(mask)
        if iou < self.lowest_iou:
            self.lowest_iou = iou
            click = corrective_click(truth, mask)
            self.next_correction = None if click is None else Correction(frame_index, click)

    def correct(self, tracker: VideoTracker) -> None:
        """Click on the worst frame of the last pass, which keeps its earlier clicks."""
        if self.next_correction is not None:
            self.corrections.append(self.next_correction)
            frame_index = self.next_correction.frame_index
            clicks = [c.click for c in self.corrections if c.frame_index == frame_index]
            tracker.add_points(self.object_id, frame_index, *points_and_labels(clicks))
        self.obeyed.append([False] * len(self.corrections))  # until the next pass is reviewed
        self.lowest_iou, self.next_correction = 1.0, None


def evaluate_corrections(
    model: Model,
    root: Path,
    split: str = "val",
    memory: MemoryConfig | None = None,
    max_frames: int | None = None,
    image_size: int | None = None,
    max_sequences: int | None = None,
) -> Iterator[CorrectedSequence]:
    """Correct a model's tracking of a data set, sequence by sequence.

    Args:
        model: loaded network.
        root: data set, see `read_sequences`.
        split: part of it.
        memory: memory settings; the model's own by default.
        max_frames: use only the beginning of each sequence.
        image_size: network input side; the model's own by default.
        max_sequences: score only the first ones.

    Raises:
        ValueError: the data set holds nothing to score.
    """
    trackers = open_trackers(model, root, split, memory, max_frames, image_size, max_sequences)
    for tracker, sequence in trackers:
        yield correct_sequence(tracker, sequence)


def correct_sequence(
    tracker: VideoTracker, sequence: AnnotatedSequence, rounds: int = CORRECTIONS
) -> CorrectedSequence:
    """Track the objects of the first frame from their masks; correct and track again each round.

    In a round each object is clicked once, on the scored frame where its J is lowest (the first of
    several), at the center of the largest error region there.  Masks are those that are scored,
    where each pixel belongs to one object at most.  The first and the last frame are neither scored
    nor clicked.

    Args:
        tracker: without prompts yet, on ``sequence.frames``.
        sequence: the ground truth.
        rounds: number of corrections.

    Raises:
        ValueError: the first frame has no object, or no frame is left to score.
    """
    first = sequence.labels(0)
    ids, scored = scored_part(sequence, first)
    annotators = [_Annotator(object_id) for object_id in ids]
    review = partial(_review, annotators)
    start = time.perf_counter()
    for object_id in ids:
        tracker.add_mask(object_id, 0, first == object_id)
    prompting_seconds = time.perf_counter() - start
    passes = [track_and_score(tracker, sequence, ids, scored, review)]
    for _ in range(rounds):
        start = time.perf_counter()
        for annotator in annotators:
            annotator.correct(tracker)
        prompting_seconds += time.perf_counter() - start
        passes.append(track_and_score(tracker, sequence, ids, scored, review))
    return CorrectedSequence(
        name=sequence.name,
        objects=tuple(_corrected(one, row, passes, scored) for row, one in enumerate(annotators)),
        tracked_frames=len(passes) * len(sequence.frames),
        seconds=prompting_seconds + sum(done.seconds for done in passes),
    )


def _review(
    annotators: Sequence[_Annotator],
    frame_index: int,
    truth: NDArray[np.uint8],
    predicted: NDArray[np.uint8],
    region: Scores,
) -> None:
    """Show each annotator its object on a scored frame, see `Review`."""
    not_void = truth != VOID
    for annotator, iou in zip(annotators, region.tolist(), strict=True):
        mask = (predicted == annotator.object_id) & not_void
        annotator.review(frame_index, truth == annotator.object_id, mask, iou)


def _corrected(
    annotator: _Annotator, row: int, passes: Sequence[TrackingPass], scored: Sequence[int]
) -> CorrectedObject:
    clicked = {correction.frame_index for correction in annotator.corrections}
    return CorrectedObject(
        object_id=annotator.object_id,
        region=np.stack([done.region[row] for done in passes]),
        boundary=np.stack([done.boundary[row] for done in passes]),
        is_clicked=np.array([frame in clicked for frame in scored]),
        corrections=tuple(annotator.corrections),
        obeyed=tuple(map(tuple, annotator.obeyed)),
    )


def summarize_corrections(results: Sequence[CorrectedSequence]) -> dict[str, Any]:
    """Average over frames, then over objects.

    Returns:
        ``overall`` and ``sequences`` by name, each with, after N = 0 to R corrections,

        * ``J&F@N``, ``J@N``, ``F@N`` in [0, 1], over all scored frames;
        * ``unclicked_J&F@N``: over the frames on which the object is never clicked, the same ones
          for each N; None where there are none;
        * ``obeyed@N``, N >= 1: the fraction of the object's clicks so far whose pixel is in
          the mask of their frame (positive clicks) or not in it (negative ones), after the pass
          that follows the Nth click; None where nothing was clicked;
        * ``obeyed_newest@N``, N >= 1: the same of the Nth click alone.

        A sequence has its ``objects`` by id besides, each with the same columns and its
        ``corrections``: ``frame``, ``x``, ``y`` and ``label``.  ``overall`` has the numbers of
        ``sequences`` and ``objects``, and ``frames_per_second``.

    Raises:
        ValueError: there are no results.
    """
    if not results:
        raise ValueError("results must hold at least one sequence")
    every = [each.figures() for result in results for each in result.objects]
    seconds = sum(result.seconds for result in results)
    overall = {
        **mean_row(every),
        "sequences": len(results),
        "objects": len(every),
        "frames_per_second": sum(result.tracked_frames for result in results) / seconds,
    }
    return {"overall": overall, "sequences": {r.name: _sequence_entry(r) for r in results}}


def _sequence_entry(result: CorrectedSequence) -> dict[str, Any]:
    objects = {
        str(each.object_id): {
            **each.figures(),
            "corrections": [_correction_row(c) for c in each.corrections],
        }
        for each in result.objects
    }
    return {**mean_row([each.figures() for each in result.objects]), "objects": objects}


def _correction_row(correction: Correction) -> dict[str, int]:
    click = correction.click
    return {"frame": correction.frame_index, "x": click.x, "y": click.y, "label": click.label}
