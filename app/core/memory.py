"""What the tracker kept in its memory bank, as the document stores and the window shows it."""

from dataclasses import dataclass, field
from enum import StrEnum


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
            in records that versions before 0.2 wrote.
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
