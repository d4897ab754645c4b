import gc
import pickle
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from tests.unit.tinysam2.toys import SIZE_HW, TOY, ImageSample, block_mask, noise_frames, toy_model
from tinysam2.build import Model
from tinysam2.config import FULL_MEMORY, MemoryConfig, full_bank_tokens
from tinysam2.devices import processor_threads
from tinysam2.inference.results import TrackStep
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.memory.entry import Decision

pytestmark = pytest.mark.usefixtures("threads")

FRAMES = noise_frames(10)
FEATURE_HW = (8, 12)  # of the input of such frames
BUDGET = TOY.memory.token_budget(FEATURE_HW)


@pytest.fixture(scope="module")
def model() -> Model:
    return toy_model()


@pytest.fixture(scope="module")
def blind_model() -> Model:
    """A model that believes that no object is ever there."""
    return toy_model(presence=-3.0)


def track(
    model: Model, prompt: Callable[[VideoTracker], object], **span: object
) -> list[TrackStep]:
    tracker = VideoTracker(model, FRAMES)
    prompt(tracker)
    return list(tracker.propagate(**span))  # type: ignore[arg-type]


def one_mask(tracker: VideoTracker) -> None:
    tracker.add_mask(1, 0, block_mask())


def three_objects(tracker: VideoTracker) -> None:
    tracker.add_mask(1, 0, block_mask())
    tracker.add_points(2, 0, [[60, 30]], [1])
    tracker.add_box(7, 3, [10, 5, 40, 30])


def test_forward_propagation_goes_to_the_end(model: Model) -> None:
    steps = track(model, three_objects)
    assert [s.frame_index for s in steps] == list(range(10))
    for step in steps:
        assert step.object_ids == (1, 2, 7)
        assert step.mask_logits.shape == (3, *SIZE_HW)
        assert step.mask_logits.dtype == np.float32
        assert np.isfinite(step.mask_logits).all()


def test_backward_propagation_goes_to_the_beginning(model: Model) -> None:
    steps = track(model, lambda t: t.add_mask(1, 6, block_mask()), start=6, direction="backward")
    assert [s.frame_index for s in steps] == [6, 5, 4, 3, 2, 1, 0]


def test_stop_is_not_included(model: Model) -> None:
    assert [s.frame_index for s in track(model, one_mask, start=2, stop=5)] == [2, 3, 4]
    backward = track(model, one_mask, start=5, stop=2, direction="backward")
    assert [s.frame_index for s in backward] == [5, 4, 3]
    assert track(model, one_mask, start=5, stop=5) == []


def test_same_video_twice_gives_the_same_masks(model: Model) -> None:
    first, second = track(model, three_objects), track(model, three_objects)
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.mask_logits, b.mask_logits)
        assert a.scores == b.scores


def test_second_propagation_of_one_tracker_begins_anew(model: Model) -> None:
    tracker = VideoTracker(model, FRAMES)
    three_objects(tracker)
    first, second = list(tracker.propagate()), list(tracker.propagate())
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.mask_logits, b.mask_logits)


def test_objects_do_not_disturb_each_other(model: Model) -> None:
    together = track(model, three_objects)
    alone = track(model, lambda t: t.add_box(7, 3, [10, 5, 40, 30]))
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.mask_logits[2:], b.mask_logits, atol=1e-3, rtol=1e-3)
        assert a.memory_events[7].bank == b.memory_events[7].bank


def test_given_masks_come_back_exactly(model: Model) -> None:
    def prompt(tracker: VideoTracker) -> None:
        tracker.add_mask(1, 0, block_mask())
        tracker.add_mask(1, 4, block_mask(20, 50, 9))

    steps = track(model, prompt)
    assert np.array_equal(steps[0].masks[0], block_mask())
    assert np.array_equal(steps[4].masks[0], block_mask(20, 50, 9))


def test_prompt_of_a_frame_is_predicted_as_when_it_was_given(model: Model) -> None:
    tracker = VideoTracker(model, FRAMES)
    prediction = tracker.add_points(1, 3, [[40, 20]], [1])
    steps = list(tracker.propagate())
    np.testing.assert_allclose(steps[3].mask_logits[0], prediction, atol=0.05)


