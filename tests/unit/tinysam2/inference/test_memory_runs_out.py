"""Where a device has no room for all objects, they are tracked all the same."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.unit.tinysam2.toys import block_mask, noise_frames, toy_model
from tinysam2.build import Model, on_cpu
from tinysam2.config import MemoryConfig, MemoryPolicy
from tinysam2.devices import processor_threads
from tinysam2.inference import frame_predictor
from tinysam2.inference.preprocess import network_input
from tinysam2.inference.results import TrackStep
from tinysam2.inference.video_tracker import IN_TURN, VideoTracker
from tinysam2.model.decoder.predictions import Segmentation
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.memory_attention import ObjectMemory
from tinysam2.model.network import TinySam2

FRAMES = noise_frames(7)
MEMORY = MemoryConfig(MemoryPolicy.SAMURAI, max_frames=4, keep_ratio=0.1, max_pointers=4)


@pytest.fixture
def model() -> Model:
    return toy_model()


def prompted(model: Model) -> VideoTracker:
    tracker = VideoTracker(model, FRAMES, MEMORY)
    tracker.add_mask(1, 0, block_mask())
    tracker.add_points(2, 0, [[60, 30]], [1])
    tracker.add_box(3, 2, [10, 5, 40, 30])
    tracker.add_points(1, 4, [[40, 20]], [0])
    return tracker


def assert_same(found: list[TrackStep], wanted: list[TrackStep]) -> None:
    assert [s.frame_index for s in found] == [s.frame_index for s in wanted]
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a.mask_logits, b.mask_logits, atol=1e-3, rtol=1e-3)
        for i, event in b.memory_events.items():
            assert a.memory_events[i].decision == event.decision
            assert a.memory_events[i].bank == event.bank
            assert a.memory_events[i].tokens_attended == event.tokens_attended


def limit_objects(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """Let memory run out when more objects are encoded or read at once; list the tries."""
    tried = []
    encode, segment = TinySam2.encode_memory, TinySam2.segment_remembered

    def encode_memory(
        self: TinySam2, features: ImageFeatures, masks: Tensor, logit: Tensor, binarize: Tensor
    ) -> Tensor:
        tried.append(len(masks))
        if len(masks) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return encode(self, features, masks, logit, binarize)

    def segment_remembered(
        self: TinySam2, features: ImageFeatures, memories: list[ObjectMemory]
    ) -> Segmentation:
        tried.append(len(memories))
        if len(memories) > most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return segment(self, features, memories)

    monkeypatch.setattr(TinySam2, "encode_memory", encode_memory)
    monkeypatch.setattr(TinySam2, "segment_remembered", segment_remembered)
    return tried


@pytest.mark.parametrize("most", [1, 2])
def test_objects_are_tracked_in_smaller_batches(
    model: Model, most: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = list(prompted(model).propagate())
    tried = limit_objects(monkeypatch, most)
    with caplog.at_level(logging.WARNING):
        assert_same(list(prompted(model).propagate()), wanted)
    assert sum(count > most for count in tried) <= 2
    assert "cpu is out of memory: tracking continues with 1 object(s) at a time" in caplog.messages


def fail_at_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let memory run out when a method of the network is run twice at the same time."""
    running, run = threading.Semaphore(1), getattr(TinySam2, name)

    def run_alone(*given: object) -> object:
        if not running.acquire(blocking=False):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        try:
            time.sleep(0.1)
            return run(*given)
        finally:
            running.release()

    monkeypatch.setattr(TinySam2, name, run_alone)


def test_work_that_does_not_fit_at_the_same_time_is_done_in_turn(
    model: Model, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = list(prompted(model).propagate())
    fail_at_once(monkeypatch, "segment_remembered")
    with processor_threads(3), caplog.at_level(logging.WARNING):
        assert_same(list(prompted(model).propagate()), wanted)
    assert caplog.messages == [IN_TURN % "cpu"]


def test_images_that_do_not_fit_at_the_same_time_are_encoded_in_turn(
    model: Model, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = list(prompted(model).propagate())
    tracker = prompted(model)
    fail_at_once(monkeypatch, "encode_image")
    with processor_threads(3), caplog.at_level(logging.WARNING):
        assert_same(list(tracker.propagate()), wanted)
    assert caplog.messages == [IN_TURN % "cpu"]


@pytest.mark.usefixtures("threads")
def test_no_room_even_for_one_object_is_reported(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = prompted(model)
    limit_objects(monkeypatch, 0)
    with pytest.raises(torch.OutOfMemoryError):
        next(tracker.propagate())


def test_other_errors_are_not_taken_for_it(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Segmentation:
        raise RuntimeError("shapes do not fit")

    tracker = prompted(model)
    monkeypatch.setattr(TinySam2, "segment_remembered", fail)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        list(tracker.propagate())


def exhausted(model: Model, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Return a model on what calls itself another device and has no memory left."""

    def input_of(frame: NDArray[np.uint8], size_hw: tuple[int, int], device: object) -> Tensor:
        return network_input(frame, size_hw, torch.device("cpu"))

    encode = TinySam2.encode_image

    def encode_image(self: TinySam2, image: Tensor, for_prompts: bool = True) -> ImageFeatures:
        if self is model.network:
            raise RuntimeError("MPS backend out of memory")
        return encode(self, image, for_prompts)

    monkeypatch.setattr(frame_predictor, "network_input", input_of)
    monkeypatch.setattr(TinySam2, "encode_image", encode_image)
    return replace(model, device=cast("torch.device", SimpleNamespace(type="cuda")))


@pytest.fixture
def in_float32(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("tinysam2.build.choose_precision", lambda device: None)
    return


@pytest.mark.usefixtures("in_float32")
@pytest.mark.parametrize("frames_before", [0, 1, 4])
def test_tracking_continues_on_the_cpu(
    model: Model,
    frames_before: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wanted = list(prompted(model).propagate())
    tracker = prompted(model)
    propagate = tracker.propagate()
    steps = [next(propagate) for _ in range(frames_before)]
    tracker.predictor = frame_predictor.FramePredictor(exhausted(model, monkeypatch), 128)
    with caplog.at_level(logging.WARNING):
        steps += propagate
    assert_same(steps, wanted)
    assert caplog.messages[-1].endswith("is out of memory: tracking continues on the CPU")


def test_first_prompt_is_predicted_on_the_cpu(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = VideoTracker(exhausted(model, monkeypatch), FRAMES)
    assert tracker.add_points(1, 0, [[40, 20]], [1]).shape == FRAMES[0].shape[:2]
    assert tracker.predictor.model.device == torch.device("cpu")


def test_copy_on_the_cpu_is_a_model_of_its_own(model: Model) -> None:
    copied = on_cpu(model)
    for key, value in model.network.state_dict().items():
        assert torch.equal(copied.network.state_dict()[key], value)
        assert copied.network.state_dict()[key].data_ptr() != value.data_ptr()
    assert not any(p.requires_grad for p in copied.network.parameters())
