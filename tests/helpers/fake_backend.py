"""A tracker without a model: every object is a disk that moves a little on each frame."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from app.core.cancel import CancelToken
from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryDecision, MemoryRecord, MemoryScores
from app.core.prompts import FramePrompts
from app.media.frames import FrameSource
from app.tracking.backend import (
    FrameResult,
    ModelDescription,
    ObjectRequest,
    Prediction,
    SegmentRequest,
    SuggestionStep,
    TrackRequest,
)

STEP_XY = (2.0, 1.0)
RADIUS = 8.0
WIDER = 4.0
BANK_SIZE = 4
ENTRY_QUALITY = 0.5
POLL_S = 0.005
GRID_HW = (8, 8)
TOKENS_PER_FRAME = GRID_HW[0] * GRID_HW[1]


def disk(size_hw: tuple[int, int], center_xy: tuple[float, float], radius: float) -> RleMask:
    ys, xs = np.ogrid[: size_hw[0], : size_hw[1]]
    return RleMask.encode((xs - center_xy[0]) ** 2 + (ys - center_xy[1]) ** 2 <= radius**2)


def disk_of(prompts: FramePrompts) -> tuple[float, float, float]:
    """Center x, center y and radius that prompts mean."""
    if prompts.mask is not None:
        ys, xs = np.nonzero(prompts.mask.decode())
        return float(xs.mean()), float(ys.mean()), float(np.sqrt(prompts.mask.area / np.pi))
    if prompts.box is not None:
        box = prompts.box
        radius = min(box.x1 - box.x0, box.y1 - box.y0) / 2
        return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, radius
    points = [(p.x, p.y) for p in prompts.points if p.is_positive] or [(0.0, 0.0)]
    x, y = np.mean(points, axis=0)
    return float(x), float(y), RADIUS + len(points) - 1


def quality_of(frame: int) -> float:
    return 0.6 + 0.35 * float(np.cos(frame / 3))


@dataclass
class Track:
    """One object on its way: where its disk was last prompted, and its memory."""

    request: ObjectRequest
    is_wide: bool = False  # masks are larger, so that runs under two policies differ
    anchor: tuple[int, FramePrompts] | None = None
    bank: dict[int, float] = field(default_factory=dict)

    def advance(self, frame: int, size_hw: tuple[int, int]) -> Prediction | None:
        prompts = self.request.prompts.get(frame, FramePrompts())
        if not prompts.is_empty:
            self.anchor = (frame, prompts)
        if self.anchor is None:
            return None
        x, y, radius = disk_of(self.anchor[1])
        ahead = frame - self.anchor[0]
        radius += WIDER * self.is_wide
        mask = disk(size_hw, (x + STEP_XY[0] * ahead, y + STEP_XY[1] * ahead), radius)
        if prompts.mask is not None:
            mask = prompts.mask
        record = self.remember(frame, is_prompted=not prompts.is_empty)
        return Prediction(mask, record.scores.quality, record)

    def remember(self, frame: int, is_prompted: bool) -> MemoryRecord:
        quality = 1.0 if is_prompted else quality_of(frame)
        decision, reason, evicted = self.decide(frame, quality, is_prompted)
        if evicted is not None:
            del self.bank[evicted]
        if decision not in (MemoryDecision.REFUSED, MemoryDecision.BANNED):
            self.bank[frame] = quality
        stored = TOKENS_PER_FRAME // 2 * len(self.bank)
        bits = np.packbits(np.arange(TOKENS_PER_FRAME) % 2 == frame % 2).tobytes()
        return MemoryRecord(
            decision=decision,
            reason=reason,
            scores=MemoryScores(quality, 1.0, quality, 0.25),
            bank=tuple(sorted(self.bank)),
            evicted=evicted,
            tokens_stored=stored,
            tokens_attended=stored,
            tokens_full_sam2=7 * 4 * TOKENS_PER_FRAME,
            survivors={kept: (*GRID_HW, bits) for kept in self.bank},
            tokens=dict.fromkeys(self.bank, TOKENS_PER_FRAME // 2),
        )

    def decide(
        self, frame: int, quality: float, is_prompted: bool
    ) -> tuple[MemoryDecision, str, int | None]:
        constraint = self.request.constraints.get(frame)
        if constraint is Constraint.BAN:
            return MemoryDecision.BANNED, "banned by the user", None
        if is_prompted:
            return MemoryDecision.PROMPTED, "the user prompted this frame", None
        if constraint is Constraint.PIN:
            return MemoryDecision.PINNED, "pinned by the user", None
        if quality < ENTRY_QUALITY:
            return MemoryDecision.REFUSED, f"quality {quality:.2f} is below {ENTRY_QUALITY}", None
        if len(self.bank) < BANK_SIZE:
            return MemoryDecision.KEPT, "the bank had room", None
        worst = min(self.bank, key=lambda kept: self.bank[kept])
        return MemoryDecision.REPLACED, f"better than frame {worst}", worst


class FakeBackend:
    """A deterministic `TrackerBackend`.

    Attributes:
        wait_at: frame before which tracking waits until it is canceled or this is changed, so that
            a test that looks at a running job does not depend on the speed of the machine.  A
            search for objects waits before that step, counted from 1.
        ignores_cancel: whether tracking waits there even when it is canceled.

    Args:
        slow_s: seconds that every frame takes.
        fail_at: frame on which tracking fails, if any.
        error: what it fails with.
    """

    def __init__(
        self,
        slow_s: float = 0.0,
        fail_at: int | None = None,
        error: BaseException | None = None,
    ) -> None:
        self.slow_s = slow_s
        self.fail_at = fail_at
        self.error = error or RuntimeError("the fake tracker was set to fail")
        self.wait_at: int | None = None
        self.ignores_cancel = False
        self.encoded: list[int] = []
        self.requests: list[TrackRequest] = []
        self.segmented: list[SegmentRequest] = []
        self.description = ModelDescription("fake", 0, "cpu", 64)
        self.is_prepared = True

    def defer_engine(self) -> None:
        pass

    def ready_engine(self, source: FrameSource) -> bool:
        return self.is_prepared

    def note_prepared(self, source: FrameSource) -> None:
        self.is_prepared = True

    def encode(self, source: FrameSource, frame: int) -> None:
        time.sleep(self.slow_s)
        assert source[frame].shape[:2] == source.size_hw
        self.encoded.append(frame)

    def segment(self, source: FrameSource, request: SegmentRequest) -> Prediction:
        time.sleep(self.slow_s)
        self.segmented.append(request)
        if request.prompts.mask is not None:
            return Prediction(request.prompts.mask, 1.0)
        x, y, radius = disk_of(request.prompts)
        return Prediction(disk(source.size_hw, (x, y), radius), 0.9)

    def propose(self, source: FrameSource, frame: int) -> Iterator[SuggestionStep]:
        height, width = source.size_hw
        for done in range(1, 4):
            while done == self.wait_at:
                time.sleep(POLL_S)
            yield SuggestionStep(done, 4)
        places = ((width * 0.25, height * 0.5), (width * 0.7, height * 0.5))
        yield SuggestionStep(4, 4, tuple(disk(source.size_hw, at, RADIUS) for at in places))

    def track(
        self, source: FrameSource, request: TrackRequest, token: CancelToken
    ) -> Iterator[FrameResult]:
        self.requests.append(request)
        tracks = self._tracks(request)
        for frame in request.frames:
            while frame == self.wait_at and (self.ignores_cancel or not token.is_cancelled):
                time.sleep(POLL_S)
            if token.is_cancelled:
                return
            if frame == self.fail_at:
                raise self.error
            time.sleep(self.slow_s)
            if frame == request.start - 1:  # the backward pass of tracking both ways
                tracks = self._tracks(request)
                for track in tracks.values():
                    track.advance(request.start, source.size_hw)
            found = {each: track.advance(frame, source.size_hw) for each, track in tracks.items()}
            yield FrameResult(frame, {each: p for each, p in found.items() if p is not None})

    def _tracks(self, request: TrackRequest) -> Mapping[int, Track]:
        is_wide = dict(request.memory).get("policy") == "fifo"
        return {each.object_id: Track(each, is_wide) for each in request.objects}


@dataclass
class SlowLoader:
    """Loads a `FakeBackend` in ``seconds``; ``has_started`` is set as it starts."""

    seconds: float
    has_started: threading.Event = field(default_factory=threading.Event)

    def __call__(self) -> FakeBackend:
        self.has_started.set()
        time.sleep(self.seconds)
        return FakeBackend()
