"""Masks that SAM's decoder does not complete are tried again, less and less often."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from tests.unit.tinysam2.toys import block_mask, noise_frames, toy_model
from tinysam2.devices import processor_threads
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


def test_every_frame_is_tried_while_masks_are_completed() -> None:
    assert tries(CompletionSchedule(), range(6), lambda _: True) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("step", [1, -1])
def test_tries_that_fail_become_rare(step: int) -> None:
    frames = range(0, 24 * step, step)
    expected = [0, 2, 5, 9, 14, 19]
    assert MOST_SKIPPED == 4
    assert tries(CompletionSchedule(), frames, lambda _: False) == [step * f for f in expected]


def test_one_success_brings_back_every_frame() -> None:
    assert tries(CompletionSchedule(), range(13), lambda f: f >= 9) == [0, 2, 5, 9, 10, 11, 12]


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


def test_clicks_leave_the_schedule_alone() -> None:
    model = toy_model(sam_decoder=True)
    model.network.config = replace(model.network.config, refines_tracked=True)
    tracker = VideoTracker(model, noise_frames(8))
    tracker.add_mask(1, 0, block_mask())
    list(tracker.propagate())
    schedule = tracker._objects[1].completion
    before = replace(schedule)
    for frame in (2, 5, 4):
        tracker.add_points(1, frame, [[20, 20]], [0])
    assert schedule == before


def test_each_object_of_each_propagation_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy_model(sam_decoder=True)
    model.network.config = replace(model.network.config, refines_tracked=True)
    tracker = VideoTracker(model, noise_frames(6))
    tracker.add_mask(1, 0, block_mask())
    tracker.add_mask(2, 0, block_mask())
    tried: list[int] = []

    def complete_the_first(
        self: FramePredictor, features: ImageFeatures, masks: ObjectMasks
    ) -> ObjectMasks:
        del self, features
        tried.append(len(masks.logits))
        return replace(masks, logits=masks.logits + torch.eye(len(masks.logits), 1)[..., None])

    monkeypatch.setattr(FramePredictor, "refine", complete_the_first)
    with processor_threads(1):  # so that both are tried together
        for _ in range(2):
            list(tracker.propagate())
    assert tried == 2 * [2, 1, 2, 1, 1]
