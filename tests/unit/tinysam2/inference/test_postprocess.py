from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.unit.tinysam2.toys import SIZE_HW, block_mask, noise_frames, toy_model
from tinysam2.devices import processor_threads
from tinysam2.inference.mask_parts import (
    drop_islands,
    fill_holes,
    merge_at_clicks,
    remove_specks,
)
from tinysam2.inference.postprocess import MaskCleanup, finish_tracked, without_overlap
from tinysam2.inference.video_tracker import VideoTracker

FRAMES = noise_frames(3)


def logits_of(mask: NDArray[np.bool_]) -> Tensor:
    return torch.from_numpy(np.where(mask, 3.0, -3.0).astype(np.float32))


def faulty_mask() -> NDArray[np.bool_]:
    """Draw a block with a hole of 4 and one of 20, and besides a part of 6 and one of 30."""
    mask = block_mask(8, 16, 24)
    mask[12:14, 20:22] = False
    mask[20:24, 25:30] = False
    mask[40:42, 60:63] = True
    mask[10:16, 60:65] = True
    return mask


def test_small_holes_are_filled_and_small_parts_dropped() -> None:
    wanted = faulty_mask()
    wanted[12:14, 20:22] = True
    wanted[40:42, 60:63] = False
    found = MaskCleanup(4, 6).clean(logits_of(faulty_mask()))
    assert np.array_equal(found.numpy() > 0, wanted)
    both = MaskCleanup(20, 30).clean(logits_of(faulty_mask())).numpy() > 0
    assert np.array_equal(both, block_mask(8, 16, 24))


def test_islands_without_a_prompt_are_dropped() -> None:
    mask = np.zeros((40, 60), dtype=np.bool_)
    left, middle, right = np.s_[5:15, 5:15], np.s_[20:30, 25:35], np.s_[5:15, 45:55]
    for part in (left, middle, right):
        mask[part] = True

    def parts(found: NDArray[np.bool_]) -> list[bool]:
        return [bool(found[part].all()) for part in (left, middle, right)]

    assert parts(drop_islands(mask, [(7.5, 7.5)])) == [True, False, False]
    assert parts(drop_islands(mask, [(7.5, 7.5)], (30.0, 25.0, 50.0, 39.0))) == [True, True, False]
    before = np.zeros_like(mask)
    before[6, 54] = True
    assert parts(drop_islands(mask, [(7.5, 7.5)], kept=before)) == [True, False, True]
    assert parts(drop_islands(mask, [], kept=before)) == [False, False, True]
    assert parts(drop_islands(mask, [(59.9, 39.9)])) == [True, True, True]
    assert parts(drop_islands(mask, [])) == [True, True, True]


def test_a_mask_changes_only_where_clicks_contradict_it() -> None:
    before, predicted = np.zeros((40, 60), dtype=np.bool_), np.zeros((40, 60), dtype=np.bool_)
    before[10:30, 10:30] = True
    predicted[10:30, 20:40] = True
    predicted[35:38, 50:58] = True
    added = merge_at_clicks(before, predicted, [(35.5, 20.5)], [1])
    assert np.array_equal(added, before | (predicted & (np.arange(40) < 35)[:, None]))
    removed = merge_at_clicks(before, predicted, [(12.5, 20.5)], [0])
    assert np.array_equal(removed, before & predicted)
    both = merge_at_clicks(before, predicted, [(35.5, 20.5), (12.5, 20.5)], [1, 0])
    assert np.array_equal(both, predicted & (np.arange(40) < 35)[:, None])
    satisfied = merge_at_clicks(before, predicted, [(15.5, 15.5), (55.5, 5.5)], [1, 0])
    assert np.array_equal(satisfied, before)


def test_bool_masks_are_cleaned_as_logits_are() -> None:
    mask = faulty_mask()
    filled = MaskCleanup(fill_holes_px=4).clean(logits_of(mask)).numpy() > 0
    assert np.array_equal(fill_holes(mask, 4), filled)
    without = MaskCleanup(drop_specks_px=6).clean(logits_of(mask)).numpy() > 0
    assert np.array_equal(remove_specks(mask, 6), without)
    nothing = np.zeros_like(mask)
    assert not remove_specks(nothing, 9).any()
    assert not fill_holes(nothing, 9).any()


def test_each_cleanup_can_be_enabled_alone() -> None:
    logits = logits_of(faulty_mask())
    assert torch.equal(MaskCleanup().clean(logits), logits)
    assert int((MaskCleanup(fill_holes_px=4).clean(logits) > 0).sum()) == faulty_mask().sum() + 4
    assert int((MaskCleanup(drop_specks_px=6).clean(logits) > 0).sum()) == faulty_mask().sum() - 6


def test_the_logits_given_are_not_written_to() -> None:
    logits = logits_of(faulty_mask())
    MaskCleanup(20, 30).clean(logits)
    assert torch.equal(logits, logits_of(faulty_mask()))


