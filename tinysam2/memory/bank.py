"""The memory bank of one object and the quality manager that decides what enters and leaves."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

import torch
from torch import Tensor

from tinysam2.config import MemoryConfig, MemoryPolicy
from tinysam2.memory.quality import FrameScores
from tinysam2.memory.selection import select_tokens


class Decision(StrEnum):
    """What happened to a frame that was offered to the bank."""

    PROMPTED = "prompted"
    KEPT = "kept"
    REPLACED = "replaced"
    REFUSED = "refused"
    PINNED = "pinned"
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class MemoryEntry:
    """One remembered frame of one object.

    Attributes:
        tokens: (n, memory_dim) surviving tokens.
        cells: (n,) long, their cells in the pooled grid.
        pointer: (dim,) object pointer.
        descriptor: (memory_dim,) unit vector of the frame before its tokens were thinned.
        is_fixed: prompted or pinned: never leaves.
    """

    frame: int
    tokens: Tensor
    cells: Tensor
    pointer: Tensor
    descriptor: Tensor
    scores: FrameScores
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class MemoryEvent:
    """A decision of the bank, as the memory report tells it.

    Attributes:
        bank: frames remembered after the decision, ascending.
        recent: this frame, when it is not in the bank but may be read once, by the next frame.
        survivors: per frame of the bank, the cells whose tokens survived.
    """

    frame: int
    decision: Decision
    reason: str
    scores: FrameScores
    bank: tuple[int, ...]
    evicted: int | None
    recent: int | None
    tokens_stored: int
    tokens_attended: int
    tokens_full_sam2: int
    survivors: dict[int, Tensor]


@dataclass
class MemoryBank:
    """The frames remembered of one object.

    The bank holds fixed entries (prompted or pinned), chosen entries, and ``recent``: the frame
    before the current one, readable for one step although it was refused, if the object was seen.
    """

    config: MemoryConfig
    token_budget: int | None
    pointer_tokens: int
    entries: dict[int, MemoryEntry] = field(default_factory=dict)
    recent: MemoryEntry | None = None
    pointers: dict[int, Tensor] = field(default_factory=dict)

    @property
    def capacity(self) -> int:
        """Frames that may be chosen; the previous frame takes one place of the quality bank."""
        slots = self.config.max_frames - sum(e.is_fixed for e in self.entries.values())
        recency = self.config.policy is MemoryPolicy.QUALITY
        return max(1, slots - recency)

    def offer(
        self, entry: MemoryEntry, is_banned: bool = False
    ) -> tuple[Decision, str, int | None]:
        """Decide on a frame and remember it, or not.

        Returns:
            The decision, its reason in words, and the frame that left.
        """
        self._remember_pointer(entry)
        self.recent = None
        if entry.is_fixed:
            self.entries[entry.frame] = entry
            decision = Decision.PROMPTED, "prompted by the user, always kept", None
        elif is_banned:
            decision = Decision.BANNED, "banned by the user", None
        elif self.config.policy is MemoryPolicy.FIFO:
            decision = self._offer_fifo(entry)
        else:
            decision = self._offer_quality(entry)
            if entry.frame not in self.entries and entry.scores.object_presence > 0:
                self.recent = entry
        self._thin()
        return decision

    def _offer_fifo(self, entry: MemoryEntry) -> tuple[Decision, str, int | None]:
        """SAM 2: the newest frame enters, the oldest leaves."""
        chosen = [f for f, e in self.entries.items() if not e.is_fixed]
        evicted = min(chosen, key=lambda f: self.order(f)) if len(chosen) >= self.capacity else None
        self._swap(entry, evicted)
        if evicted is None:
            return Decision.KEPT, "first in, first out: the bank had room", None
        return Decision.REPLACED, f"first in, first out: frame {evicted} was oldest", evicted

    def _offer_quality(self, entry: MemoryEntry) -> tuple[Decision, str, int | None]:
        """Ours: only good frames enter, and the one whose loss costs least leaves."""
        scores, threshold = entry.scores, self.config.quality_threshold
        if scores.object_presence == 0:
            return Decision.REFUSED, "the object is not visible", None
        if scores.quality < threshold:
            return (
                Decision.REFUSED,
                f"quality {scores.quality:.2f} is below {threshold:.2f}",
                None,
            )
        chosen = {f: e for f, e in self.entries.items() if not e.is_fixed}
        if len(chosen) < self.capacity:
            self._swap(entry, None)
            return Decision.KEPT, f"quality {scores.quality:.2f} and the bank had room", None
        worth = self._worth({**chosen, entry.frame: entry})
        evicted = min(worth, key=lambda f: worth[f])
        if evicted == entry.frame:
            return (
                Decision.REFUSED,
                f"adds least to the bank: quality {scores.quality:.2f}, "
                f"novelty {scores.novelty:.2f}",
                None,
            )
        self._swap(entry, evicted)
        return (
            Decision.REPLACED,
            f"worth more than frame {evicted}: quality {scores.quality:.2f}, "
            f"novelty {scores.novelty:.2f}",
            evicted,
        )

    def _worth(self, candidates: dict[int, MemoryEntry]) -> dict[int, float]:
        """Quality x (1 - similarity to the nearest other entry): what removing each would lose."""
        frames = list(candidates)
        fixed = [e for e in self.entries.values() if e.is_fixed]
        descriptors = torch.stack(
            [candidates[f].descriptor for f in frames] + [e.descriptor for e in fixed]
        )
        similarity = descriptors @ descriptors.T
        similarity.fill_diagonal_(-1)
        nearest = similarity.amax(1)[: len(frames)].tolist()
        return {
            f: candidates[f].scores.quality * (1 - s) for f, s in zip(frames, nearest, strict=True)
        }

    def _swap(self, entry: MemoryEntry, evicted: int | None) -> None:
        if evicted is not None:
            del self.entries[evicted]
        self.entries[entry.frame] = entry

    def _remember_pointer(self, entry: MemoryEntry) -> None:
        self.pointers[entry.frame] = entry.pointer
        fixed = {f for f, e in self.entries.items() if e.is_fixed}
        if entry.is_fixed:
            fixed.add(entry.frame)
        loose = [f for f in self.pointers if f not in fixed]  # in order of arrival
        for frame in loose[: max(0, len(self.pointers) - self.config.max_pointers)]:
            del self.pointers[frame]

    def order(self, frame: int) -> int:
        """Return the rank of a frame's arrival."""
        return list(self.entries).index(frame)

    def readable(self) -> list[MemoryEntry]:
        """Return what may be read: fixed frames first, then the newest arrivals first."""
        fixed = [e for e in self.entries.values() if e.is_fixed]
        chosen = [e for e in self.entries.values() if not e.is_fixed]
        if self.recent is not None:
            chosen.append(self.recent)
        return fixed + chosen[::-1]

    def _thin(self) -> None:
        """Drop the tokens that the budget has no room for."""
        if self.token_budget is None:
            return
        entries = self.readable()
        budget = self.token_budget - self.pointer_tokens * len(self.pointers)
        keep = select_tokens(
            [e.tokens for e in entries],
            [e.cells for e in entries],
            [e.is_fixed for e in entries],
            max(1, budget),
        )
        for entry, kept in zip(entries, keep, strict=True):
            if bool(kept.all()):
                continue
            thinned = replace(entry, tokens=entry.tokens[kept], cells=entry.cells[kept])
            if entry is self.recent:
                self.recent = thinned
            else:
                self.entries[entry.frame] = thinned

    @property
    def tokens_stored(self) -> int:
        """Spatial and pointer tokens held."""
        spatial = sum(len(e.tokens) for e in self.readable())
        return spatial + self.pointer_tokens * len(self.pointers)
