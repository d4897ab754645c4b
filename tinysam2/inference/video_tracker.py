"""Tracking prompted objects through a video."""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from tinysam2.build import Model, on_cpu
from tinysam2.config import MemoryConfig
from tinysam2.devices import is_out_of_memory
from tinysam2.inference.completion_schedule import CompletionSchedule
from tinysam2.inference.distractors import Distractors, let_compete
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.frame_step import (
    match_memory,
    predict_from_memory,
    predict_from_prompts,
    submit_frame,
)
from tinysam2.inference.memory_access import make_bank
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.object_state import ObjectState, in_batches
from tinysam2.inference.postprocess import MaskCleanup, at_video_size, finish_masks, finish_tracked
from tinysam2.inference.read_ahead import ReadAhead
from tinysam2.inference.results import Frames, TrackStep
from tinysam2.memory.bank import MemoryBank, MemoryEvent
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.memory_attention import ObjectMemory
from tinysam2.worker_threads import WorkerThreads, all_results, group_size, split_threads

T = TypeVar("T")
Tracked = tuple[dict[int, Tensor], dict[int, MemoryEvent]]  # logits and events, by object
FRAMES_AHEAD = 2
"""Frames that are read and encoded before it is their turn, at most.  The second one keeps worker
threads busy that have no object left to track."""
_log = logging.getLogger(__name__)
OBJECTS_AT_ONCE = "%s is out of memory: tracking continues with %d object(s) at a time"
ON_CPU = "%s is out of memory: tracking continues on the CPU"
IN_TURN = "%s is out of memory: tracking continues with one image or object after the other"


