"""Which frames are suggested for review, and the reasons given."""

import time
from collections.abc import Mapping

import numpy as np
import pytest

from app.core.document import Change, Document, Edit, FrameMask, Origin, Table
from app.core.mask_change import MaskRuns, mask_iou
from app.core.masks import Bitmap, RleMask
from app.core.memory import MemoryDecision, MemoryRecord, MemoryScores
from app.core.prompts import FramePrompts, PointPrompt
from app.core.review import ObjectReview, ReviewRun, usual

SIZE_HW = (60, 100)
FRAMES = 40


def square(x: int = 20, side: int = 20, y: int = 20) -> RleMask:
    bitmap = np.zeros(SIZE_HW, np.bool_)
    bitmap[y : y + side, x : x + side] = True
    return RleMask.encode(bitmap)


def tracked(
    masks: Mapping[int, RleMask],
    scores: Mapping[int, tuple[float, float]] | None = None,
    prompted: int = 0,
) -> Document:
    """Track an object: ``masks`` on their frames, a square elsewhere; IoU and presence."""
    changes = []
    for frame in range(FRAMES):
        key = (1, frame)
        iou, presence = (scores or {}).get(frame, (0.9, 1.0))
        origin = Origin.PROMPT if frame == prompted else Origin.TRACKED
        row = FrameMask(masks.get(frame, square()), origin, iou * presence)
        record = MemoryRecord(
            MemoryDecision.KEPT, "", MemoryScores(iou, presence, iou * presence, 0), ()
        )
        changes += [Change(Table.MASKS, key, None, row), Change(Table.MEMORY, key, None, record)]
    prompts = FramePrompts((PointPrompt(1, 1),))
    changes.append(Change(Table.PROMPTS, (1, prompted), None, prompts))
    document = Document()
    document.apply(Edit("Track", tuple(changes)))
    return document


def reviewed(document: Document) -> ObjectReview:
    review = ObjectReview(document, 1, FRAMES)
    review.update()
    return review


def put(document: Document, frame: int, row: FrameMask) -> None:
    before = document.mask(1, frame)
    document.apply(Edit("", (Change(Table.MASKS, (1, frame), before, row),)))


def random_bitmaps(count: int) -> list[tuple[Bitmap, Bitmap]]:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(count):
        size = rng.integers(1, 12, 2)
        fractions = rng.choice([0, 0.2, 0.7, 1], 2)
        found.append((rng.random(size) < fractions[0], rng.random(size) < fractions[1]))
    return found


def test_runs_give_the_same_area_centroid_and_iou_as_bitmaps() -> None:
    for one, other in random_bitmaps(300):
        runs = MaskRuns(RleMask.encode(one))
        assert runs.area == one.sum()
        if one.any():
            ys, xs = np.nonzero(one)
            assert runs.centroid_xy == (pytest.approx(xs.mean()), pytest.approx(ys.mean()))
        union = (one | other).sum()
        iou = (one & other).sum() / union if union else 1.0
        assert mask_iou(RleMask.encode(one), RleMask.encode(other)) == pytest.approx(iou)


def test_the_change_of_a_moved_mask_is_its_way_and_not_its_shape() -> None:
    change = MaskRuns(square(20)).change_to(MaskRuns(square(50)))
    assert (change.area_ratio, change.overlap) == (1, 1)
    assert change.jump == pytest.approx(30 / 20)
    shrunk = MaskRuns(square(20, 20)).change_to(MaskRuns(square(25, 10, 25)))
    assert shrunk.area_ratio == pytest.approx(0.25)
    assert shrunk.overlap == 1
    assert shrunk.jump == pytest.approx(0)


def test_steady_good_masks_are_not_suggested() -> None:
    assert reviewed(tracked({})).runs() == []


def test_consecutive_weak_frames_are_one_run_named_after_the_worst() -> None:
    weak = {10: (0.55, 1.0), 11: (0.4, 1.0), 12: (0.5, 1.0), 20: (0.5, 1.0)}
    first, second = reviewed(tracked({}, weak)).runs()
    assert (first.first, first.last, first.worst) == (10, 12, 11)
    assert first.reason == "Predicted IoU 0.40"
    assert (second.first, second.last) == (20, 20)
    assert first.score < second.score < 0.5


@pytest.mark.parametrize(
    ("masks", "scores", "reason"),
    [
        (
            {frame: square(24, 12, 24) for frame in range(15, FRAMES)},
            {},
            "Area fell to 36 % of the frame before",
        ),
        (
            {frame: square(5, 50, 5) for frame in range(15, FRAMES)},
            {},
            "Area grew to 625 % of the frame before",
        ),
        (
            {frame: square(70) for frame in range(15, FRAMES)},
            {},
            "Moved 2.5 times its size from the frame before",
        ),
        (
            {frame: RleMask.empty(SIZE_HW) for frame in range(15, FRAMES)},
            {},
            "Vanished: visible on the frame before",
        ),
        ({}, {15: (0.9, 0.2)}, "The model doubts that the object is visible (0.20)"),
    ],
)
def test_reasons_are_in_words(
    masks: dict[int, RleMask], scores: dict[int, tuple[float, float]], reason: str
) -> None:
    run = reviewed(tracked(masks, scores)).runs()[0]
    assert run.worst == 15
    assert run.reason == reason


def test_a_present_object_is_not_doubted() -> None:
    run = reviewed(tracked({}, {15: (0.97, 0.9)})).runs(0.95)[0]
    assert run.worst == 15
    assert run.reason == "Object presence 0.90"


