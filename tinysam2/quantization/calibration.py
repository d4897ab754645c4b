"""Calibration frames: what the stages of a network are given while it tracks a video."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinysam2.build import Model
from tinysam2.datasets.frames import open_frames
from tinysam2.devices import processor_threads
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.propose import ProposalConfig, propose_objects
from tinysam2.inference.results import Frames
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.model.stages import NetworkStage, StageFunction, Tensors, run_by_torch
from tinysam2.quantization.objective import CalibrationFrame

MOST_OBJECTS = 3
"""Objects that are tracked through a calibration video."""
_POINTS_PER_SIDE = 8


def calibration_frames(
    model: Model, frames: Frames, count: int, image_size: int | None = None
) -> Iterator[CalibrationFrame]:
    """Track the objects that are found on the first frame and yield what the stages are given.

    Between two frames that are yielded, one is tracked that is not.

    Args:
        model: on the CPU; it is run by torch in float32.
        frames: the video; evenly spread frames of it are tracked.
        count: frames to yield, at most.
        image_size: side of the input for a square image, pixels; the model's own if None.

    Raises:
        ValueError: nothing is found on the first frame, or there is only one.
    """
    if len(frames) < 2:
        raise ValueError("a calibration video must have at least two frames")
    chosen = np.linspace(0, len(frames) - 1, min(len(frames), 2 * count + 1)).astype(int)
    video = [frames[int(index)] for index in chosen]
    exact = replace(model, autocast=None)
    recorder, runner = _Recorder(), model.network.run
    model.network.run = recorder
    try:
        tracker = VideoTracker(exact, video, image_size=image_size)
        for number, mask in enumerate(_objects_on(tracker.predictor, video[0])):
            tracker.add_prompt(number, 0, ObjectPrompt(mask=mask))
        with processor_threads(1):  # one stage after the other: the same frames each time
            for step in tracker.propagate():
                if step.frame_index % 2 or len(video) <= count:
                    yield from recorder.recorded()
                recorder.forget()
    finally:
        model.network.run = runner


def frames_of_videos(
    videos: Sequence[Path], model: Model, count: int, image_size: int | None = None
) -> Iterator[CalibrationFrame]:
    """Yield the `calibration_frames` of several videos, about as many of each.

    Raises:
        ValueError: a video cannot be used.
        OSError: a video cannot be read.
    """
    left = count
    for number, video in enumerate(videos):
        if not (share := -(-left // (len(videos) - number))):
            return
        for frame in calibration_frames(model, open_frames(video), share, image_size):
            left -= 1
            yield frame


def _objects_on(predictor: FramePredictor, image: NDArray[np.uint8]) -> list[NDArray[np.bool_]]:
    """Return masks (H, W) of the most certain objects of the first frame.

    Raises:
        ValueError: there is none.
    """
    *_, last = propose_objects(predictor, 0, image, ProposalConfig(_POINTS_PER_SIDE))
    if not last.proposals:
        raise ValueError("nothing to track is found on the first frame of a calibration video")
    return [each.mask for each in last.proposals[:MOST_OBJECTS]]


class _Recorder:
    """A `StageRunner` by torch that keeps the inputs of the stages."""

    def __init__(self) -> None:
        self._given: dict[NetworkStage, Sequence[Tensors]] = {}
        self._images: list[tuple[Tensor, Tensor]] = []  # and their features
        self._for_memory: Tensor | None = None  # of the image that objects attended to last

    def __call__(
        self, stage: NetworkStage, function: StageFunction, given: Sequence[Tensors]
    ) -> list[Tensors]:
        """Run a stage."""
        found = run_by_torch(stage, function, given)
        if stage is NetworkStage.ENCODE_IMAGE:
            image = given[0][0], found[0][0]
            self._images = [*self._images[-1:], image]
        if stage is NetworkStage.ATTEND_IMAGE:
            self._for_memory = found[0][1]
        self._given[stage] = given
        return found

    def recorded(self) -> Iterator[CalibrationFrame]:
        """Yield what was recorded since `forget`, if all stages ran on the same image."""
        read = (NetworkStage.ATTEND_IMAGE, NetworkStage.CONDITION, NetworkStage.ENCODE_MEMORY)
        if self._for_memory is None or not all(stage in self._given for stage in read):
            return
        attend, condition, encode_memory = (self._given[stage] for stage in read)
        if not torch.equal(self._for_memory, encode_memory[0][0]):
            return
        for image, features in self._images:
            if torch.equal(features, attend[0][0]):
                memories, masks = (
                    tuple(_kept(each[1:]) for each in given) for given in (condition, encode_memory)
                )
                redraw = self._given.get(NetworkStage.REDRAW, ())
                tracked = tuple(_kept(each[:2]) for each in redraw)
                yield CalibrationFrame(_kept((image,))[0], memories, masks, tracked)
                return

    def forget(self) -> None:
        """Drop the inputs of a frame."""
        self._given.clear()


def _kept(tensors: Tensors) -> Tensors:
    """Copy tensors so that gradients can be computed from them."""
    with torch.inference_mode(False):
        return tuple(each.clone() for each in tensors)
