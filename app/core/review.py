"""Which frames of an object a person should look at first, and why.

Each frame with a mask gets a score in [0, 1], the least of several: what the model predicts of its
own mask, how much the mask differs from that of the frame before, and whether tracking in the
other direction gives the same mask.  Consecutive frames below a threshold are one `ReviewRun`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from app.core.document import Document, FrameMask, Origin, Table
from app.core.mask_change import MaskRuns
from app.core.masks import RleMask

DEFAULT_THRESHOLD = 0.5
"""Frames that score less are suggested for review unless the user selects another threshold."""

WINDOW_FRAMES = 15
"""Frames around a frame whose median change is usual for the object, so that steady motion or
growth is not sudden."""

ABSENT_SCORE = 0.4
"""Score of a frame without the object: right where it is hidden or out of the image."""

Floats = NDArray[np.float32]


class Evidence(IntEnum):
    """What a frame is scored by."""

    PREDICTED_IOU = 0
    PRESENCE = 1
    AREA = 2
    SHAPE = 3
    JUMP = 4
    AGREEMENT = 5  # with tracking in the other direction
    ABSENCE = 6


# Value of the evidence (for changes: less the usual change) -> score, linear between the points.
CURVES: dict[Evidence, tuple[tuple[float, ...], tuple[float, ...]]] = {
    Evidence.PREDICTED_IOU: ((0.0, 0.3, 0.6, 0.9), (0.0, 0.1, 0.5, 1.0)),
    Evidence.PRESENCE: ((0.0, 0.5, 1.0), (0.0, 0.5, 1.0)),
    Evidence.AREA: ((0.0, 0.4, 1.2, 3.0), (1.0, 0.5, 0.1, 0.0)),
    Evidence.SHAPE: ((0.05, 0.2, 0.5, 1.0), (1.0, 0.5, 0.1, 0.0)),
    Evidence.JUMP: ((0.1, 0.5, 1.5, 5.0), (1.0, 0.5, 0.1, 0.0)),
    Evidence.AGREEMENT: ((0.0, 0.2, 0.6, 0.9), (0.0, 0.1, 0.5, 1.0)),
}


@dataclass(frozen=True, slots=True)
class ReviewRun:
    """Consecutive frames of an object to review.

    Attributes:
        first, last: frames, both inclusive.
        worst: the frame of the lowest score, which stands for the others.
        score: of the worst frame, in [0, 1].
        reason: why the worst frame scores low, in words.
    """

    object_id: int
    first: int
    last: int
    worst: int
    score: float
    reason: str

    def covers(self, object_id: int | None, frame: int) -> bool:
        """Return whether a frame of an object is in the run."""
        return object_id == self.object_id and self.first <= frame <= self.last


class ObjectReview:
    """The evidence on one object, updated where the document changes.

    Args:
        document: the annotations, which are only read.
        object_id: the object; it may be removed later.
        num_frames: number of frames of the video.
    """

    def __init__(self, document: Document, object_id: int, num_frames: int) -> None:
        self._document = document
        self.object_id = object_id
        # One row for each `Evidence`; NaN where unknown.
        self._values = np.full((len(Evidence), num_frames), np.nan, np.float32)
        self._has_mask, self._is_verified, self._is_open = np.zeros((3, num_frames), np.bool_)
        self._agreements: dict[int, tuple[RleMask, float]] = {}
        self._stale = set(document.of_object(Table.MASKS, object_id))
        self._queue: list[int] = []  # stale frames in the order in which they are examined
        self._last: tuple[RleMask, MaskRuns] | None = None  # of the frame examined last
        # What `_rescore` keeps up to date: the scores by `Evidence` and the least of them, and the
        # changes (area ratio, overlap, jump) from the frame nearer to the prompts.
        self._evidence = np.full_like(self._values, np.nan)
        self._scores = np.full(num_frames, np.nan, np.float32)
        self._steps = np.full((3, num_frames), np.nan, np.float32)
        self._is_backward = np.zeros(num_frames, np.bool_)
        self._examined: tuple[int, int] | None = None  # first and last frame to score again
        self._runs: dict[tuple[int, int], ReviewRun] = {}  # found last, by first frame and end

    @property
    def is_complete(self) -> bool:
        """Whether no changed frame waits for `update`."""
        return not self._stale

    @property
    def mask_count(self) -> int:
        """Number of frames with a mask."""
        return int(np.count_nonzero(self._has_mask))

    @property
    def verified_count(self) -> int:
        """Number of frames with a verified mask."""
        return int(np.count_nonzero(self._is_verified))

    def invalidate(self, frames: Iterable[int]) -> None:
        """Note that masks, prompts or memory records of these frames changed."""
        end = len(self._is_open)
        for frame in frames:
            self._stale |= {frame, frame + 1} if frame + 1 < end else {frame}

    def set_agreement(self, frame: int, mask: RleMask, iou: float) -> None:
        """Store the IoU of a mask with the one that tracking in the other direction gave.

        It counts as long as the document has this mask on the frame.
        """
        self._agreements[frame] = mask, iou
        self._stale.add(frame)

    def update(self, max_frames: int | None = None) -> None:
        """Examine changed frames, the lowest first; all, or at most ``max_frames``."""
        left = len(self._stale) if max_frames is None else min(max_frames, len(self._stale))
        while left:
            if not self._queue:
                self._queue = sorted(self._stale, reverse=True)  # once, not for every slice of work
            frame = self._queue.pop()
            if frame in self._stale:
                self._values[:, frame] = self._examine(frame)
                self._stale.discard(frame)
                self._note_examined(frame, frame)
                left -= 1

    def _note_examined(self, first: int, last: int) -> None:
        before = self._examined or (first, last)
        self._examined = min(first, before[0]), max(last, before[1])

    def _examine(self, frame: int) -> list[float]:
        row = self._document.mask(self.object_id, frame)
        self._has_mask[frame] = row is not None
        self._is_verified[frame] = row is not None and row.is_verified
        self._is_open[frame] = row is not None and not self._is_checked(frame, row)
        values = [np.nan] * len(Evidence)
        if row is None:
            return values
        agreement = self._agreements.get(frame)
        if agreement is not None and agreement[0] == row.mask:
            values[Evidence.AGREEMENT] = agreement[1]
        is_empty = len(row.mask.runs) < 2
        if is_empty:
            values[Evidence.ABSENCE] = ABSENT_SCORE
        else:
            record = self._document.memory(self.object_id, frame)
            if row.confidence is not None:
                values[Evidence.PREDICTED_IOU] = row.confidence
            if record is not None:
                values[Evidence.PREDICTED_IOU] = record.scores.predicted_iou
                values[Evidence.PRESENCE] = record.scores.object_presence
        values[Evidence.AREA : Evidence.AGREEMENT] = self._change(frame, row.mask)
        return values

    def _is_checked(self, frame: int, row: FrameMask) -> bool:
        """Return whether a person has seen the mask: verified it, or made it there by hand."""
        is_by_hand = row.exported_origin in (Origin.PAINTED, Origin.PROMPT)
        is_prompted = not self._document.prompts(self.object_id, frame).is_empty
        return row.is_verified or is_by_hand or is_prompted

    def _change(self, frame: int, mask: RleMask) -> tuple[float, float, float]:
        """Compare the mask of a frame with that of the frame before: area, shape, position."""
        before = self._document.mask(self.object_id, frame - 1)
        if before is None:
            return np.nan, np.nan, np.nan
        if self._last is None or self._last[0] is not before.mask:
            self._last = before.mask, MaskRuns(before.mask)
        runs = MaskRuns(mask)
        change = self._last[1].change_to(runs)
        self._last = mask, runs
        return change.area_ratio, change.overlap, change.jump

    @property
    def scores(self) -> Floats:
        """The score of each open frame in [0, 1], low where it needs review; NaN elsewhere."""
        self._rescore()
        return self._scores

    def _rescore(self) -> None:
        """Score the examined frames, and those around them that are compared with them.

        So the scores of a frame that was tracked do not depend on the length of the video.
        """
        is_backward = self._is_tracked_backward()
        turned = np.flatnonzero(is_backward != self._is_backward)
        if len(turned):
            self._note_examined(int(turned[0]), int(turned[-1]))
            self._is_backward = is_backward
        if self._examined is None:
            return
        (first, last), self._examined = self._examined, None
        num_frames, half = len(self._is_open), WINDOW_FRAMES // 2
        scored = slice(max(0, first - 1 - half), min(num_frames, last + 2 + half))
        read = slice(max(0, scored.start - half), min(num_frames, scored.stop + half))
        inner = slice(scored.start - read.start, scored.stop - read.start)
        steps = self._steps_in(read)
        evidence = _evidence_scores(self._values[:, read], steps)[:, inner]
        lowest = np.fmin.reduce(evidence)
        self._steps[:, scored], self._evidence[:, scored] = steps[:, inner], evidence
        self._scores[scored] = np.where(self._is_open[scored], lowest, np.nan)
        self._runs = {
            ends: run
            for ends, run in self._runs.items()
            if ends[1] <= scored.start or ends[0] >= scored.stop
        }

    def _steps_in(self, frames: slice) -> Floats:
        """Return area ratio, overlap and jump (3, N) from the frame nearer to the prompts.

        Tracking spreads from prompted frames, so the mask of the other frame is the one in doubt.
        """
        changes = self._values[Evidence.AREA : Evidence.AGREEMENT]
        here, after = changes[:, frames], changes[:, frames.start + 1 : frames.stop + 1].copy()
        if after.shape[1] < here.shape[1]:  # the last frame of the video has none after it
            after = np.concatenate([after, np.full((3, 1), np.nan, np.float32)], axis=1)
        with np.errstate(divide="ignore"):
            after[0] = 1 / after[0]
        return np.where(self._is_backward[frames], after, here)

    def _is_tracked_backward(self) -> NDArray[np.bool_]:
        """Return per frame whether the nearest prompted frame is a later one."""
        frames = np.arange(self._values.shape[1])
        prompted = np.array(sorted(self._document.of_object(Table.PROMPTS, self.object_id)))
        if not len(prompted):
            return np.zeros(len(frames), np.bool_)
        later = np.searchsorted(prompted, frames)
        to_later = np.where(
            later < len(prompted), prompted[np.minimum(later, len(prompted) - 1)] - frames, np.inf
        )
        to_earlier = np.where(later > 0, frames - prompted[np.maximum(later - 1, 0)], np.inf)
        return to_later < to_earlier

    def runs(self, threshold: float = DEFAULT_THRESHOLD) -> list[ReviewRun]:
        """Return the runs of open frames that score less than a threshold, in frame order."""
        is_weak = self.scores < threshold  # NaN compares as false
        edges = np.flatnonzero(np.diff(np.concatenate([[False], is_weak, [False]]).astype(np.int8)))
        if not len(edges):
            return []
        ends = [(first, end) for first, end in edges.reshape(-1, 2).tolist()]
        self._runs = {each: self._runs.get(each) or self._run(*each) for each in ends}
        return list(self._runs.values())

    def _run(self, first: int, end: int) -> ReviewRun:
        """Return the run of the frames from ``first`` to before ``end``."""
        worst = first + int(np.argmin(self._scores[first:end]))
        cause = Evidence(int(np.nanargmin(self._evidence[:, worst])))
        is_change = cause in (Evidence.AREA, Evidence.SHAPE, Evidence.JUMP)
        values, row = (self._steps, cause - Evidence.AREA) if is_change else (self._values, cause)
        other = "the frame after" if self._is_backward[worst] else "the frame before"
        reason = reason_text(cause, float(values[row, worst]), other)
        return ReviewRun(self.object_id, first, end - 1, worst, float(self._scores[worst]), reason)


def _evidence_scores(values: Floats, steps: Floats) -> Floats:
    """Score each kind of evidence (E, N) in [0, 1]; `DEFAULT_THRESHOLD` is where it is weak.

    Args:
        values: (E, N), as `ObjectReview` keeps them.
        steps: (3, N), see `ObjectReview._steps_in`.
    """
    scores = values.copy()
    area, shape, jump = steps
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.abs(np.log(area))
    for evidence in (Evidence.PREDICTED_IOU, Evidence.PRESENCE, Evidence.AGREEMENT):
        scores[evidence] = np.interp(values[evidence], *CURVES[evidence])
    for evidence, change in (
        (Evidence.AREA, growth),
        (Evidence.SHAPE, 1 - shape),
        (Evidence.JUMP, jump),
    ):
        sudden = change - usual(np.where(np.isfinite(change), change, np.nan))
        scores[evidence] = np.interp(sudden, *CURVES[evidence])
    return scores


def reason_text(cause: Evidence, value: float, other: str) -> str:
    """Say why a frame scores low.

    Args:
        cause: the evidence with the lowest score.
        value: its value, as `ObjectReview` keeps it.
        other: the frame that the mask was compared with, in words.
    """
    match cause:
        case Evidence.PREDICTED_IOU:
            return f"Predicted IoU {value:.2f}"
        case Evidence.PRESENCE:
            doubt = f"The model doubts that the object is visible ({value:.2f})"
            return doubt if value < DEFAULT_THRESHOLD else f"Object presence {value:.2f}"
        case Evidence.AREA if value == 0:
            return f"Vanished: visible on {other}"
        case Evidence.AREA if not np.isfinite(value):
            return f"Appeared: not visible on {other}"
        case Evidence.AREA:
            verb = "fell" if value < 1 else "grew"
            return f"Area {verb} to {value:.0%} of {other}".replace("%", " %")
        case Evidence.SHAPE:
            return f"Shape changed: {value:.0%} overlap with {other}".replace("%", " %")
        case Evidence.JUMP:
            return f"Moved {value:.1f} times its size from {other}"
        case Evidence.AGREEMENT:
            return f"Tracking the other way gives another mask (IoU {value:.2f})"
        case Evidence.ABSENCE:
            return "Not visible"


def usual(values: Floats) -> Floats:
    """Return the median of the `WINDOW_FRAMES` around each value (N,), NaN ignored; 0 for none."""
    half = WINDOW_FRAMES // 2
    padded = np.pad(values, half, constant_values=np.nan)
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, WINDOW_FRAMES), axis=1)
    known = np.count_nonzero(~np.isnan(windows), axis=1)  # NaN is sorted to the end
    medians = windows[np.arange(len(values)), np.maximum(known - 1, 0) // 2]
    return np.where(known > 0, medians, 0).astype(np.float32)
