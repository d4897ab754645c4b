"""Clicks and boxes on frames that tracking reaches correct what it finds there."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.unit.tinysam2.model.test_options import LATENTS, ONE_SCALE, SAM2, model_of
from tests.unit.tinysam2.toys import block_mask, noise_frames, toy_model
from tinysam2.build import Model
from tinysam2.config import KeyPooling, ModelConfig
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.results import TrackStep
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.memory.entry import Decision

pytestmark = pytest.mark.usefixtures("threads")

FRAMES = noise_frames(6)
CLICK = ObjectPrompt.of([[40, 20]], [0], None)
OTHER_MASK = block_mask(20, 50, 9)


@pytest.fixture(scope="module", params=["ours", "sam2"])
def model(request: pytest.FixtureRequest) -> Model:
    return toy_model() if request.param == "ours" else model_of(SAM2)


def track(
    model: Model,
    prompts: dict[int, ObjectPrompt],
    start: int = 0,
    direction: str = "forward",
) -> list[TrackStep]:
    tracker = VideoTracker(model, FRAMES)
    for frame, prompt in prompts.items():
        tracker.add_prompt(1, frame, prompt)
    return list(tracker.propagate(start, direction=direction))


def masks_of(steps: list[TrackStep]) -> Tensor:
    return torch.from_numpy(np.concatenate([step.mask_logits for step in steps]))


def given(mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> ObjectPrompt:
    return ObjectPrompt(mask=mask)


@pytest.mark.parametrize("prompt", [CLICK, ObjectPrompt.of([], [], [10, 10, 50, 40])])
def test_correction_depends_on_what_was_tracked(model: Model, prompt: ObjectPrompt) -> None:
    predictions = [
        masks_of(track(model, {0: given(mask), 3: prompt}))[3]
        for mask in (block_mask(), OTHER_MASK)
    ]
    assert not torch.equal(predictions[0], predictions[1])
    assert not torch.allclose(predictions[0], masks_of(track(model, {3: prompt}))[3], atol=1e-4)


def test_correction_changes_its_frame_and_those_after_it(model: Model) -> None:
    plain = track(model, {0: given(block_mask())})
    corrected = track(model, {0: given(block_mask()), 3: CLICK})
    for frame, (a, b) in enumerate(zip(plain, corrected, strict=True)):
        assert np.array_equal(a.mask_logits, b.mask_logits) == (frame < 3)
    assert corrected[3].memory_events[1].decision is Decision.PROMPTED
    assert corrected[3].memory_events[1].tokens_attended > 0
    assert all(3 in step.memory_events[1].bank for step in corrected[3:])


def test_the_first_prompt_of_an_object_is_predicted_from_its_image(model: Model) -> None:
    steps = track(model, {3: CLICK, 0: ObjectPrompt.of([[10, 10]], [1], None)})
    assert np.array_equal(steps[3].mask_logits, track(model, {3: CLICK})[3].mask_logits)


def test_propagation_away_from_a_correction_knows_the_object(model: Model) -> None:
    for start, direction in ((3, "backward"), (4, "forward")):
        runs = [
            masks_of(track(model, {0: given(mask), 3: CLICK}, start, direction))
            for mask in (block_mask(), OTHER_MASK)
        ]
        assert not torch.equal(runs[0][0], runs[1][0])


def test_correction_of_one_object_leaves_the_others(model: Model) -> None:
    """Here the second object is a part of the first one; separate objects compete."""
    tracker = VideoTracker(model, FRAMES)
    tracker.add_mask(2, 0, block_mask(16, 24, 8))
    before = masks_of(list(tracker.propagate()))
    tracker.add_mask(1, 0, block_mask())
    tracker.add_prompt(1, 3, CLICK)
    after = masks_of(
        [replace(step, mask_logits=step.mask_logits[:1]) for step in tracker.propagate()]
    )
    torch.testing.assert_close(before, after, atol=1e-3, rtol=1e-3)


def test_lost_object_is_found_again_by_a_click() -> None:
    blind = toy_model(presence=-3.0)
    steps = track(blind, {0: given(block_mask()), 3: CLICK})
    assert [bool((s.mask_logits > -1000).any()) for s in steps[1:]] == [False, False, True] + [
        False
    ] * 2


def test_previous_mask_guides_a_still(model: Model) -> None:
    predictor = FramePredictor(model)
    predictions = [
        predictor.predict(0, FRAMES[0], CLICK, previous).mask_logits
        for previous in (None, block_mask(), OTHER_MASK)
    ]
    assert not np.allclose(predictions[0], predictions[1], atol=1e-3)
    assert not np.allclose(predictions[1], predictions[2], atol=1e-3)


@pytest.mark.parametrize("config", [LATENTS, replace(ONE_SCALE, key_pooling=KeyPooling.BIAS)])
def test_previous_mask_guides_every_kind_of_model(config: ModelConfig) -> None:
    predictor = FramePredictor(model_of(config))
    alone, corrected = (
        predictor.predict(0, FRAMES[0], CLICK, previous).mask_logits
        for previous in (None, block_mask())
    )
    assert np.isfinite(corrected).all()
    assert not np.allclose(alone, corrected, atol=1e-3)


def test_previous_mask_of_another_size_is_refused(model: Model) -> None:
    with pytest.raises(ValueError, match="mask must have the size of the frame"):
        FramePredictor(model).predict(0, FRAMES[0], CLICK, np.ones((3, 3), np.bool_))


def test_click_on_a_tracked_frame_is_predicted_from_memory(model: Model) -> None:
    predictions = []
    for mask in (block_mask(), OTHER_MASK):
        tracker = VideoTracker(model, FRAMES)
        tracker.add_prompt(1, 0, given(mask))
        untracked = tracker.add_prompt(1, 3, CLICK)
        for _ in tracker.propagate(stop=5):
            pass
        predictions.append(tracker.add_prompt(1, 3, CLICK))
        np.testing.assert_array_equal(tracker.add_prompt(1, 5, CLICK), alone(model, 5))
        np.testing.assert_array_equal(untracked, alone(model, 3))
    assert np.isfinite(predictions[0]).all()
    assert not np.array_equal(predictions[0], predictions[1])
    assert not np.allclose(predictions[0], alone(model, 3), atol=1e-4)


def alone(model: Model, frame: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return FramePredictor(model).predict(frame, FRAMES[frame], CLICK).mask_logits


def test_sam2_reads_no_pointer_of_a_frame_to_come() -> None:
    tracker = VideoTracker(model_of(SAM2), FRAMES)
    tracker.add_mask(1, 4, block_mask())
    counts = [s.memory_events[1].tokens_attended for s in tracker.propagate(0, 2)]
    locations = 8 * 8
    assert counts == [
        locations,
        2 * locations + 2,
    ]  # of a frame ahead the map, of the one behind both
    counts = [
        s.memory_events[1].tokens_attended for s in tracker.propagate(3, 1, direction="backward")
    ]
    assert counts == [locations + 2, 2 * locations + 2 * 2]
