"""Masks that SAM's decoder does not complete are tried rarely, unless what they cover changes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.unit.tinysam2.toys import block_mask, noise_frames, toy_model
from tinysam2.devices import processor_threads
from tinysam2.inference import completion_schedule
from tinysam2.inference.completion_schedule import MOST_SKIPPED, CompletionSchedule
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.model.decoder.predictions import ObjectMasks
from tinysam2.model.image_features import ImageFeatures


def tries(
    schedule: CompletionSchedule, frames: range, completes: Callable[[int], bool]
) -> list[int]:
    """Return the frames on which a mask is tried to be completed."""
    found = []
    for frame in frames:
        if schedule.is_due(frame):
            found.append(frame)
            schedule.note(frame, completes(frame))
    return found


def test_every_second_frame_is_tried_while_masks_are_completed() -> None:
    assert tries(CompletionSchedule(), range(6), lambda _: True) == [0, 2, 4]


@pytest.mark.parametrize("step", [1, -1])
def test_tries_that_fail_become_rare(step: int) -> None:
    frames = range(0, 24 * step, step)
    expected = [0, 2, 5, 9, 14, 19]
    assert MOST_SKIPPED == 4
    assert tries(CompletionSchedule(), frames, lambda _: False) == [step * f for f in expected]


def test_one_success_brings_back_every_second_frame() -> None:
    assert tries(CompletionSchedule(), range(16), lambda f: f >= 9) == [0, 2, 5, 9, 11, 13, 15]


def test_a_frame_may_be_tried_again() -> None:
    schedule = CompletionSchedule()
    schedule.note(3, is_completed=False)
    assert schedule.is_due(3)
    assert not schedule.is_due(4)


def test_a_try_on_the_same_frame_counts_once() -> None:
    schedule = CompletionSchedule()
    for _ in range(3):
        schedule.note(3, is_completed=False)
    assert tries(schedule, range(4, 9), lambda _: False) == [5, 8]


def moving_spot(x: int) -> Tensor:
    """Return features (2, 6, 8) of a spot of 2 x 2 locations on another background."""
    features = torch.zeros(2, 6, 8)
    features[0] = 1.0
    features[:, 2:4, x : x + 2] = torch.tensor([0.0, 1.0])[:, None, None]
    return features


def covers(x: int) -> Tensor:
    """Return the covered fractions (6, 8) of a mask over that spot."""
    covered = torch.zeros(6, 8)
    covered[2:4, x : x + 2] = 1.0
    return covered


def test_the_first_frame_counts_as_a_change_and_so_does_one_where_the_object_moved() -> None:
    schedule = CompletionSchedule()
    assert schedule.has_changed(0, moving_spot(1), covers(1))
    schedule.note(0, is_completed=False, changed=moving_spot(1))
    assert not schedule.has_changed(1, moving_spot(1), covers(1))
    assert schedule.has_changed(2, moving_spot(2), covers(2))


def test_what_happens_elsewhere_and_brightness_are_no_change() -> None:
    schedule = CompletionSchedule()
    schedule.note(0, is_completed=False, changed=moving_spot(1))
    elsewhere = moving_spot(1)
    elsewhere[:, :, 5:] = -1.0
    assert not schedule.has_changed(1, elsewhere, covers(1))
    assert not schedule.has_changed(1, 3 * moving_spot(1), covers(1))


def test_slow_changes_add_up() -> None:
    """A frame is compared with that of the last change, not with the frame before."""
    schedule = CompletionSchedule()
    changes, turned = [], torch.tensor([0.0, 1.0])
    for frame in range(12):
        angle = torch.tensor(0.1 * frame)
        turned = torch.stack([angle.sin(), angle.cos()])
        view = moving_spot(1)
        view[:, 2:4, 1:3] = turned[:, None, None]
        if has_changed := schedule.has_changed(frame, view, covers(1)):
            changes.append(frame)
        schedule.note(frame, is_completed=False, changed=view if has_changed else None)
    assert changes == [0, 6]  # cos 0.5 = 0.88, cos 0.6 = 0.83


def test_the_frame_of_the_last_change_has_changed_when_it_is_tracked_again() -> None:
    schedule = CompletionSchedule()
    schedule.note(0, is_completed=False, changed=moving_spot(1))
    schedule.note(4, is_completed=False, changed=moving_spot(2))
    assert schedule.has_changed(4, moving_spot(2), covers(2))
    assert not schedule.has_changed(5, moving_spot(2), covers(2))


def completing_tracker(frames: list[NDArray[np.uint8]], *objects: int) -> VideoTracker:
    """Return a tracker that completes masks, with a mask of each object on frame 0."""
    model = toy_model(sam_decoder=True)
    model.network.config = replace(model.network.config, refines_tracked=True)
    tracker = VideoTracker(model, frames)
    for each in objects:
        tracker.add_mask(each, 0, block_mask())
    return tracker


def test_clicks_leave_the_schedule_alone() -> None:
    tracker = completing_tracker(noise_frames(8), 1)
    list(tracker.propagate())
    schedule = tracker._objects[1].completion
    before = replace(schedule)
    for frame in (2, 5, 4):
        tracker.add_points(1, frame, [[20, 20]], [0])
    assert schedule == before
    assert schedule.reference is before.reference


def test_each_object_of_each_propagation_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = completing_tracker(6 * noise_frames(1), 1, 2)  # nothing changes
    tried: list[int] = []
    changed: list[list[bool]] = []

    def complete_the_first(
        self: FramePredictor, features: ImageFeatures, masks: ObjectMasks, has_changed: Tensor
    ) -> ObjectMasks:
        del self, features
        tried.append(len(masks.logits))
        changed.append(has_changed.tolist())
        return replace(masks, logits=masks.logits + torch.eye(len(masks.logits), 1)[..., None])

    monkeypatch.setattr(FramePredictor, "refine", complete_the_first)
    with processor_threads(1):  # so that both are tried together
        for _ in range(2):
            list(tracker.propagate())
    assert tried == 2 * [2, 2, 1]
    assert changed == 2 * [[True, True], [False, False], [False]]


def test_objects_that_look_different_on_each_frame_are_tried_on_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[bool] = []

    def complete_nothing(
        self: FramePredictor, features: ImageFeatures, masks: ObjectMasks, has_changed: Tensor
    ) -> ObjectMasks:
        del self, features
        tried.extend(has_changed.tolist())
        return masks

    monkeypatch.setattr(FramePredictor, "refine", complete_nothing)
    monkeypatch.setattr(
        completion_schedule, "LEAST_SIMILARITY", 1 - 1e-6
    )  # random features are alike
    one, other = noise_frames(2)
    for frames, expected in (
        ([one, other, one, other, one], [True, True, True, True]),
        ([one, other, other, other, other], [True, False]),
    ):
        list(completing_tracker(frames, 1).propagate())
        assert tried == expected
        tried.clear()


def test_each_object_has_changed_by_itself_and_keeps_what_it_was_compared_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second of two objects changes on frame 2, the first never but at the start."""
    tracker = completing_tracker(5 * noise_frames(1), 1, 2)
    asked: list[list[bool]] = []

    def refine(
        self: FramePredictor, features: ImageFeatures, masks: ObjectMasks, has_changed: Tensor
    ) -> ObjectMasks:
        del self, features
        asked.append(has_changed.tolist())
        return masks

    def has_changed(
        self: CompletionSchedule, frame: int, features: Tensor, covered: Tensor
    ) -> bool:
        del features, covered
        return frame == 1 or (frame == 2 and self is tracker._objects[2].completion)

    monkeypatch.setattr(FramePredictor, "refine", refine)
    monkeypatch.setattr(CompletionSchedule, "has_changed", has_changed)
    with processor_threads(1):  # so that both are tried together
        list(tracker.propagate())
    assert asked == [[True, True], [True], [False]]
    assert [o.completion.reference_frame for o in tracker._objects.values()] == [1, 2]


def test_the_reference_is_forgotten_when_the_model_moves_to_the_cpu() -> None:
    """The features of the other device, here one that computes nothing, are forgotten."""
    tracker = completing_tracker(noise_frames(4), 1)
    tracker.predictor = FramePredictor(
        replace(tracker.predictor.model, device=torch.device("meta"))
    )
    tracked = tracker._objects[1]
    tracked.completion.note(1, is_completed=False, changed=torch.zeros(3, 4, 4, device="meta"))
    assert tracker._needs_less({1: None})
    assert tracker.predictor.model.device.type == "cpu"
    assert tracked.completion == CompletionSchedule()
    assert tracked.completion.reference is None
