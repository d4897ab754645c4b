"""What a bank hands out: its order, ranks and pointers, and copies that are independent."""

import copy

import pytest
import torch

from tests.unit.tinysam2.memory.test_bank import bank_of, entry, readable, submit_all
from tinysam2.config import MemoryPolicy
from tinysam2.memory.bank import MemoryBank


def mixed_bank() -> MemoryBank:
    bank = bank_of(MemoryPolicy.FIFO)
    for frame in (10, 20):
        bank.submit(entry(frame, is_conditioning=True))
    submit_all(bank, [11, 12, 14])
    return bank


def test_conditioning_frames_that_can_all_be_read_stay_in_their_order() -> None:
    assert [e.frame for e in mixed_bank().readable(19)] == [10, 20, 14, 12, 11]


@pytest.mark.parametrize(
    ("prompted", "read"), [((5, 12, 13), [12, 5]), ((11, 12, 5), [11, 5]), ((11, 8, 5), [11, 8])]
)
def test_of_many_prompted_frames_one_before_and_one_from_the_frame_on_are_read(
    prompted: tuple[int, ...], read: list[int]
) -> None:
    bank = bank_of()
    for frame in prompted:
        bank.submit(entry(frame, is_conditioning=True))
    assert [e.frame for e in bank.readable(11)] == read


def test_a_prompt_takes_no_place_while_there_is_room() -> None:
    bank = bank_of()
    bank.submit(entry(0, is_conditioning=True))
    bank.submit(entry(1))
    assert bank.submit(entry(2, is_conditioning=True))[2] is None
    assert sorted(bank.entries) == [0, 1, 2]


@pytest.mark.parametrize(
    ("policy", "prompts", "capacity"),
    [
        (MemoryPolicy.FIFO, 1, 3),
        (MemoryPolicy.FIFO, 3, 3),
        (MemoryPolicy.QUALITY, 0, 3),
        (MemoryPolicy.QUALITY, 1, 2),
        (MemoryPolicy.QUALITY, 2, 1),
        (MemoryPolicy.QUALITY, 5, 1),
    ],
)
def test_capacity_is_what_prompts_and_the_last_frame_leave(
    policy: MemoryPolicy, prompts: int, capacity: int
) -> None:
    bank = bank_of(policy)
    for frame in range(prompts):
        bank.submit(entry(frame, is_conditioning=True))
    assert bank.capacity == capacity


def test_frames_are_ranked_by_distance_and_conditioning_ones_are_not() -> None:
    bank = mixed_bank()
    entries = bank.readable(15)
    assert [e.frame for e in entries] == [10, 20, 14, 12, 11]
    assert bank.steps_back(entries, 15) == [0, 0, 1, 2, 3]


def test_pointers_are_those_passed_in_the_direction_of_propagation() -> None:
    bank = bank_of()
    for frame in (3, 5, 7):
        bank.submit(entry(frame, is_conditioning=True))
    assert list(bank.pointers_behind(5)) == [3, 5]
    bank.is_backward = True
    assert list(bank.pointers_behind(5)) == [5, 7]


def test_the_oldest_pointer_leaves_first_and_those_of_prompts_last() -> None:
    bank = bank_of(MemoryPolicy.FIFO)
    bank.submit(entry(0, is_conditioning=True))
    submit_all(bank, [1, 2, 3])
    assert list(bank.pointers) == [0, 2, 3]
    bank.submit(entry(4, is_conditioning=True))
    assert list(bank.pointers) == [0, 3, 4]
    assert float(bank.pointers[4][0]) == 4.0


def test_stored_tokens_are_those_of_frames_and_pointers() -> None:
    bank = bank_of(MemoryPolicy.FIFO)
    bank.submit(entry(0, is_conditioning=True))
    submit_all(bank, [1])
    assert bank.tokens_stored == 2 * 16 + 2 * 2


def test_a_bank_keeps_a_token_even_when_pointers_use_up_its_budget() -> None:
    bank = bank_of(budget=2)
    bank.submit(entry(0, is_conditioning=True))
    assert [len(e.tokens) for e in bank.readable()] == [1]


def test_thinning_keeps_tokens_and_their_places_together() -> None:
    bank = bank_of(budget=12)
    bank.submit(entry(0, is_conditioning=True))
    bank.submit(entry(1, quality=0.1))  # refused, but read once
    whole = {0: entry(0), 1: entry(1)}
    assert readable(bank) == [0, 1]
    assert sum(len(e.tokens) for e in bank.readable()) == 12 - 2 * 2
    for each in bank.readable():
        assert torch.equal(each.tokens, whole[each.frame].tokens[each.locations])


def test_a_copy_is_independent() -> None:
    bank = mixed_bank()
    copied = bank.copy()
    copied.submit(entry(15))
    copied.submit(entry(30, is_conditioning=True))
    assert readable(bank) == [10, 20, 14, 12, 11]
    assert list(bank.pointers) == [10, 20, 14]
    assert 15 in copied.entries
    assert 30 in copied.pointers


def test_the_policy_of_a_copy_learns_on_its_own() -> None:
    bank = bank_of(MemoryPolicy.SAMURAI)
    bank.submit(entry(0, is_conditioning=True))
    copied = bank.copy()
    before = copy.deepcopy(vars(bank.policy))
    submit_all(copied, range(1, 6))
    assert repr(vars(bank.policy)) == repr(before)
    assert repr(vars(copied.policy)) != repr(before)


def test_a_copy_moves_all_tensors_to_a_device() -> None:
    bank = bank_of()
    bank.submit(entry(0, is_conditioning=True))
    bank.submit(entry(1, quality=0.1))
    moved = bank.copy(torch.device("meta"))
    assert moved.recent is not None
    tensors = [
        moved.grid.window,
        moved.recent.tokens,
        *(e.tokens for e in moved.entries.values()),
        *moved.pointers.values(),
    ]
    assert {t.device.type for t in tensors} == {"meta"}
    assert bank.entries[0].tokens.device.type == "cpu"
    assert bank_of().copy(torch.device("meta")).recent is None
