"""The adapter to the model: the only module of the application that imports torch."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from app.core.cancel import CancelToken
from app.core.errors import ModelError
from app.core.masks import Bitmap, RleMask
from app.core.memory import Constraint, MemoryDecision, MemoryRecord, MemoryScores
from app.core.prompts import BoxPrompt, FramePrompts
from app.core.settings import MemoryValue, ModelSettings
from app.media.frames import FrameSource, SourceFingerprint
from app.tracking.backend import (
    Direction,
    FrameResult,
    ModelDescription,
    Prediction,
    SegmentRequest,
    SuggestionStep,
    TrackRequest,
)
from tinysam2.build import ImageModel, Model, load_image_model, load_model
from tinysam2.checkpoints.native import CheckpointError
from tinysam2.config import MemoryConfig, MemoryPolicy, check_image_size
from tinysam2.devices import is_out_of_memory
from tinysam2.engines.preparation import EnginePreparation
from tinysam2.inference.click_enforcement import enforce_pixels
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.mask_parts import drop_islands, merge_at_clicks
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.postprocess import MaskCleanup
from tinysam2.inference.propose import ProposalConfig, propose_objects
from tinysam2.inference.results import TrackStep
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.memory.bank import MemoryEvent

CLICK_MARGIN = 0.01
"""Fraction of the frame's longer side by which a positive click widens the box of its mask."""
HINT_MEMORY = "Choose a smaller input size, fewer objects at a time, or another device."
SUGGESTION_POINTS = 16
"""Points per side of the grid that is searched for objects: seconds on a CPU, where 32 take 20."""

MAX_SHARED = 1024
"""Limit of the values of memory records that are shared with later ones."""

Shareable = TypeVar("Shareable", bound=Hashable)
Loaded = TypeVar("Loaded", bound=ImageModel)


@contextmanager
def model_errors() -> Iterator[None]:
    """Turn errors of torch and the model that are not programming errors into `ModelError`.

    Raises:
        ModelError: the device is out of memory, or the weights or settings cannot be used.
    """
    try:
        yield
    except CheckpointError as error:
        raise ModelError(str(error)) from error
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise ModelError("The model ran out of memory.", HINT_MEMORY) from error
        raise


def load_network(settings: ModelSettings) -> tuple[Model, MemoryConfig]:
    """Load a model and its memory settings.

    Raises:
        ModelError: the model, its weights, the device or a setting cannot be used.
    """
    with _setting_errors():
        model = _load(load_model, settings)
        return model, _changed(model.network.config.memory, settings.memory)


def _changed(memory: MemoryConfig, differing: tuple[tuple[str, MemoryValue], ...]) -> MemoryConfig:
    """Return memory settings with other values.

    Raises:
        ValueError: a value cannot be used.
    """
    values = dict(differing)
    if "policy" in values:
        values["policy"] = MemoryPolicy(str(values["policy"]))
    return replace(memory, **values)  # type: ignore[arg-type]


def load_image_network(settings: ModelSettings) -> ImageModel:
    """Load a model for single images; settings of the memory do not matter.

    Raises:
        ModelError: the model, its weights, the device or the input size cannot be used.
    """
    with _setting_errors():
        return _load(load_image_model, settings)


def _load(
    load: Callable[[str, Path | None, str, bool, str, str], Loaded], settings: ModelSettings
) -> Loaded:
    if settings.input_size is not None:
        check_image_size(settings.input_size)
    is_fetched = False  # people are asked first
    where = settings.device, is_fetched, settings.engine, settings.precision
    model = load(settings.name, settings.checkpoint, *where)
    if settings.input_size is not None:
        check_image_size(settings.input_size, model.network.config.size_step)
    return model


@contextmanager
def _setting_errors() -> Iterator[None]:
    try:
        with model_errors():
            yield
    except ValueError as error:
        raise ModelError(f"The model cannot be used: {error}.") from error


