"""What the tracker kept in its memory bank, as the document stores and the window shows it."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.bool_]


STARTED_HERE = "propagation started here"
"""Reason of the record of a frame that tracking started from without a prompt."""
IMPORTED_HERE = "by an imported mask, always kept"
"""Reason of the record of a frame whose imported mask guides tracking."""


class MemoryDecision(StrEnum):
    """What happened to a frame that the tracker submitted to its memory bank."""

    PROMPTED = "prompted"
    KEPT = "kept"
    REPLACED = "replaced"  # entered by replacing another frame, see `MemoryRecord.evicted`
    REFUSED = "refused"
    PINNED = "pinned"
    BANNED = "banned"


class Constraint(StrEnum):
    """What the user requires of a frame in the memory bank."""

    PIN = "pin"
    BAN = "ban"


@dataclass(frozen=True, slots=True)
class MemoryScores:
    """Scores of one object on one frame, each in [0, 1]."""

    predicted_iou: float
    object_presence: float
    quality: float
    novelty: float


@dataclass(frozen=True, slots=True)
class KeptTokens:
    """Where a remembered frame holds tokens.

    Attributes:
        own: (h, w), the feature locations that have a token of their own.
        averaged: (h // pool, w // pool), the pooling windows that one token stands for.
        pool: side of the pooling windows in feature locations.
    """

    own: Grid
    averaged: Grid
    pool: int


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """The memory decision for one object on one frame.

    Attributes:
        bank: frames in memory after the decision, ascending.
        evicted: frame that left to make room, if any.
        recent: the frame itself, if it did not enter the bank but the next frame may read it.
        reason: the decision in words.
        tokens_stored: tokens the bank holds; tokens_attended: tokens read for this frame;
            tokens_full_sam2: what a full SAM 2 bank would hold at this input size.
        survivors: for each frame of the bank, and ``recent``, the size (h, w) of its feature map
            and one bit per feature location, row-major (`numpy.packbits`): whether a surviving
            token covers it.
        tokens: for the same frames, how many tokens each holds, 0 where the budget left none; empty
            in records of earlier versions, as ``averaged``.
        pool: side of the pooling windows in feature locations; 1 if nothing is pooled.
        averaged: for the same frames, one bit per pooling window, row-major: whether the window is
            stored as one token, its average.
        policy: name of the memory policy that decided; empty in records of earlier versions.
        thresholds: what the policy asks of scores, by field of `MemoryScores`: the value that a
            frame has to reach to enter or, by DAM4SAM's policy, to become an anchor.
        run: identifies the run of tracking that decided; empty in records of earlier versions.
        prompts: for each frame of the bank whose prompts the run was given, `FramePrompts.digest`
            of these; empty in records of earlier versions.
    """

    decision: MemoryDecision
    reason: str
    scores: MemoryScores
    bank: tuple[int, ...]
    evicted: int | None = None
    tokens_stored: int = 0
    tokens_attended: int = 0
    tokens_full_sam2: int = 0
    survivors: dict[int, tuple[int, int, bytes]] = field(default_factory=dict)
    recent: int | None = None
    tokens: dict[int, int] = field(default_factory=dict)
    pool: int = 1
    averaged: dict[int, bytes] = field(default_factory=dict)
    policy: str = ""
    thresholds: dict[str, float] = field(default_factory=dict)
    run: str = ""
    prompts: dict[int, str] = field(default_factory=dict)

    @property
    def stored(self) -> tuple[int, ...]:
        """Frames whose tokens are stored, ascending: the bank and ``recent``."""
        extra = () if self.recent is None else (self.recent,)
        return tuple(sorted({*self.bank, *extra}))

    def tokens_of(self, frame: int) -> int | None:
        """Return how many tokens a stored frame holds; None if the record does not tell."""
        if frame in self.tokens:
            return self.tokens[frame]
        shown = self.survivors.get(frame)
        return 0 if shown is not None and not any(shown[2]) else None

    def kept_tokens(self, frame: int) -> KeptTokens | None:
        """Return where a stored frame holds tokens; None if the record does not tell."""
        if frame not in self.survivors:
            return None
        height, width, bits = self.survivors[frame]
        covered = _unpacked(bits, height, width)
        windows_hw = height // self.pool, width // self.pool
        averaged = np.zeros(windows_hw, np.bool_)
        if self.pool > 1 and frame in self.averaged:
            averaged = _unpacked(self.averaged[frame], *windows_hw)
        own = covered.copy()
        tiled = averaged.repeat(self.pool, 0).repeat(self.pool, 1)
        own[: tiled.shape[0], : tiled.shape[1]] &= ~tiled
        return KeptTokens(own, averaged, self.pool)


def _unpacked(bits: bytes, height: int, width: int) -> Grid:
    flat = np.unpackbits(np.frombuffer(bits, np.uint8), count=height * width)
    return flat.astype(np.bool_).reshape(height, width)
