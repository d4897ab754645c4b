from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tinysam2.config import MemoryConfig, MemoryPolicy
from tinysam2.memory.bank import MemoryBank
from tinysam2.memory.entry import Decision, MemoryEntry
from tinysam2.memory.mask_shape import MaskShape
from tinysam2.memory.pooling import MemoryGrid
from tinysam2.memory.scores import FrameScores

LOCATIONS, POINTER_TOKENS, BUDGET = 16, 2, 40
GRID = MemoryGrid.of((4, 4), 1, torch.device("cpu"))


def entry(
    frame: int,
    quality: float = 0.9,
    presence: float = 1.0,
    is_conditioning: bool = False,
    seed: int | None = None,
) -> MemoryEntry:
    """Make a frame's entry; frames of one seed look the same."""
    generator = torch.Generator().manual_seed(frame if seed is None else seed)
    tokens = torch.randn(LOCATIONS, 8, generator=generator)
    return MemoryEntry(
        frame=frame,
        tokens=tokens,
        locations=torch.arange(LOCATIONS),
        is_object=torch.ones(LOCATIONS, dtype=torch.bool),
        pointer=torch.full((16,), float(frame)),
        descriptor=F.normalize(torch.randn(8, generator=generator), dim=0),
        scores=FrameScores(quality, presence, quality * presence, 0.5),
        shape=MaskShape(0.04, (0.4, 0.4, 0.6, 0.6)),
        is_conditioning=is_conditioning,
    )


def bank_of(policy: MemoryPolicy = MemoryPolicy.QUALITY, budget: int | None = None) -> MemoryBank:
    config = MemoryConfig(policy, max_frames=4, quality_threshold=0.5, max_pointers=3)
    return MemoryBank(config, budget, POINTER_TOKENS, GRID)


def readable(bank: MemoryBank) -> list[int]:
    return [e.frame for e in bank.readable()]


def submit_all(bank: MemoryBank, frames: Sequence[int]) -> None:
    for frame in frames:
        bank.submit(entry(frame))


def test_fifo_keeps_the_prompted_and_the_newest_frames() -> None:
    bank = bank_of(MemoryPolicy.FIFO)
    bank.submit(entry(0, is_conditioning=True))
    submit_all(bank, [1, 2, 3])
    assert readable(bank) == [0, 3, 2, 1]
    assert bank.submit(entry(4, quality=0.0)) == (
        Decision.REPLACED,
        "first in, first out: frame 1 was oldest",
        1,
    )
    assert readable(bank) == [0, 4, 3, 2]


def test_fifo_forgets_by_arrival_when_propagating_backward() -> None:
    bank = bank_of(MemoryPolicy.FIFO)
    bank.submit(entry(9, is_conditioning=True))
    submit_all(bank, [8, 7, 6])
    assert bank.submit(entry(5))[2] == 8


def test_weak_frame_is_refused_with_its_reason() -> None:
    bank = bank_of()
    bank.submit(entry(0, is_conditioning=True))
    decided = bank.submit(entry(1, quality=0.31))
    assert decided == (Decision.REFUSED, "quality 0.310 is below 0.500", None)
    assert list(bank.entries) == [0]


def test_refused_frame_is_read_by_the_next_frame_alone() -> None:
    bank = bank_of()
    bank.submit(entry(0, is_conditioning=True))
    bank.submit(entry(1, quality=0.1))
    assert readable(bank) == [0, 1]
    bank.submit(entry(2, quality=0.1))
    assert readable(bank) == [0, 2]
    bank.submit(entry(3))
    assert readable(bank) == [0, 3]
    assert bank.recent is None


def test_frame_without_the_object_is_refused_and_not_read() -> None:
    bank = bank_of()
    bank.submit(entry(0, is_conditioning=True))
    assert bank.submit(entry(1, presence=0.0))[1] == "the object is not visible"
    assert readable(bank) == [0]


def test_full_bank_names_the_frame_that_leaves() -> None:
    bank = bank_of()
    bank.submit(entry(0, is_conditioning=True))
    bank.submit(entry(1, quality=0.6, seed=0))  # weak, and looks like the prompted one
    bank.submit(entry(2))
    decision, reason, evicted = bank.submit(entry(3))
    assert (decision, evicted) == (Decision.REPLACED, 1)
    assert reason == "worth more than frame 1: quality 0.90, novelty 0.50"
    assert sorted(bank.entries) == [0, 2, 3]


def test_frame_that_adds_least_is_refused_by_a_full_bank() -> None:
    bank = bank_of()
    bank.submit(entry(0, is_conditioning=True))
    submit_all(bank, [1, 2])
    decision, reason, evicted = bank.submit(entry(3, quality=0.6, seed=0))
    assert (decision, evicted) == (Decision.REFUSED, None)
    assert reason.startswith("adds least to the bank: quality 0.60")