class TinySam2Backend:
    """A `TrackerBackend` on the model.  Lives on one thread.

    Args:
        model: a loaded network.
        name: the name of the model.
        memory: settings of its memory.
        input_size: side of its input for a square frame, pixels; its default if None.
    """

    def __init__(
        self, model: Model, name: str, memory: MemoryConfig, input_size: int | None = None
    ) -> None:
        self._model = model
        self._memory = memory
        self._predictor = FramePredictor(model, input_size)
        self._fingerprint: SourceFingerprint | None = None
        self._recorded: dict[object, object] = {}
        variant = repr([getattr(model, f.name) for f in fields(model) if f.name != "network"])
        self._preparation = EnginePreparation(model.network, variant)
        self.description = ModelDescription(
            name,
            sum(weight.numel() for weight in model.network.parameters()),
            str(model.device),
            self._predictor.image_size,
            model.engine.value,
            self.precision,
        )

    @classmethod
    def load(cls, settings: ModelSettings) -> "TinySam2Backend":
        """Load the model of some settings.

        Raises:
            ModelError: the model, its weights, the device or a setting cannot be used.
        """
        model, memory = load_network(settings)
        return cls(model, settings.name, memory, settings.input_size)

    @property
    def precision(self) -> str:
        """The type that the network computes in, as `PRECISIONS` names it."""
        if self._model.int8:
            return "int8"
        return str(self._model.autocast or torch.float32).removeprefix("torch.")

    @property
    def peak_device_bytes(self) -> int | None:
        """Most memory that was in use on a CUDA device so far; None on others."""
        device = self._model.device
        return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None

    def synchronize(self) -> None:
        """Wait until a CUDA device has computed everything that was asked of it."""
        if self._model.device.type == "cuda":
            torch.cuda.synchronize(self._model.device)

    def defer_engine(self) -> None:
        """Run the network by torch until `ready_engine` finds its engine prepared."""
        self._preparation.defer()

    def ready_engine(self, source: FrameSource) -> bool:
        """Use the engine of a deferred model once it is prepared; return whether it is used."""
        is_ready = self._preparation.use_if_prepared(self._size_of(source))
        self._describe()
        return is_ready

    def note_prepared(self, source: FrameSource) -> None:
        """Remember that the engine is prepared for frames like these."""
        self._preparation.remember(self._size_of(source))
        self._describe()

    def _size_of(self, source: FrameSource) -> tuple[int, ...]:
        return self._predictor.image_size, *source.size_hw

    def _describe(self) -> None:
        if (stages := self._preparation.stages) != self.description.openvino_stages:
            self.description = replace(self.description, openvino_stages=stages)

    def encode(self, source: FrameSource, frame: int) -> None:
        """Compute and cache the features of a frame."""
        with model_errors():
            self._predictor_of(source).features(frame, source[frame])
        self._describe()

    def segment(self, source: FrameSource, request: SegmentRequest) -> Prediction:
        """Predict the mask that prompts on a frame stand for; a mask prompt is returned as is."""
        if request.prompts.mask is not None:
            return Prediction(request.prompts.mask, 1.0)
        with model_errors():
            predictor, prompt = self._predictor_of(source), _prompt_of(request)
            previous = None if request.previous is None else request.previous.decode()
            found = predictor.predict(request.frame, source[request.frame], prompt, previous)
        mask = _finished(request, found.mask_logits > 0, previous)
        return Prediction(RleMask.encode(mask), _unit(found.confidence))

    def propose(self, source: FrameSource, frame: int) -> Iterator[SuggestionStep]:
        """Find the objects of a frame without prompts, the highest predicted IoU first."""
        config = ProposalConfig(SUGGESTION_POINTS, keeps_background=False)
        with model_errors():
            predictor = self._predictor_of(source)
            for step in propose_objects(predictor, frame, source[frame], config):
                found = step.proposals
                masks = None if found is None else tuple(RleMask.encode(p.mask) for p in found)
                yield SuggestionStep(step.points_done, step.points_total, masks)

    def track(
        self, source: FrameSource, request: TrackRequest, token: CancelToken
    ) -> Iterator[FrameResult]:
        """Track objects frame by frame, the start frame first; stop early when cancelled."""
        if request.direction is not Direction.BACKWARD:
            yield from self._propagate(source, request, token, Direction.FORWARD)
        if request.direction is not Direction.FORWARD and not token.is_cancelled:
            backward = self._propagate(source, request, token, Direction.BACKWARD)
            if request.direction is Direction.BOTH:
                next(backward, None)  # the forward pass has yielded the start frame
            yield from backward

    def _propagate(
        self,
        source: FrameSource,
        request: TrackRequest,
        token: CancelToken,
        direction: Direction,
    ) -> Iterator[FrameResult]:
        is_forward = direction is Direction.FORWARD
        stop = request.last + 1 if is_forward else request.first - 1
        with model_errors():
            tracker = self._tracker(source, request)
            for step in tracker.propagate(request.start, stop, direction.value):
                self._describe()
                yield self._frame_result(step, request)
                if token.is_cancelled:
                    return

    def _tracker(self, source: FrameSource, request: TrackRequest) -> VideoTracker:
        size, cleanup = self._predictor.image_size, MaskCleanup.of_fraction(source.size_hw)
        is_exclusive = request.is_exclusive
        with _setting_errors():
            memory = _changed(self._memory, request.memory)
        tracker = VideoTracker(self._model, source, memory, size, cleanup, is_exclusive)
        tracker.predictor.clicks = self._predictor_of(source).clicks  # predicted when clicked
        for each in request.objects:
            for frame, prompts in each.prompts.items():
                tracker.set_prompt(each.object_id, frame, _object_prompt(prompts))
            for frame, constraint in each.constraints.items():
                constrain = tracker.pin if constraint is Constraint.PIN else tracker.ban
                constrain(each.object_id, frame)
        return tracker

    def _frame_result(self, step: TrackStep, request: TrackRequest) -> FrameResult:
        prompts = {each.object_id: each.prompts.get(step.frame_index) for each in request.objects}
        predictions = {}
        for object_id, bitmap in zip(step.object_ids, step.masks, strict=True):
            given = prompts[object_id]
            exact = None if given is None else given.mask  # the model's output only approximates it
            record = self._record(step.memory_events[object_id])
            predictions[object_id] = Prediction(
                RleMask.encode(bitmap) if exact is None else exact, record.scores.quality, record
            )
        return FrameResult(step.frame_index, predictions)

    def _record(self, event: MemoryEvent) -> MemoryRecord:
        return MemoryRecord(
            decision=MemoryDecision(event.decision.value),
            reason=event.reason,
            scores=MemoryScores(**{k: _unit(v) for k, v in asdict(event.scores).items()}),
            bank=tuple(event.bank),
            evicted=event.evicted,
            recent=event.recent,
            tokens_stored=event.tokens_stored,
            tokens_attended=event.tokens_attended,
            tokens_full_sam2=event.tokens_full_sam2,
            survivors={
                frame: self._shared((*shown.shape, np.packbits(shown).tobytes()))
                for frame, shown in event.survivors.items()
            },
            tokens=dict(event.tokens),
            pool=event.pool,
            policy=event.policy.value,
            thresholds=dict(event.thresholds),
            averaged={
                frame: self._shared(np.packbits(shown).tobytes())
                for frame, shown in event.averaged.items()
            },
        )

    def _shared(self, value: Shareable) -> Shareable:
        """Return an equal value that an earlier record holds, so that a long run takes less memory.

        Most of a bank is the same from frame to frame.
        """
        if len(self._recorded) >= MAX_SHARED:
            self._recorded.clear()
        return self._recorded.setdefault(value, value)  # type: ignore[return-value]

    def _predictor_of(self, source: FrameSource) -> FramePredictor:
        """Return the predictor; a new one for another video, since features are cached by frame."""
        fingerprint = source.fingerprint()
        if fingerprint != self._fingerprint:
            self._fingerprint = fingerprint
            self._predictor = FramePredictor(self._model, self._predictor.image_size)
        return self._predictor


