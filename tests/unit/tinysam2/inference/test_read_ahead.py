"""The next frames are read while one is tracked, without a difference to be seen."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest
from torch import Tensor

from tests.unit.tinysam2.toys import ImageSample, block_mask, noise_frames, toy_model
from tinysam2.devices import processor_threads
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.postprocess import MaskCleanup
from tinysam2.inference.read_ahead import ReadAhead
from tinysam2.inference.video_tracker import FRAMES_AHEAD, VideoTracker
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.network import TinySam2
from tinysam2.worker_threads import THREAD_NAME, WorkerThreads

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
FRAMES = noise_frames(5)


class WatchedFrames:
    """Records who reads what; fails where frames are read at once, or at one frame if asked to."""

    def __init__(self, broken: int | None = None) -> None:
        self.broken = broken
        self.reads: list[tuple[int, bool]] = []  # frame, whether another thread read it
        self.caller = threading.get_ident()
        self._free = threading.Lock()

    def __len__(self) -> int:
        return len(FRAMES)

    def __getitem__(self, index: int) -> ImageSample:
        assert self._free.acquire(blocking=False), "two threads read at once"
        try:
            self.reads.append((index, threading.get_ident() != self.caller))
            if index == self.broken:
                raise OSError("cannot be decoded")
            return FRAMES[index]
        finally:
            self._free.release()


def tracker_of(frames: WatchedFrames) -> VideoTracker:
    tracker = VideoTracker(toy_model(), frames, image_size=64)
    tracker.add_mask(1, 0, block_mask())
    frames.reads.clear()
    return tracker


def test_each_frame_is_read_once_after_the_first_by_another_thread() -> None:
    frames = WatchedFrames()
    list(tracker_of(frames).propagate())
    tracked = frames.reads[-len(FRAMES) :]
    assert tracked == [(0, False), *((i, True) for i in range(1, len(FRAMES)))]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_masks_are_those_of_frames_read_one_by_one(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with processor_threads(threads):
        ahead = [s.mask_logits for s in two_objects().propagate()]
    with processor_threads(1):
        tracker = two_objects()
        monkeypatch.setattr(tracker._reader, "expect", lambda *_: None)
        for with_threads, without in zip(ahead, tracker.propagate(), strict=True):
            np.testing.assert_allclose(with_threads, without.mask_logits, atol=1e-4)


def two_objects() -> VideoTracker:
    tracker = tracker_of(WatchedFrames())
    tracker.add_points(2, 2, [[40, 20]], [1])
    return tracker


def test_images_are_encoded_ahead_once_each_unless_they_are_prompted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded: list[tuple[bool, bool]] = []  # for prompts, by the thread of the tracker
    encode, caller = TinySam2.encode_image, threading.get_ident()

    def encode_and_note(self: TinySam2, image: Tensor, for_prompts: bool = True) -> ImageFeatures:
        encoded.append((for_prompts, threading.get_ident() == caller))
        return encode(self, image, for_prompts)

    tracker = two_objects()
    monkeypatch.setattr(TinySam2, "encode_image", encode_and_note)
    with processor_threads(2):
        list(tracker.propagate())
    assert sorted(encoded) == [(False, False)] * (len(FRAMES) - 2)  # the clicks' were there already


@pytest.mark.parametrize("threads", [1, 2])
def test_a_few_frames_are_read_ahead_and_no_more(threads: int) -> None:
    frames = WatchedFrames()
    with processor_threads(threads), closing(tracker_of(frames).propagate()) as steps:
        next(steps)
        until = time.monotonic() + 20
        while max(frames.reads)[0] < FRAMES_AHEAD and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.1)
        ahead = sorted(index for index, is_by_worker in frames.reads if is_by_worker)
    assert ahead == list(range(1, 1 + FRAMES_AHEAD))


def test_objects_are_tracked_before_later_images_are_encoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []
    submit = WorkerThreads.submit

    def submit_and_note(self: WorkerThreads, act: Callable[..., T], *given: object) -> "Future[T]":
        order.append(getattr(act, "func", act).__name__)
        return submit(self, act, *given)

    monkeypatch.setattr(WorkerThreads, "submit", submit_and_note)
    with processor_threads(2):
        steps = two_objects().propagate()
        next(steps)
        order.clear()
        next(steps)
    assert order == ["_track_together", "_track_together", "_read", "finish_masks"]


def test_groups_of_objects_get_the_masks_that_each_gets_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups: list[int] = []
    track = VideoTracker._track_together

    def track_and_note(self: VideoTracker, *given: object) -> object:
        groups.append(len(given[-1]))  # type: ignore[arg-type]
        return track(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(VideoTracker, "_track_together", track_and_note)
    cleanup = MaskCleanup(fill_holes_px=9, drop_specks_px=9)
    tracker = VideoTracker(toy_model(sam_decoder=True), FRAMES, image_size=64, cleanup=cleanup)
    for i in range(5):
        tracker.add_mask(i, 0, block_mask(y=2 * i, x=3 * i))
    with processor_threads(2):
        together = [step.mask_logits for step in tracker.propagate()]
    assert set(groups) == {2, 1}
    for i in range(5):
        alone = VideoTracker(toy_model(sam_decoder=True), FRAMES, image_size=64, cleanup=cleanup)
        alone.add_mask(i, 0, block_mask(y=2 * i, x=3 * i))
        with processor_threads(1):
            for found, step in zip(together, alone.propagate(), strict=True):
                np.testing.assert_allclose(found[i], step.mask_logits[0], atol=1e-4)


@pytest.mark.parametrize("frame", [1, 2])
def test_an_object_may_join_on_a_frame_that_is_encoded_ahead(frame: int) -> None:
    joined = {}
    for threads in (1, 2):
        with processor_threads(threads):
            tracker = VideoTracker(toy_model(sam_decoder=True), FRAMES, image_size=64)
            tracker.add_mask(1, 0, block_mask())
            steps = tracker.propagate()
            next(steps)
            tracker.set_prompt(2, frame, ObjectPrompt.of([[20, 20]], [1], None))
            joined[threads] = list(steps)
    for alone, shared in zip(joined[1], joined[2], strict=True):
        assert shared.object_ids == (1, 2)
        np.testing.assert_allclose(shared.mask_logits, alone.mask_logits, atol=1e-4)


def test_a_frame_that_cannot_be_read_fails_when_its_turn_comes() -> None:
    steps = tracker_of(WatchedFrames(broken=2)).propagate()
    assert [next(steps).frame_index for _ in range(2)] == [0, 1]
    with pytest.raises(OSError, match="cannot be decoded"):
        next(steps)


def test_other_frames_may_be_asked_for_between_steps() -> None:
    frames = WatchedFrames()
    tracker = tracker_of(frames)
    steps = tracker.propagate()
    next(steps)
    tracker.add_points(2, 3, [[20, 20]], [1])
    assert [step.frame_index for step in steps] == [1, 2, 3, 4]


def test_masks_do_not_wait_for_later_images(monkeypatch: pytest.MonkeyPatch) -> None:
    may_encode, was_allowed = threading.Event(), []
    encode = TinySam2.encode_image

    def encode_later(self: TinySam2, image: Tensor, for_prompts: bool = True) -> ImageFeatures:
        was_allowed.append(may_encode.wait(10))
        return encode(self, image, for_prompts)

    tracker = tracker_of(WatchedFrames())
    monkeypatch.setattr(TinySam2, "encode_image", encode_later)
    with processor_threads(2), closing(tracker.propagate()) as steps:
        next(steps)
        may_encode.set()
        assert [step.frame_index for step in steps] == [1, 2, 3, 4]
    assert all(was_allowed)


def test_frames_that_wait_to_be_read_are_not_read_when_tracking_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames, is_reading, may_read = WatchedFrames(), threading.Event(), threading.Event()
    read = ReadAhead._image

    def read_slowly(self: ReadAhead, frame: int) -> ImageSample:
        if frame:
            is_reading.set()
            may_read.wait(20)
        return read(self, frame)

    with processor_threads(1):
        steps = tracker_of(frames).propagate()
        monkeypatch.setattr(ReadAhead, "_image", read_slowly)
        next(steps)
        assert is_reading.wait(20)
        threading.Timer(0.2, may_read.set).start()
        steps.close()
    assert [index for index, is_by_worker in frames.reads if is_by_worker] == [1]


def test_no_thread_is_left_when_tracking_is_closed() -> None:
    frames = WatchedFrames()
    steps = tracker_of(frames).propagate()
    next(steps)
    steps.close()
    assert not [t for t in threading.enumerate() if t.name.startswith(THREAD_NAME)]