def test_banned_frame_is_neither_kept_nor_read() -> None:
    bank = bank_of()
    bank.submit(entry(0, is_conditioning=True))
    assert bank.submit(entry(1), is_banned=True) == (Decision.BANNED, "banned by the user", None)
    assert readable(bank) == [0]


@pytest.mark.parametrize("policy", sorted(set(MemoryPolicy) - {MemoryPolicy.FIFO}))
def test_pinned_frame_takes_a_non_conditioning_frames_place(policy: MemoryPolicy) -> None:
    bank = bank_of(policy)
    bank.submit(entry(0, is_conditioning=True))
    submit_all(bank, [1, 2, 3])
    before = set(bank.entries)
    _, _, evicted = bank.submit(entry(4, quality=0.0, is_conditioning=True))
    assert evicted in before - {0}
    assert set(bank.entries) == before - {evicted} | {4}


def test_sam2_reads_as_many_recent_frames_whatever_was_prompted() -> None:
    bank = bank_of(MemoryPolicy.FIFO)
    for frame in (0, 20):
        bank.submit(entry(frame, is_conditioning=True))
    submit_all(bank, [1, 2, 3, 4])
    assert [e.frame for e in bank.readable(5)] == [0, 20, 4, 3, 2]


def test_many_prompts_stay_and_one_frame_may_still_be_chosen() -> None:
    bank = bank_of()
    for frame in range(8):
        bank.submit(entry(frame, is_conditioning=True))
    submit_all(bank, [8, 9, 10])
    assert sorted(bank.entries)[:8] == list(range(8))
    assert len(bank.entries) == 9
    assert list(bank.pointers) == [5, 6, 7]


@pytest.mark.parametrize("policy", list(MemoryPolicy))
def test_of_many_prompted_frames_the_closest_are_read(policy: MemoryPolicy) -> None:
    bank = bank_of(policy)
    for frame in (0, 10, 20, 30):
        bank.submit(entry(frame, is_conditioning=True))
    for frame, closest in ((1, [0, 10]), (19, [20, 10]), (26, [30, 20]), (90, [30, 20])):
        assert [e.frame for e in bank.readable(frame)] == closest
    submit_all(bank, [31, 32, 33])
    read = [e.frame for e in bank.readable(34)]
    assert read[:2] == [30, 20]
    assert 33 in read[2:] or bank.policy.reads_previous
    assert 1 <= len(read[2:]) <= (3 if policy is MemoryPolicy.FIFO else 2)
    assert {0, 10, 20, 30} <= set(bank.entries)


def test_of_many_prompted_frames_one_on_each_side_is_read() -> None:
    bank = bank_of()
    for frame in (8, 10, 11, 40):
        bank.submit(entry(frame, is_conditioning=True))
    assert [e.frame for e in bank.readable(12)] == [11, 40]
    assert [e.frame for e in bank.readable(11)] == [11, 10]
    assert [e.frame for e in bank.readable(3)] == [8, 10]


@pytest.mark.parametrize("policy", list(MemoryPolicy))
@pytest.mark.parametrize("seed", range(3))
def test_bank_stays_within_its_limits_whatever_comes(policy: MemoryPolicy, seed: int) -> None:
    rng, bank = np.random.default_rng(seed), bank_of(policy, BUDGET)
    largest, conditioning = 0, set[int]()
    banned = set[int]()
    for frame in range(120):
        is_conditioning = frame == 0 or (len(conditioning) < 2 and rng.random() < 0.05)
        is_banned = rng.random() < 0.1
        presence = 0.0 if rng.random() < 0.1 else 1.0
        before = set(bank.entries)
        submitted = entry(frame, rng.random(), presence, is_conditioning, int(rng.integers(20)))
        decision, reason, evicted = bank.submit(submitted, is_banned)
        if is_conditioning:
            conditioning.add(frame)
        elif is_banned:
            banned.add(frame)
        assert set(bank.entries) == (before | ({frame} & set(bank.entries))) - {evicted}
        assert (decision in {Decision.REFUSED, Decision.BANNED}) == (frame not in bank.entries)
        assert reason
        assert conditioning <= set(bank.entries)
        assert not banned & set(readable(bank))
        besides = len(conditioning) - 1 if policy is MemoryPolicy.FIFO else 0
        assert len(bank.readable()) <= bank.config.max_frames + besides
        assert len(bank.pointers) <= bank.config.max_pointers
        assert bank.tokens_stored <= BUDGET
        largest = max(largest, bank.tokens_stored)
    assert largest == BUDGET  # a full bank uses what it may


def test_a_frame_may_bring_nine_tenths_of_what_pointers_leave() -> None:
    assert bank_of(budget=None).max_tokens is None
    assert bank_of(budget=106).max_tokens == 90  # 3 pointers of 2 tokens
