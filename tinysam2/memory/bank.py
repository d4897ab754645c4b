"""The memory bank of one object: it stores what its policy lets in, within the token budget."""

import copy
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinysam2.config import MemoryConfig, MemoryPolicy
from tinysam2.memory.entry import BankDecision, Decision, MemoryEntry
from tinysam2.memory.policies import BankView, Policy, make_policy
from tinysam2.memory.pooling import MemoryGrid
from tinysam2.memory.scores import FrameScores
from tinysam2.memory.token_selection import select_tokens

DETAIL_FRACTION = 0.9
"""Largest fraction of the token budget that the details of a new frame may use."""


@dataclass(frozen=True, slots=True)
class MemoryEvent:
    """A decision of the bank, as the memory report shows it.

    Attributes:
        bank: frames remembered after the decision, ascending.
        recent: this frame, when it is not in the bank but may be read once, by the next frame.
        tokens: number of spatial tokens that each frame of the bank, and ``recent``, holds; 0 where
            the budget left none.  With the pointers they add up to ``tokens_stored``.
        survivors: per frame of ``tokens``, (H, W) bool: the feature locations that its surviving
            tokens stand for.
        pool: side of the pooling windows; 1 if there are none.
        averaged: per frame of ``tokens``, (H // pool, W // pool) bool: the pooling windows that one
            surviving token stands for, their average.
        policy: which policy decided; thresholds: what it asks of scores, see `Policy.thresholds`.
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
    tokens: dict[int, int]
    survivors: dict[int, NDArray[np.bool_]]
    pool: int
    averaged: dict[int, NDArray[np.bool_]]
    policy: MemoryPolicy
    thresholds: dict[str, float]


@dataclass(frozen=True, slots=True)
class _ShownTokens:
    """What the tokens of a frame at ``locations`` stand for, see `MemoryEvent`."""

    locations: Tensor
    survivors: NDArray[np.bool_]
    averaged: NDArray[np.bool_]

    @staticmethod
    def of(entry: MemoryEntry, grid: MemoryGrid) -> "_ShownTokens":
        at = entry.locations
        shown = grid.covered(at).cpu().numpy(), grid.averaged(at).cpu().numpy()
        for each in shown:
            each.setflags(write=False)  # the events of several frames have the same arrays
        return _ShownTokens(at, *shown)


@dataclass
class MemoryBank:
    """The frames remembered of one object.

    The bank holds conditioning entries (prompted or pinned), non-conditioning entries, and
    ``recent``: the previous frame, which may be read once although it was refused, if it shows the
    object.

    Attributes:
        grid: where its tokens stand.
        is_backward: whether propagation goes from later frames to earlier ones.
    """

    config: MemoryConfig
    token_budget: int | None
    pointer_tokens: int
    grid: MemoryGrid
    entries: dict[int, MemoryEntry] = field(default_factory=dict)
    recent: MemoryEntry | None = None
    pointers: dict[int, Tensor] = field(default_factory=dict)
    is_backward: bool = False
    policy: Policy = field(init=False)
    _shown: dict[int, "_ShownTokens"] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.policy = make_policy(self.config)

    def copy(self, device: torch.device | None = None) -> "MemoryBank":
        """Return an independent copy, on a device or on the same one."""
        copied = copy.copy(self)
        copied.policy = copy.deepcopy(self.policy)
        copied.entries, copied.pointers = dict(self.entries), dict(self.pointers)
        copied._shown = {}
        if device is not None:
            copied.grid = self.grid.to(device)
            copied.entries = {f: e.to(device) for f, e in self.entries.items()}
            copied.pointers = {f: p.to(device) for f, p in self.pointers.items()}
            copied.recent = None if self.recent is None else self.recent.to(device)
        return copied

    @property
    def capacity(self) -> int:
        """Most non-conditioning frames, at least one."""
        taken = 1  # by the first prompt
        if self.policy.conditioning_take_places:
            conditioning = sum(e.is_conditioning for e in self.entries.values())
            taken = min(conditioning, self._max_conditioning_read)
        return max(1, self.config.max_frames - taken - self.policy.reads_previous)

    @property
    def max_tokens(self) -> int | None:
        """Tokens of a frame that its details may take up; None for no limit."""
        if self.token_budget is None:
            return None
        pointers = self.pointer_tokens * self.config.max_pointers
        return int(DETAIL_FRACTION * (self.token_budget - pointers))

    @property
    def _max_conditioning_read(self) -> int:
        """Most conditioning frames that one frame reads; two places are left for recent frames."""
        return max(1, self.config.max_frames - 2)

    def submit(self, entry: MemoryEntry, is_banned: bool = False) -> BankDecision:
        """Decide whether a frame enters the bank, and store it if so."""
        self._store_pointer(entry)
        self.recent = None
        if entry.is_conditioning:
            decided = self._submit_conditioning(entry)
        elif is_banned:
            decided = Decision.BANNED, "banned by the user", None
        else:
            decided = self._submit_non_conditioning(entry)
        self._thin()
        return decided

    def _submit_conditioning(self, entry: MemoryEntry) -> BankDecision:
        """Store a conditioning frame, whatever its scores; another frame makes room."""
        self._swap(entry, None)
        evicted = None
        if len((view := self._view()).non_conditioning) > view.capacity:
            evicted = self.policy.make_room(view)
            del self.entries[evicted]
        return Decision.PROMPTED, "by the user, always kept", evicted

    def _submit_non_conditioning(self, entry: MemoryEntry) -> BankDecision:
        """Follow the policy's decision."""
        decided = self.policy.decide(entry, self._view())
        decision, _, evicted = decided
        if decision is not Decision.REFUSED:
            self._swap(entry, evicted)
        elif self.policy.reads_previous and entry.scores.object_presence > 0:
            self.recent = entry
        return decided

    def _view(self) -> BankView:
        conditioning = [e for e in self.entries.values() if e.is_conditioning]
        return BankView(self._non_conditioning(), conditioning, self.capacity)

    def _non_conditioning(self) -> dict[int, MemoryEntry]:
        """Entries that may leave, in order of arrival."""
        return {f: e for f, e in self.entries.items() if not e.is_conditioning}

    def _swap(self, entry: MemoryEntry, evicted: int | None) -> None:
        if evicted is not None:
            del self.entries[evicted]
        self.entries[entry.frame] = entry

    def _store_pointer(self, entry: MemoryEntry) -> None:
        """Store the pointer; of too many the oldest leaves, those of conditioning frames last."""
        self.pointers[entry.frame] = entry.pointer
        conditioning = {f for f, e in self.entries.items() if e.is_conditioning}
        if entry.is_conditioning:
            conditioning.add(entry.frame)
        leaving = sorted(self.pointers, key=lambda f: f in conditioning)  # else in order of arrival
        for frame in leaving[: max(0, len(self.pointers) - self._max_pointers(len(conditioning)))]:
            del self.pointers[frame]

    def _max_pointers(self, conditioning: int) -> int:
        """Return the most pointers stored when some belong to conditioning frames."""
        return self.config.max_pointers

    def readable(self, frame: int | None = None) -> list[MemoryEntry]:
        """Return the readable entries: conditioning frames first, then the newest first.

        Args:
            frame: that reads; of many conditioning frames it reads the closest ones, among them one
                on each side.  None for all.
        """
        conditioning = [e for e in self.entries.values() if e.is_conditioning]
        if frame is not None and len(conditioning) > self._max_conditioning_read:
            conditioning = _closest(conditioning, frame)[: self._max_conditioning_read]
        chosen = list(self._non_conditioning().values())
        if self.recent is not None:
            chosen.append(self.recent)
        return conditioning + chosen[::-1]

    def steps_back(self, entries: list[MemoryEntry], frame: int) -> list[int]:
        """Rank non-conditioning entries by distance, the nearest 1; conditioning entries are 0."""
        loose = sorted(abs(frame - e.frame) for e in entries if not e.is_conditioning)
        return [0 if e.is_conditioning else loose.index(abs(frame - e.frame)) + 1 for e in entries]

    def pointers_behind(self, frame: int) -> dict[int, Tensor]:
        """Return the pointers of frames up to this one in the direction of the propagation."""
        sign = -1 if self.is_backward else 1
        return {f: p for f, p in self.pointers.items() if sign * f <= sign * frame}

    def _thin(self) -> None:
        """Drop the tokens that exceed the budget."""
        if self.token_budget is None:
            return
        entries = self.readable()
        budget = self.token_budget - self.pointer_tokens * len(self.pointers)
        keep = select_tokens(
            [e.tokens for e in entries],
            [self.grid.window[e.locations] for e in entries],
            [e.is_conditioning for e in entries],
            [e.is_object for e in entries],
            max(1, budget),
        )
        for entry, kept in zip(entries, keep, strict=True):
            if bool(kept.all()):
                continue
            if entry is self.recent:
                self.recent = entry.thinned(kept)
            else:
                self.entries[entry.frame] = entry.thinned(kept)

    def shown_tokens(self) -> "dict[int, _ShownTokens]":
        """Return what the tokens of each readable frame stand for, ascending by frame."""
        stored = sorted(self.readable(), key=lambda e: e.frame)
        before = self._shown  # most frames lose no token from one frame to the next
        self._shown = {
            e.frame: shown
            if (shown := before.get(e.frame)) and shown.locations is e.locations
            else _ShownTokens.of(e, self.grid)
            for e in stored
        }
        return self._shown

    @property
    def tokens_stored(self) -> int:
        """Spatial and pointer tokens stored."""
        spatial = sum(len(e.tokens) for e in self.readable())
        return spatial + self.pointer_tokens * len(self.pointers)


def _closest(entries: list[MemoryEntry], frame: int) -> list[MemoryEntry]:
    """Sort by distance to a frame, the closest one before it and from it on first, as SAM 2."""
    by_distance = sorted(entries, key=lambda e: abs(e.frame - frame))
    before = [e.frame for e in by_distance if e.frame < frame][:1]
    after = [e.frame for e in by_distance if e.frame >= frame][:1]
    return sorted(by_distance, key=lambda e: e.frame not in before + after)