def test_small_object_and_empty_mask_stay() -> None:
    for mask in (block_mask(3, 3, 2), np.zeros(SIZE_HW, np.bool_), np.ones(SIZE_HW, np.bool_)):
        assert torch.equal(MaskCleanup(99, 99).clean(logits_of(mask)), logits_of(mask))


@pytest.mark.parametrize(("y", "x"), [(0, 0), (24, 56)])
def test_bay_at_the_edge_is_no_hole(y: int, x: int) -> None:
    mask = block_mask(y, x, 24)
    mask[y + 10 : y + 12, x if x == 0 else x + 22 : x + 2 if x == 0 else x + 24] = False
    assert torch.equal(MaskCleanup(50).clean(logits_of(mask)), logits_of(mask))


def test_areas_follow_the_size_of_the_frame() -> None:
    assert MaskCleanup.of_fraction((1080, 1920)) == MaskCleanup(253, 253)
    with pytest.raises(ValueError, match="areas must be at least 0"):
        MaskCleanup(-1)


def test_pixels_belong_to_the_highest_logit() -> None:
    logits = torch.tensor([[[1.0, 5.0, -1.0]], [[2.0, 3.0, -2.0]]])
    found = without_overlap(logits, [False, False])
    assert (found > 0).tolist() == [[[False, True, False]], [[True, False, False]]]


def test_given_mask_wins_and_stays() -> None:
    logits = torch.tensor([[[30.0, 5.0, 20.0]], [[10.0, -10.0, 10.0]]])
    found = without_overlap(logits, [False, True])
    assert torch.equal(found[1], logits[1])
    assert (found[0] > 0).tolist() == [[False, True, False]]


def test_tracker_cleans_up_what_it_tracked_and_no_prompted_mask() -> None:
    plain, clean = (
        VideoTracker(toy_model(), FRAMES, cleanup=cleanup)
        for cleanup in (None, MaskCleanup(30, 30))
    )
    for tracker in (plain, clean):
        tracker.add_mask(1, 0, faulty_mask())
        tracker.add_points(2, 0, [[30, 20]], [1])
    for a, b in zip(plain.propagate(), clean.propagate(), strict=True):
        for one, other in zip(a.mask_logits, b.mask_logits, strict=True):
            wanted = (
                MaskCleanup(30, 30).clean(torch.from_numpy(one)).numpy() if a.frame_index else one
            )
            assert np.array_equal(other, wanted)
        assert a.scores == b.scores


def test_mask_bias_changes_tracked_masks_and_neither_prompted_ones_nor_what_is_remembered() -> None:
    found = []
    for bias in (0.0, 0.75):
        model = toy_model()
        model.network.config = replace(model.network.config, mask_bias=bias)
        tracker = VideoTracker(model, noise_frames(5))
        tracker.add_mask(1, 0, faulty_mask())
        list(tracker.propagate())
        tracker.add_points(1, 1, [[30, 20]], [1])
        found.append(list(tracker.propagate()))
    for plain, biased in zip(*found, strict=True):
        added = np.float32(0.75 if plain.frame_index > 1 else 0)
        np.testing.assert_array_equal(biased.mask_logits, plain.mask_logits + added)
        assert plain.scores == biased.scores


def test_masks_are_cleaned_after_the_bias_was_added() -> None:
    cleanup, logits = MaskCleanup(30, 30), torch.from_numpy(np.where(faulty_mask(), 9.0, -0.5))
    filled = finish_tracked(logits.float(), 0.75, cleanup)
    assert torch.equal(filled, cleanup.clean(logits.float() + 0.75))
    assert (filled > 0).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_mask_that_a_click_corrects_on_its_way_is_not_cleaned(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MaskCleanup, "clean", lambda _, logits: logits - 100)
    found = []
    for cleanup in (None, MaskCleanup(30, 30)):
        tracker = VideoTracker(toy_model(), FRAMES, cleanup=cleanup)
        tracker.add_mask(1, 0, faulty_mask())
        with processor_threads(threads):
            list(tracker.propagate())
            tracker.add_points(1, 1, [[30, 20]], [1])
            found.append([step.mask_logits[0] for step in tracker.propagate()])
    for plain, clean, change in zip(*found, (0, 0, -100), strict=True):
        np.testing.assert_array_equal(clean, plain + change)


def test_tracker_keeps_objects_apart_when_asked() -> None:
    tracker = VideoTracker(toy_model(), FRAMES, is_exclusive=True)
    tracker.add_mask(1, 0, block_mask())
    tracker.add_mask(2, 0, block_mask(20, 40, 20))
    tracker.add_points(3, 0, [[30, 20]], [1])
    steps = list(tracker.propagate())
    assert np.array_equal(steps[0].masks[0], block_mask())
    assert all((s.masks.sum(0) <= 1).all() for s in steps)
