"""Which objects compete, and what that changes when they are tracked."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.unit.tinysam2.toys import SIZE_HW, block_mask, noise_frames, toy_model
from tinysam2.build import Model
from tinysam2.devices import processor_threads
from tinysam2.inference.distractors import Distractors
from tinysam2.inference.results import TrackStep
from tinysam2.inference.video_tracker import VideoTracker

LEFT, RIGHT, INSIDE_LEFT = block_mask(10, 8, 24), block_mask(10, 44, 24), block_mask(16, 14, 8)
TOUCHING = block_mask(10, 31, 20)  # shares one column of 24 with LEFT


def logits(mask: NDArray[np.bool_]) -> Tensor:
    return torch.from_numpy(np.where(mask, 3.0, -3.0))


def pairs(distractors: Distractors, *ids: int) -> set[tuple[int, int]]:
    found = distractors.among(ids)
    assert torch.equal(found, found.T)
    assert not found.diagonal().any()
    return {(ids[i], ids[j]) for i, j in found.nonzero().tolist() if i < j}


def test_objects_that_a_prompted_frame_shows_beside_each_other_compete() -> None:
    distractors = Distractors()
    distractors.note({1: logits(LEFT), 2: logits(RIGHT), 3: logits(INSIDE_LEFT)}, {1, 2, 3})
    assert pairs(distractors, 1, 2, 3) == {(1, 2), (2, 3)}
    assert pairs(distractors, 3, 2) == {(3, 2)}


def test_masks_that_touch_are_beside_each_other() -> None:
    distractors = Distractors()
    distractors.note({1: logits(LEFT), 2: logits(TOUCHING)}, {1})
    assert pairs(distractors, 1, 2) == {(1, 2)}


def test_objects_that_were_prompted_with_overlap_never_compete() -> None:
    distractors = Distractors()
    for second in (RIGHT, INSIDE_LEFT, RIGHT):
        distractors.note({1: logits(LEFT), 2: logits(second)}, {1, 2})
    assert pairs(distractors, 1, 2) == set()


@pytest.mark.parametrize("is_known", [False, True])
def test_a_tracked_mask_that_covers_a_prompted_one_says_nothing(is_known: bool) -> None:
    distractors = Distractors()
    if is_known:
        distractors.note({1: logits(LEFT), 2: logits(RIGHT)}, {1, 2})
    distractors.note({1: logits(LEFT | RIGHT), 2: logits(RIGHT)}, {2})
    assert pairs(distractors, 1, 2) == ({(1, 2)} if is_known else set())


@pytest.mark.parametrize(("shared", "compete"), [(2, True), (3, False)])
def test_masks_may_share_a_tenth_of_the_smaller_one(shared: int, compete: bool) -> None:
    distractors = Distractors()
    beside = block_mask(10, 8 + 24 - shared, 24)  # shares 24 x 2 or 3 of 576 locations
    distractors.note({1: logits(LEFT), 2: logits(beside)}, {1, 2})
    assert bool(pairs(distractors, 1, 2)) == compete


@pytest.mark.parametrize("second", [RIGHT, INSIDE_LEFT])
def test_tracked_masks_alone_say_nothing(second: NDArray[np.bool_]) -> None:
    distractors = Distractors()
    distractors.note({1: logits(LEFT), 2: logits(second), 3: logits(RIGHT)}, {3})
    assert (1, 2) not in pairs(distractors, 1, 2, 3)


def test_empty_masks_say_nothing() -> None:
    distractors = Distractors()
    distractors.note({1: logits(LEFT), 2: logits(np.zeros(SIZE_HW, np.bool_))}, {1, 2})
    assert pairs(distractors, 1, 2) == set()


def test_a_forgotten_object_is_new_when_it_comes_again() -> None:
    distractors = Distractors()
    distractors.note({1: logits(LEFT), 2: logits(RIGHT), 3: logits(INSIDE_LEFT)}, {1, 2, 3})
    distractors.forget(2)
    assert pairs(distractors, 1, 2, 3) == set()
    distractors.note({2: logits(LEFT), 3: logits(RIGHT)}, {2})
    assert pairs(distractors, 1, 2, 3) == {(2, 3)}


@pytest.fixture(scope="module")
def model() -> Model:
    return toy_model()


Prompts = dict[int, dict[int, NDArray[np.bool_]]]
"""Masks of objects, by object and frame."""


def tracked(
    model: Model, prompts: Prompts, start: int = 0, direction: str = "forward"
) -> list[TrackStep]:
    tracker = VideoTracker(model, noise_frames(6))
    for i, masks in prompts.items():
        for frame, mask in masks.items():
            tracker.add_mask(i, frame, mask)
    return list(tracker.propagate(start, direction=direction))


def differing(one: list[TrackStep], other: list[TrackStep]) -> list[int]:
    """List the frames on which the first object has other masks."""
    both = zip(one, other, strict=True)
    return [
        a.frame_index
        for a, b in both
        if not np.allclose(a.mask_logits[0], b.mask_logits[0], atol=1e-3)
    ]


@pytest.mark.usefixtures("threads")
def test_a_separate_object_changes_what_is_found_from_the_next_frame_on(model: Model) -> None:
    alone = tracked(model, {1: {0: LEFT}})
    assert differing(tracked(model, {1: {0: LEFT}, 2: {0: RIGHT}}), alone) == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("threads")
def test_a_part_of_an_object_takes_nothing_from_it(model: Model) -> None:
    alone = tracked(model, {1: {0: LEFT}})
    assert differing(tracked(model, {1: {0: LEFT}, 2: {0: INSIDE_LEFT}}), alone) == []


@pytest.mark.usefixtures("threads")
def test_objects_compete_backward_too(model: Model) -> None:
    alone = tracked(model, {1: {5: LEFT}}, 5, "backward")
    both = tracked(model, {1: {5: LEFT}, 2: {5: RIGHT}}, 5, "backward")
    assert differing(both, alone) == [4, 3, 2, 1, 0]


@pytest.mark.usefixtures("threads")
def test_objects_prompted_on_a_later_frame_compete_before_it(model: Model) -> None:
    alone = tracked(model, {1: {3: LEFT}})
    assert differing(tracked(model, {1: {3: LEFT}, 2: {3: RIGHT}}), alone) == [0, 1, 2, 4, 5]


@pytest.mark.usefixtures("threads")
def test_objects_compete_where_only_one_of_them_is_prompted(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prompted object's memory of that very frame says best what is not the other's."""
    prompts: Prompts = {1: {0: LEFT}, 2: {0: RIGHT, 3: RIGHT}}
    competed = tracked(model, prompts)
    monkeypatch.setattr(VideoTracker, "_matched", lambda *_: {})
    assert 3 in differing(competed, tracked(model, prompts))


def test_threads_do_not_change_who_competes(model: Model) -> None:
    found = []
    for threads in (1, 3):
        with processor_threads(threads):
            found.append(tracked(model, {1: {0: LEFT}, 2: {0: RIGHT}}))
            assert differing(found[-1], tracked(model, {1: {0: LEFT}}))
    assert differing(*found) == []


def test_a_removed_object_competes_no_more(model: Model) -> None:
    tracker = VideoTracker(model, noise_frames(6))
    tracker.add_mask(1, 0, LEFT)
    tracker.add_mask(2, 0, RIGHT)
    steps = tracker.propagate()
    next(steps)
    tracker.remove(2)
    assert differing([next(steps)], [tracked(model, {1: {0: LEFT}})[1]]) == []
