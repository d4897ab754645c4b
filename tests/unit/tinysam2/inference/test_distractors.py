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


def test_one_prompted_frame_with_overlap_is_enough_never_to_compete() -> None:
    distractors = Distractors()
    for second in (RIGHT, INSIDE_LEFT, RIGHT):
        distractors.note({1: logits(LEFT), 2: logits(second)}, {2})
    assert pairs(distractors, 1, 2) == set()


@pytest.mark.parametrize("second", [RIGHT, INSIDE_LEFT])
def test_tracked_masks_alone_tell_nothing(second: NDArray[np.bool_]) -> None:
    distractors = Distractors()
    distractors.note({1: logits(LEFT), 2: logits(second), 3: logits(RIGHT)}, {3})
    assert (1, 2) not in pairs(distractors, 1, 2, 3)


def test_empty_masks_tell_nothing() -> None:
    distractors = Distractors()
    distractors.note({1: logits(LEFT), 2: logits(np.zeros(SIZE_HW, np.bool_))}, {1, 2})
    assert pairs(distractors, 1, 2) == set()


def test_where_pixels_belong_to_one_object_all_compete() -> None:
    distractors = Distractors(is_exclusive=True)
    distractors.note({1: logits(LEFT), 2: logits(INSIDE_LEFT)}, {1, 2})
    assert pairs(distractors, 1, 2, 9) == {(1, 2), (1, 9), (2, 9)}


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


def tracked(model: Model, *masks: NDArray[np.bool_], is_exclusive: bool = False) -> list[TrackStep]:
    """Track objects 1, 2, ... that masks on the first of five frames show."""
    tracker = VideoTracker(model, noise_frames(5), is_exclusive=is_exclusive)
    for i, mask in enumerate(masks, start=1):
        tracker.add_mask(i, 0, mask)
    return list(tracker.propagate())


def differs(one: list[TrackStep], other: list[TrackStep]) -> bool:
    """Return whether the first object has another mask on one of the tracked frames."""
    found = [[step.mask_logits[0] for step in steps[1:]] for steps in (one, other)]
    return not np.allclose(*found, atol=1e-3)


@pytest.mark.usefixtures("threads")
def test_what_is_remembered_of_a_distractor_changes_what_is_found(model: Model) -> None:
    alone = tracked(model, LEFT)
    assert differs(tracked(model, LEFT, RIGHT), alone)


@pytest.mark.usefixtures("threads")
def test_a_part_of_an_object_takes_nothing_from_it(model: Model) -> None:
    alone = tracked(model, LEFT)
    assert not differs(tracked(model, LEFT, INSIDE_LEFT), alone)


@pytest.mark.usefixtures("threads")
def test_objects_prompted_on_a_later_frame_compete_from_the_first_one_on(model: Model) -> None:
    def second_frame(*masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        tracker = VideoTracker(model, noise_frames(5))
        for i, mask in enumerate(masks, start=1):
            tracker.add_mask(i, 3, mask)
        return next(iter(tracker.propagate())).mask_logits[0]

    assert not np.allclose(second_frame(LEFT, RIGHT), second_frame(LEFT), atol=1e-3)


def test_threads_do_not_change_who_wins(model: Model) -> None:
    found = []
    for threads in (1, 3):
        with processor_threads(threads):
            found.append(tracked(model, LEFT, RIGHT))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one.mask_logits, other.mask_logits, atol=1e-3)