class VideoTracker:
    """Propagate prompted objects through a video, with one memory bank per object.

    Image features are computed once per frame for all objects, which compete for what looks alike;
    nothing that is kept grows with the length of the video.  Lives on one thread; on the CPU others
    track objects, and encode the next frames, at the same time.

    Args:
        model: a loaded network.
        frames: the video.
        memory: memory settings; the model's own if None.
        image_size: side of the input for a square image, pixels; the model's own if None.
        cleanup: which small faults of masks on frames without a prompt are removed.
        is_exclusive: whether a pixel belongs to one object at most.
    """

    def __init__(
        self,
        model: Model,
        frames: Frames,
        memory: MemoryConfig | None = None,
        image_size: int | None = None,
        cleanup: MaskCleanup | None = None,
        is_exclusive: bool = False,
    ) -> None:
        self.predictor = FramePredictor(model, image_size)
        self.frames = frames
        self._reader = ReadAhead(frames)
        self._workers = WorkerThreads()
        self._frame_worker = WorkerThreads()  # one, for what the objects of a frame share
        self.memory = memory or model.network.config.memory
        if model.network.config.follows_sam2:  # it divides the ages of pointers by their number
            most = min(self.memory.max_pointers, max(1, len(frames)))
            self.memory = replace(self.memory, max_pointers=most)
        self.cleanup = cleanup
        self.is_exclusive = is_exclusive
        self._max_objects_at_once = sys.maxsize
        self._shares_frames = True  # until memory runs out
        self._objects: dict[int, ObjectState] = {}
        self._distractors = Distractors()

    def add_points(
        self,
        object_id: int,
        frame_index: int,
        points_xy: ArrayLike,
        labels: Sequence[int],
        box_xyxy: Sequence[float] | None = None,
    ) -> NDArray[np.float32]:
        """Prompt an object by clicks, in place of earlier prompts on this frame.

        Args:
            object_id: any integer.
            frame_index: frame of the clicks.
            points_xy: (K, 2) pixels of the video frame.
            labels: K numbers, 1 inside, 0 outside.
            box_xyxy: a box in addition.

        Returns:
            (H, W) float32 mask logits of that frame.
        """
        return self.add_prompt(object_id, frame_index, ObjectPrompt.of(points_xy, labels, box_xyxy))

    def add_box(
        self, object_id: int, frame_index: int, box_xyxy: Sequence[float]
    ) -> NDArray[np.float32]:
        """Prompt an object by a box; see `add_points`."""
        return self.add_prompt(object_id, frame_index, ObjectPrompt.of([], [], box_xyxy))

    def add_mask(
        self, object_id: int, frame_index: int, mask: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Prompt an object by its exact mask (H, W) on a frame; see `add_points`."""
        return self.add_prompt(object_id, frame_index, ObjectPrompt(mask=np.asarray(mask, bool)))

    def set_prompt(self, object_id: int, frame_index: int, prompt: ObjectPrompt) -> None:
        """Set an object's prompt on a frame without predicting its mask there.

        Raises:
            ValueError: the frame does not exist.
        """
        self._check_frame(frame_index)
        self._objects.setdefault(object_id, ObjectState()).prompts[frame_index] = prompt

    def add_prompt(
        self, object_id: int, frame_index: int, prompt: ObjectPrompt
    ) -> NDArray[np.float32]:
        """Set an object's prompt on a frame and return its mask logits (H, W).

        As in SAM 2, clicks and a box on a tracked frame correct its mask, using the memory of that
        propagation; on other frames only the image is used.

        Raises:
            ValueError: the frame does not exist or the prompt does not fit it.
        """
        self._check_frame(frame_index)
        image = self._reader.read(frame_index).image
        tracked = self._objects.get(object_id, ObjectState())
        if tracked.would_correct(frame_index, prompt):
            tracked.prompts[frame_index] = prompt
            return self._with_room(lambda: self._corrected_logits(frame_index, image, tracked))
        prediction = self._with_room(lambda: self.predictor.predict(frame_index, image, prompt))
        tracked.prompts[frame_index] = prompt
        self._objects[object_id] = tracked
        return prediction.mask_logits

    @torch.inference_mode()
    def _corrected_logits(
        self, frame: int, image: NDArray[np.uint8], tracked: ObjectState
    ) -> NDArray[np.float32]:
        features = self.predictor.features(frame, image)
        masks, _ = predict_from_memory(self.predictor, frame, features, image, {0: tracked})
        return np.asarray(at_video_size(masks, image)[0])

    def remove(self, object_id: int) -> None:
        """Forget an object, also while others are tracked; unknown ones are forgotten already."""
        self._objects.pop(object_id, None)
        self._distractors.forget(object_id)

    def pin(self, object_id: int, frame_index: int) -> None:
        """Keep a frame in memory whatever its quality, once tracking passes it."""
        self._check_frame(frame_index)
        self._objects.setdefault(object_id, ObjectState()).pinned.add(frame_index)

    def ban(self, object_id: int, frame_index: int) -> None:
        """Keep a frame out of memory."""
        self._check_frame(frame_index)
        self._objects.setdefault(object_id, ObjectState()).banned.add(frame_index)

    def _encoded(self, frame: int) -> tuple[NDArray[np.uint8], ImageFeatures]:
        """Return a frame's image and its features."""
        read = self._reader.read(frame)
        is_prompted = self._is_prompted(frame)
        ahead = None if is_prompted else read.features
        features = self.predictor.features(frame, read.image, is_prompted, read.small, ahead)
        return read.image, features

    def _expect(self, frames: Sequence[int]) -> None:
        """Let workers read and encode frames, after the work submitted before them."""
        for frame in frames:
            is_encoded = self._workers.count > 1 and not self._is_prompted(frame)
            encode = partial(self.predictor.encode, for_prompts=False) if is_encoded else None
            self._reader.expect(frame, self._workers, self.predictor.shrunk, encode)

    def _is_prompted(self, frame: int) -> bool:
        return any(frame in o.prompts for o in self._objects.values())

    def _check_frame(self, index: int) -> None:
        if not 0 <= index < len(self.frames):
            raise ValueError(f"frame must be in 0..{len(self.frames) - 1}, got {index}")

    @torch.inference_mode()
    def propagate(
        self, start: int = 0, stop: int | None = None, direction: str = "forward"
    ) -> Iterator[TrackStep]:
        """Track all prompted objects.

        Objects that are added or removed during propagation join or leave with the next frame.

        Args:
            start: first frame, which is tracked too.
            stop: end of the frames, not included; the end of the video unless given.
            direction: "forward" or "backward".

        Yields:
            One step per frame, in the order of propagation.

        Raises:
            ValueError: nothing is prompted, a frame does not exist, or frames differ in size.
        """
        if direction not in ("forward", "backward"):
            raise ValueError(f"direction must be forward or backward, got {direction!r}")
        if not any(o.prompts for o in self._objects.values()):
            raise ValueError("no object has a prompt, so there is nothing to track")
        self._check_frame(start)
        step = 1 if direction == "forward" else -1
        end = stop if stop is not None else (len(self.frames) if step == 1 else -1)
        frame_range = range(start, end, step)
        self._check_frame(frame_range[-1] if frame_range else start)
        for tracked in self._objects.values():
            tracked.memory = None
        self._distractors = Distractors()
        with closing(self._workers), closing(self._frame_worker), closing(self._reader):
            for count, frame in enumerate(frame_range, start=1):
                objects = {i: o for i, o in self._objects.items() if o.prompts}
                self._resize_workers(len(objects))
                if joining := {i: o for i, o in objects.items() if o.memory is None}:
                    self._with_room(partial(self._start_banks, joining, frame_range))
                if not objects:
                    return
                ahead = frame_range[count : count + FRAMES_AHEAD]
                yield self._with_room(partial(self._track_frame, frame, ahead, objects))

    def _with_room(self, act: Callable[[], T]) -> T:
        """Call ``act``; if the device runs out of memory, restore the banks and retry with less."""
        while True:
            before = {i: o.memory and o.memory.copy() for i, o in self._objects.items()}
            try:
                return act()
            except RuntimeError as error:
                if not is_out_of_memory(error) or not self._needs_less(before):
                    raise

    def _needs_less(self, banks: dict[int, MemoryBank | None]) -> bool:
        """Do less at the same time, in the end move to the CPU; False if nothing is left to do."""
        self._reader.close()  # images that are encoded ahead may have failed, too
        device, at_once = self.predictor.model.device, min(self._max_objects_at_once, len(banks))
        if self._workers.count > 1:
            self._shares_frames = False
            self._workers.resize(1, 1)
            _log.warning(IN_TURN, device)
        elif at_once > 1:
            self._max_objects_at_once = at_once // 2
            _log.warning(OBJECTS_AT_ONCE, device, self._max_objects_at_once)
        elif device.type == "cpu":
            return False
        else:
            _log.warning(ON_CPU, device)
            self.predictor = FramePredictor(on_cpu(self.predictor.model), self.predictor.image_size)
            banks = {i: bank and bank.copy(torch.device("cpu")) for i, bank in banks.items()}
            for tracked in self._objects.values():
                tracked.completion = CompletionSchedule()  # its reference is on the device
        for i, bank in banks.items():
            self._objects[i].memory = bank
        return True

    def _start_banks(self, objects: dict[int, ObjectState], frame_range: range) -> None:
        """Make banks of all prompted frames except corrections, which propagation submits later."""
        prompted = sorted({f for o in objects.values() for f in o.prompts})
        feature_hw = self._encoded(prompted[0])[1].size_hw
        for tracked in objects.values():
            bank = make_bank(
                self.predictor.network, self.memory, feature_hw, is_backward=frame_range.step < 0
            )
            tracked.memory, tracked.propagated = bank, range(0)
            tracked.completion = CompletionSchedule()
        for frame in prompted:
            image, features = self._encoded(frame)
            shown: dict[int, Tensor] = {}
            here = {i: o for i, o in objects.items() if o.has_conditioning_prompt(frame)}
            for with_prompt in in_batches(here, self._max_objects_at_once):
                masks = predict_from_prompts(self.predictor, frame, features, image, with_prompt)
                submit_frame(self.predictor, frame, features, masks, with_prompt)
                shown |= zip(with_prompt, masks.logits, strict=True)
            self._distractors.note(shown, set(shown))
        for frame in (f for f in prompted if f not in frame_range):
            image, features = self._encoded(frame)
            here = {i: o for i, o in objects.items() if o.has_correction(frame)}
            for to_correct in in_batches(here, self._max_objects_at_once):
                masks, _ = predict_from_memory(self.predictor, frame, features, image, to_correct)
                submit_frame(self.predictor, frame, features, masks, to_correct)

    def _track_frame(
        self, frame: int, ahead: Sequence[int], objects: dict[int, ObjectState]
    ) -> TrackStep:
        image, features = self._encoded(frame)
        logits: dict[int, Tensor] = {}
        events: dict[int, MemoryEvent] = {}
        here = {i: o for i, o in objects.items() if o.has_conditioning_prompt(frame)}
        for with_prompt in in_batches(here, self._max_objects_at_once):
            masks = predict_from_prompts(self.predictor, frame, features, image, with_prompt)
            events |= submit_frame(self.predictor, frame, features, masks, with_prompt)
            logits |= zip(with_prompt, at_video_size(masks, image), strict=True)
        tracked = {i: o for i, o in objects.items() if not o.has_conditioning_prompt(frame)}
        track = partial(self._track_together, frame, image, self._matched(frame, features, objects))
        for found, decided in self._tracked(frame, ahead, track, features, tracked):
            logits |= found
            events |= decided
        self._distractors.note(logits, {i for i, o in objects.items() if frame in o.prompts})
        for each in objects.values():
            each.mark_propagated(frame)
        finish = partial(finish_masks, frame, objects, logits, self.is_exclusive)
        # Here, operators would wait for threads that the workers keep busy.
        is_alone = self._workers.count == 1
        finished = finish() if is_alone else self._frame_worker.submit(finish).result()
        return TrackStep(
            frame_index=frame,
            object_ids=tuple(objects),
            mask_logits=finished.numpy(),
            scores={i: events[i].scores for i in objects},
            memory_events=events,
        )

    def _resize_workers(self, objects: int) -> None:
        """Have worker threads for so many objects, or one that only reads ahead.

        In networks that follow SAM 2 one stage takes most of the time, and all threads run it.
        """
        model, threads = self.predictor.model, torch.get_num_threads()
        is_split = model.device.type == "cpu" and not model.network.config.follows_sam2
        is_shared = is_split and threads > 1 and self._shares_frames
        self._workers.resize(*(split_threads(objects, threads) if is_shared else (1, 1)))
        self._frame_worker.resize(1, 1)

    def _tracked(
        self,
        frame: int,
        ahead: Sequence[int],
        track: Callable[..., Tracked],
        features: ImageFeatures,
        objects: dict[int, ObjectState],
    ) -> Iterator[Tracked]:
        """Track objects that are not prompted on a frame; yields logits and events of each batch.

        Worker threads do it, if there are several, except where clicks on the frame correct a mask.
        After the objects they begin with the frames ``ahead``.
        """
        is_alone = self._workers.count == 1
        here = {i: o for i, o in objects.items() if is_alone or o.has_correction(frame)}
        left = {i: o for i, o in objects.items() if i not in here}
        others = list(in_batches(left, group_size(len(left), self._workers.count)))
        if others and features.attended is None:  # the image was encoded for prompts
            features = self._frame_worker.submit(self.predictor.attended, features).result()
        found = [self._workers.submit(track, features, each) for each in others]
        self._expect(ahead)
        yield from all_results(found)
        yield from (track(features, batch) for batch in in_batches(here, self._max_objects_at_once))

    def _matched(
        self, frame: int, features: ImageFeatures, objects: dict[int, ObjectState]
    ) -> dict[int, ObjectMemory]:
        """Return the memories of objects once they competed for a frame; empty if none do."""
        matcher = self.predictor.network.matcher
        distractors = self._distractors.among(list(objects))
        if matcher is None or not distractors.any():
            return {}
        match = partial(match_memory, self.predictor, frame, features)
        if self._workers.count == 1:
            found = list(map(match, in_batches(objects, self._max_objects_at_once)))
        else:
            found = all_results([self._workers.submit(match, o) for o in in_batches(objects, 1)])
        left = self._frame_worker.submit(let_compete, matcher, found, distractors).result()
        return dict(zip(objects, left, strict=True))

    @torch.inference_mode()
    def _track_together(
        self,
        frame: int,
        image: NDArray[np.uint8],
        matched: dict[int, ObjectMemory],
        features: ImageFeatures,
        objects: dict[int, ObjectState],
    ) -> Tracked:
        read = [matched[i] for i in objects] if matched else None
        masks, readings = predict_from_memory(self.predictor, frame, features, image, objects, read)
        events = submit_frame(self.predictor, frame, features, masks, objects, readings)
        rows = zip(objects.values(), at_video_size(masks, image), strict=True)
        bias = self.predictor.network.config.mask_bias
        finish = partial(finish_tracked, bias=bias, cleanup=self.cleanup)
        found = [x if frame in o.prompts else finish(x) for o, x in rows]
        return dict(zip(objects, found, strict=True)), events
