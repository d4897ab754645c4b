"""Times the stages of tracking from outside: functions are wrapped while a recorder is active."""

import importlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Hook:
    """A function that belongs to a stage.

    Attributes:
        stage: name of the stage.
        owner: module, or ``module:Class``, whose attribute callers read the function from.
        function: name of the attribute.
    """

    stage: str
    owner: str
    function: str

    def target(self) -> Any:  # noqa: ANN401 - a module or a class
        """Import and return the owner."""
        module, _, name = self.owner.partition(":")
        found = importlib.import_module(module)
        return getattr(found, name) if name else found


HOOKS = (
    Hook("decode", "app.media.video:VideoSource", "__getitem__"),
    Hook("decode", "app.media.sequence:ImageSequence", "__getitem__"),
    Hook("preprocess", "tinysam2.inference.frame_predictor", "network_input"),
    Hook("preprocess", "tinysam2.inference.frame_predictor:FramePredictor", "shrunk"),
    Hook("encode", "tinysam2.inference.frame_predictor:FramePredictor", "encode"),
    Hook("memory attention", "tinysam2.inference.frame_step", "read_memory"),
    Hook("memory attention", "tinysam2.model.network:TinySam2", "match"),
    Hook("memory attention", "tinysam2.inference.video_tracker", "let_compete"),
    Hook("memory attention", "tinysam2.model.network:TinySam2", "condition_groups"),
    Hook("decode masks", "tinysam2.inference.video_tracker", "predict_from_prompts"),
    Hook("decode masks", "tinysam2.inference.video_tracker", "predict_from_memory"),
    Hook("memory encode", "tinysam2.model.network:TinySam2", "encode_memory"),
    Hook("manager", "tinysam2.inference.video_tracker", "submit_frame"),
    Hook("compression", "tinysam2.inference.memory_access", "compress_memory"),
    Hook("compression", "tinysam2.memory.bank", "select_tokens"),
    Hook("upsample", "tinysam2.inference.video_tracker", "at_video_size"),
    Hook("upsample", "tinysam2.inference.postprocess:MaskCleanup", "clean"),
    Hook("upsample", "tinysam2.inference.video_tracker", "finish_masks"),
    Hook("write", "app.tracking.tinysam2_backend:TinySam2Backend", "_frame_result"),
    Hook("write", "app.session:Session", "apply"),
)
"""Hooks of all stages, in the order of a frame.  A stage inside another does not count for both."""

STAGES = tuple(dict.fromkeys(hook.stage for hook in HOOKS))


class StageRecorder:
    """Adds up the time that each stage takes, on whatever thread it runs.

    A stage's time is its own: that of stages called inside it is subtracted.  Nothing is wrapped
    before and after the ``with`` block.

    Args:
        synchronize: waits for a device that computes in the background, so that its time belongs
            to the stage that asked for it; None where there is none.
    """

    def __init__(self, synchronize: Callable[[], object] | None = None) -> None:
        self._synchronize = synchronize or (lambda: None)
        self._inside = threading.local()
        self._lock = threading.Lock()
        self._spent_ms: defaultdict[str, float] = defaultdict(float)
        self._restored = ExitStack()

    def __enter__(self) -> Self:
        for hook in HOOKS:
            target = hook.target()
            original = getattr(target, hook.function)
            self._restored.callback(setattr, target, hook.function, original)
            setattr(target, hook.function, self.timed(hook.stage, original))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restored.close()

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and adds its time to a stage."""

        @wraps(function)
        def call(*args: object, **more: object) -> object:
            nested: list[float] = getattr(self._inside, "nested_ms", [])
            self._inside.nested_ms = inner = [0.0]
            self._synchronize()
            start_s = time.perf_counter()
            try:
                return function(*args, **more)
            finally:
                self._synchronize()
                total_ms = (time.perf_counter() - start_s) * 1000
                self._inside.nested_ms = nested
                if nested:
                    nested[0] += total_ms
                with self._lock:
                    self._spent_ms[stage] += total_ms - inner[0]

        return call

    def take(self) -> dict[str, float]:
        """Return the milliseconds of every stage since the last call, and start over."""
        with self._lock:
            spent = {stage: self._spent_ms[stage] for stage in STAGES}
            self._spent_ms.clear()
        return spent
