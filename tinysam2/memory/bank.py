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


Verdict = tuple[Decision, str, int | None]  # decision, reason in words, frame that left


@dataclass(frozen=True, slots=True)
class MemoryEntry:
    """One remembered frame of one object.

    Attributes:
        tokens: (n, memory_dim) surviving tokens.
        cells: (n,) long, their cells in the pooled grid.
        pointer: (dim,) object pointer.
        descriptor: unit vector of the object's looks, see `object_descriptors`.
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

    def offer(self, entry: MemoryEntry, is_banned: bool = False) -> Verdict:
        """Decide on a frame and remember it, or not."""
        self._remember_pointer(entry)
        self.recent = None
        if entry.is_fixed:
            verdict = self._offer_fixed(entry)
        elif is_banned:
            verdict = Decision.BANNED, "banned by the user", None
        elif self.config.policy is MemoryPolicy.FIFO:
            verdict = self._offer_fifo(entry)
        else:
            verdict = self._offer_quality(entry)
            if entry.frame not in self.entries and entry.scores.object_presence > 0:
                self.recent = entry
        self._thin()
        return verdict

    def _offer_fixed(self, entry: MemoryEntry) -> Verdict:
        """Let the user's frames in whatever they are worth; a chosen one makes room."""
        self._swap(entry, None)
        evicted = None
        if len(chosen := self._chosen()) > self.capacity:
            is_fifo = self.config.policy is MemoryPolicy.FIFO
            evicted = next(iter(chosen)) if is_fifo else self._least(chosen)
            del self.entries[evicted]
        return Decision.PROMPTED, "prompted by the user, always kept", evicted

    def _offer_fifo(self, entry: MemoryEntry) -> Verdict:
        """SAM 2: the newest frame enters, the oldest leaves."""
        chosen = self._chosen()
        if len(chosen) < self.capacity:
            self._swap(entry, None)
            return Decision.KEPT, "first in, first out: the bank had room", None
        evicted = next(iter(chosen))
        self._swap(entry, evicted)
        return Decision.REPLACED, f"first in, first out: frame {evicted} was oldest", evicted

    def _offer_quality(self, entry: MemoryEntry) -> Verdict:
        """Ours: only good frames enter, and the one whose loss costs least leaves."""
        scores, threshold = entry.scores, self.config.quality_threshold
        worth = f"quality {scores.quality:.2f}, novelty {scores.novelty:.2f}"
        if scores.object_presence == 0:
            return Decision.REFUSED, "the object is not visible", None
        if scores.quality < threshold:
            reason = f"quality {scores.quality:.2f} is below {threshold:.2f}"
            return Decision.REFUSED, reason, None
        chosen = self._chosen()
        if len(chosen) < self.capacity:
            self._swap(entry, None)
            return Decision.KEPT, f"quality {scores.quality:.2f} and the bank had room", None
        evicted = self._least({**chosen, entry.frame: entry})
        if evicted == entry.frame:
            return Decision.REFUSED, f"adds least to the bank: {worth}", None
        self._swap(entry, evicted)
        return Decision.REPLACED, f"worth more than frame {evicted}: {worth}", evicted

    def _chosen(self) -> dict[int, MemoryEntry]:
        """Entries that may leave, in order of arrival."""
        return {f: e for f, e in self.entries.items() if not e.is_fixed}

    def _least(self, candidates: dict[int, MemoryEntry]) -> int:
        """Return the candidate frame whose removal loses least."""
        worth = self._worth(candidates)
        return min(worth, key=lambda f: worth[f])

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
        """Hold at most ``max_pointers``: the oldest leaves first, the user's frames last."""
        self.pointers[entry.frame] = entry.pointer
        fixed = {f for f, e in self.entries.items() if e.is_fixed}
        if entry.is_fixed:
            fixed.add(entry.frame)
        leaving = sorted(self.pointers, key=lambda f: f in fixed)  # else in order of arrival
        for frame in leaving[: max(0, len(self.pointers) - self.config.max_pointers)]:
            del self.pointers[frame]

    def readable(self) -> list[MemoryEntry]:
        """Return what may be read: fixed frames first, then the newest arrivals first."""
        fixed = [e for e in self.entries.values() if e.is_fixed]
        chosen = list(self._chosen().values())
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