def test_prompt_reaches_frames_before_it(model: Model) -> None:
    before = track(model, one_mask)[1].mask_logits

    def corrected(tracker: VideoTracker) -> None:
        tracker.add_mask(1, 0, block_mask())
        tracker.add_mask(1, 4, block_mask(20, 50, 9))

    assert not np.allclose(track(model, corrected)[1].mask_logits, before, atol=1e-4)


@pytest.mark.parametrize("frame", [-1, 10])
def test_frames_outside_the_video_are_refused(model: Model, frame: int) -> None:
    tracker = VideoTracker(model, FRAMES)
    message = rf"frame must be in 0\.\.9, got {frame}"
    for act in (
        lambda: tracker.add_points(1, frame, [[1, 1]], [1]),
        lambda: tracker.add_mask(1, frame, block_mask()),
        lambda: tracker.pin(1, frame),
        lambda: tracker.ban(1, frame),
    ):
        with pytest.raises(ValueError, match=message):
            act()


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ({"start": 10}, "got 10"),
        ({"stop": 12}, "got 11"),
        ({"start": 3, "stop": -3, "direction": "backward"}, "got -2"),
        ({"direction": "sideways"}, "direction must be forward or backward, got 'sideways'"),
    ],
)
def test_propagation_that_leaves_the_video_is_refused_before_it_begins(
    model: Model, span: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        track(model, one_mask, **span)


def test_frames_of_several_sizes_are_refused(model: Model) -> None:
    frames = [*FRAMES[:3], np.zeros((30, 80, 3), np.uint8)]
    tracker = VideoTracker(model, frames)
    one_mask(tracker)
    with pytest.raises(ValueError, match=r"one size: frame 3 has 80 x 30, not \d+ x \d+"):
        list(tracker.propagate())


def test_nothing_to_track_is_refused(model: Model) -> None:
    with pytest.raises(ValueError, match="no object has a prompt, so there is nothing to track"):
        track(model, lambda t: t.pin(1, 3))


def test_refused_prompt_leaves_no_trace(model: Model) -> None:
    tracker = VideoTracker(model, FRAMES)
    with pytest.raises(ValueError, match="mask must have the size of the frame"):
        tracker.add_mask(1, 0, np.ones((3, 3), np.bool_))
    with pytest.raises(ValueError, match="nothing to track"):
        next(tracker.propagate())


def test_lost_object_gives_an_empty_mask_and_is_not_remembered(blind_model: Model) -> None:
    for step in track(blind_model, one_mask)[1:]:
        assert not step.masks.any()
        event = step.memory_events[1]
        assert (event.decision, event.reason) == (Decision.REFUSED, "the object is not visible")
        assert step.scores[1].quality == 0
        assert event.bank == (0,)
        assert event.recent is None


def test_events_tell_one_story(model: Model) -> None:
    bank: tuple[int, ...] = (0,)
    for step in track(model, one_mask):
        event = step.memory_events[1]
        assert event.frame == step.frame_index
        assert event.scores is step.scores[1]
        entered = {event.frame} if event.frame in event.bank else set()
        assert set(event.bank) == (set(bank) | entered) - {event.evicted}
        assert (event.decision is Decision.REPLACED) == (event.evicted is not None)
        assert (event.decision is Decision.PROMPTED) == (event.frame == 0)
        stored = {*event.bank, *([] if event.recent is None else [event.recent])}
        assert set(event.survivors) == set(event.tokens) == stored
        assert sum(event.tokens.values()) <= event.tokens_stored
        for frame, count in event.tokens.items():
            assert (count == 0) == (not event.survivors[frame].any())
            windows = int(event.averaged[frame].sum())
            of_windows = event.averaged[frame].repeat(event.pool, 0).repeat(event.pool, 1)
            own = event.survivors[frame] & ~of_windows
            assert count >= max(windows, int(own.sum()))
            assert count <= windows + int(event.survivors[frame].sum())
        assert event.tokens_full_sam2 == full_bank_tokens(FEATURE_HW)
        bank = event.bank


def test_prompted_frame_is_not_compared_with_itself(model: Model) -> None:
    assert track(model, one_mask)[0].scores[1].novelty == 1


def test_memory_stays_within_its_budget_and_is_what_is_attended(model: Model) -> None:
    assert BUDGET is not None
    stored = None
    for step in track(model, one_mask):
        event = step.memory_events[1]
        assert event.tokens_stored <= BUDGET
        assert event.tokens_attended == (stored if step.frame_index else 0)
        stored = event.tokens_stored


def test_full_memory_attends_to_seven_whole_frames(model: Model) -> None:
    tracker = VideoTracker(model, FRAMES, FULL_MEMORY)
    one_mask(tracker)
    event = list(tracker.propagate())[-1].memory_events[1]
    pointers = 2 * 9
    assert event.bank == (0, 4, 5, 6, 7, 8, 9)
    assert event.tokens_attended == event.tokens_full_sam2 + pointers


@dataclass(frozen=True)
class Loop:
    """Sixty frames that take the room of a few."""

    frames: list[ImageSample]

    def __len__(self) -> int:
        return 60

    def __getitem__(self, index: int) -> ImageSample:
        return self.frames[index % len(self.frames)]


@pytest.mark.parametrize(("keeps_details", "max_tokens"), [(False, 4), (True, 16)])
def test_nothing_grows_with_the_length_of_the_video(
    keeps_details: bool, max_tokens: int, model: Model
) -> None:
    memory = MemoryConfig(
        max_frames=3,
        quality_threshold=0.0,
        keeps_details=keeps_details,
        keep_ratio=None,
        max_pointers=2,
    )
    tracker = VideoTracker(model, Loop(noise_frames(4)), memory, image_size=64)
    one_mask(tracker)
    for step in tracker.propagate():
        event = step.memory_events[1]
        assert len(event.bank) <= 3
        assert event.tokens_stored <= 3 * max_tokens + 2 * 2
    assert len(tracker.predictor._features) <= 8


def test_pinned_frame_stays_and_banned_frame_never_enters(model: Model) -> None:
    def prompt(tracker: VideoTracker) -> None:
        one_mask(tracker)
        tracker.pin(1, 2)
        tracker.ban(1, 4)

    events = [s.memory_events[1] for s in track(model, prompt)]
    assert events[2].decision is Decision.PINNED
    assert events[2].reason == "pinned by the user, always kept"
    assert all(2 in e.bank for e in events[2:])
    assert events[4].decision is Decision.BANNED
    assert all(4 not in e.bank and e.recent != 4 for e in events)


def test_closing_the_propagation_early_is_allowed(model: Model) -> None:
    tracker = VideoTracker(model, FRAMES)
    one_mask(tracker)
    propagate = tracker.propagate()
    next(propagate)
    propagate.close()
    assert len(list(tracker.propagate())) == 10


def test_objects_come_and_go_while_others_are_tracked(model: Model) -> None:
    tracker = VideoTracker(model, FRAMES)
    one_mask(tracker)
    tracker.add_points(2, 0, [[60, 30]], [1])
    seen = []
    for step in tracker.propagate(stop=6):
        seen.append(step.object_ids)
        if step.frame_index == 1:
            tracker.remove(2)
            tracker.remove(9)
        if step.frame_index == 3:
            tracker.add_box(7, 4, [10, 5, 40, 30])
    assert seen == [(1, 2), (1, 2), (1,), (1,), (1, 7), (1, 7)]
    alone = track(model, one_mask)
    np.testing.assert_allclose(step.mask_logits[:1], alone[5].mask_logits, atol=1e-3, rtol=1e-3)


def test_propagation_ends_when_no_object_is_left(model: Model) -> None:
    tracker = VideoTracker(model, FRAMES)
    one_mask(tracker)
    propagate = tracker.propagate()
    next(propagate)
    tracker.remove(1)
    assert list(propagate) == []


def test_what_a_tracker_holds_does_not_grow_with_the_video(model: Model) -> None:
    tracker = VideoTracker(model, Loop(noise_frames(4)), image_size=64)
    three_objects(tracker)
    sizes = [len(pickle.dumps(vars(tracker)["_objects"])) for _ in tracker.propagate()]
    assert max(sizes[40:]) < 1.05 * max(sizes[20:40])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("frames", [2, 10])
def test_a_tracker_is_freed_with_its_last_reference(
    model: Model, threads: int, frames: int
) -> None:
    """It holds about 100 MB, and Python collects reference cycles only now and then."""
    gc.disable()
    try:
        with processor_threads(threads):
            tracker = VideoTracker(model, FRAMES)
            three_objects(tracker)
            tracker.add_points(1, 4, [[40, 30]], [1])
            tracked = tracker.propagate()
            for _ in range(frames):
                next(tracked)
            held = weakref.ref(tracker)
            del tracker, tracked
        assert held() is None
    finally:
        gc.enable()