def _prompt_of(request: SegmentRequest) -> ObjectPrompt:
    """Return the prompt of a request; a mask to correct comes with a box around it.

    Without one a decoder takes a corrective click for the object itself, and loses the rest.
    """
    prompts, previous = request.prompts, request.previous
    if previous is None or prompts.box is not None or previous.box_xyxy is None:
        return _object_prompt(prompts)
    margin = max(1.0, CLICK_MARGIN * max(previous.size_hw))
    x0, y0, x1, y1 = previous.box_xyxy
    added = [point for point in prompts.points if point.is_positive]
    box = BoxPrompt(
        min([x0, *(point.x - margin for point in added)]),
        min([y0, *(point.y - margin for point in added)]),
        max([x1, *(point.x + margin for point in added)]),
        max([y1, *(point.y + margin for point in added)]),
    )
    return _object_prompt(prompts.with_box(box))


def _finished(request: SegmentRequest, predicted: Bitmap, previous: Bitmap | None) -> Bitmap:
    """Make a predicted mask (H, W) obey its clicks, and change no more than they ask for."""
    prompts = request.prompts
    points, labels = [(p.x, p.y) for p in prompts.points], [p.is_positive for p in prompts.points]
    mask = enforce_pixels(predicted, points, labels)
    if previous is not None and request.only_at_clicks:
        merged = merge_at_clicks(previous, mask, points, labels)
        if prompts.box is None or not np.array_equal(merged, previous):
            return merged
    if not request.drops_islands:
        return mask
    box = _object_prompt(prompts).box_xyxy
    return drop_islands(
        mask, [p for p, on in zip(points, labels, strict=True) if on], box, previous
    )


def _object_prompt(prompts: FramePrompts) -> ObjectPrompt:
    if prompts.mask is not None:
        return ObjectPrompt(mask=prompts.mask.decode())
    box = prompts.box
    return ObjectPrompt(
        tuple((point.x, point.y) for point in prompts.points),
        tuple(int(point.is_positive) for point in prompts.points),
        None if box is None else (box.x0, box.y0, box.x1, box.y1),
    )


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