def test_a_change_of_shape_alone_is_noticed() -> None:
    bar = np.zeros(SIZE_HW, np.bool_)
    bar[25:35, 10:50] = True  # the area and the centroid of the square
    (run,) = reviewed(tracked({15: RleMask.encode(bar)})).runs()
    assert (run.first, run.last) == (15, 16)
    assert run.reason == "Shape changed: 50 % overlap with the frame before"


def test_a_mask_tracked_backward_is_compared_with_the_frame_after() -> None:
    masks = {frame: square(24, 12, 24) for frame in range(15)}
    (run,) = reviewed(tracked(masks, prompted=FRAMES - 1)).runs()
    assert (run.worst, run.reason) == (14, "Area fell to 36 % of the frame after")


def test_steady_motion_is_not_sudden() -> None:
    fast = {frame: square(3 * frame % 70) for frame in range(FRAMES)}
    jumps = [frame for frame in range(1, FRAMES) if 3 * frame % 70 < 3 * (frame - 1) % 70]
    runs = reviewed(tracked(fast)).runs()
    assert [run.worst for run in runs] == jumps


def test_absence_is_one_run() -> None:
    masks = {frame: RleMask.empty(SIZE_HW) for frame in range(15, 30)}
    first, *_ = reviewed(tracked(masks, dict.fromkeys(range(15, 30), (0.9, 0.0)))).runs()
    assert (first.first, first.last, first.worst) == (15, 30, 15)


def test_what_a_person_checked_is_not_suggested() -> None:
    document = tracked({}, {10: (0.2, 1.0), 20: (0.2, 1.0), 30: (0.2, 1.0)})
    review = reviewed(document)
    assert [run.worst for run in review.runs()] == [10, 20, 30]
    put(document, 10, FrameMask(square(), Origin.TRACKED, 0.2, is_verified=True))
    put(document, 20, FrameMask(square(), Origin.PAINTED))
    put(document, 30, FrameMask(square(), Origin.IMPORTED))  # its memory record is still weak
    review.invalidate([10, 20, 30])
    review.update()
    assert [run.worst for run in review.runs()] == [30]
    assert (review.verified_count, review.mask_count) == (1, FRAMES)


def test_updates_give_what_a_fresh_review_gives() -> None:
    rng = np.random.default_rng(3)
    document = tracked({})
    review = reviewed(document)
    for _ in range(30):
        frame = int(rng.integers(FRAMES))
        mask = square(int(rng.integers(0, 70)), int(rng.integers(5, 30)))
        put(document, frame, FrameMask(mask, Origin.TRACKED, float(rng.random())))
        review.invalidate([frame])
        review.update(1)  # in slices
        review.update()
        assert review.is_complete
        np.testing.assert_array_equal(review.scores, reviewed(document).scores)


def test_disagreement_counts_as_long_as_the_mask_is_the_same() -> None:
    document = tracked({})
    review = reviewed(document)
    review.set_agreement(12, square(), 0.3)
    review.update()
    (run,) = review.runs()
    assert run.reason == "Tracking the other way gives another mask (IoU 0.30)"
    put(document, 12, FrameMask(square(21), Origin.TRACKED, 0.9))
    review.invalidate([12])
    review.update()
    assert review.runs() == []


def test_the_threshold_selects() -> None:
    review = reviewed(tracked({}, {10: (0.5, 1.0), 20: (0.7, 1.0)}))
    assert [run.worst for run in review.runs(0.5)] == [10]
    assert [run.worst for run in review.runs(0.9)] == [10, 20]
    assert review.runs(0.1) == []


def test_a_run_covers_its_frames_of_its_object() -> None:
    run = ReviewRun(1, 3, 5, 4, 0.2, "")
    assert [run.covers(1, frame) for frame in (2, 3, 5, 6)] == [False, True, True, False]
    assert not run.covers(2, 4)
    assert not run.covers(None, 4)


def test_the_usual_change_is_the_median_around_a_frame() -> None:
    values = np.full(40, 2, np.float32)
    values[10], values[20:] = 100, np.nan
    found = usual(values)
    assert found[10] == 2
    assert found[19] == 2
    assert found[35] == 0


def test_scores_that_follow_the_changes_are_those_of_a_new_examination() -> None:
    rng = np.random.default_rng(3)
    document = tracked({}, prompted=20)
    review = reviewed(document)
    for turn in range(60):
        frame = int(rng.integers(FRAMES))
        if turn % 10 == 9:  # the nearest prompt of other frames is another one
            prompts = FramePrompts((PointPrompt(1, 1),))
            before = document.row(Table.PROMPTS, (1, frame))
            change = Change(Table.PROMPTS, (1, frame), before, None if before else prompts)
            document.apply(Edit("", (change,)))
        else:
            mask = square(int(rng.integers(60)), int(rng.integers(1, 30)))
            put(document, frame, FrameMask(mask, Origin.TRACKED, float(rng.random())))
        review.invalidate([frame])
        review.update()
        anew = reviewed(document)
        np.testing.assert_array_equal(review.scores, anew.scores)
        assert review.runs() == anew.runs()


def test_a_tracked_frame_costs_no_more_in_a_long_video() -> None:
    document, num_frames = Document(), 20_000
    row = FrameMask(square(), Origin.TRACKED, 0.9)
    masks = [Change(Table.MASKS, (1, frame), None, row) for frame in range(num_frames)]
    document.apply(Edit("Track", tuple(masks)))
    review = ObjectReview(document, 1, num_frames)
    review.update()
    review.runs()
    start_s = time.thread_time()
    for frame in range(100):
        review.invalidate([frame])
        review.update()
        review.runs()
    assert time.thread_time() - start_s < 0.3  # of a second for all; all scores take 1.2 s
