from collections.abc import Iterable
from dataclasses import replace

import pytest

from tests.unit.tinysam2.memory.test_bank import GRID, entry
from tinysam2.config import MemoryConfig, MemoryPolicy
from tinysam2.memory.bank import MemoryBank
from tinysam2.memory.entry import BankDecision, Decision, MemoryEntry
from tinysam2.memory.mask_shape import MaskShape
from tinysam2.memory.policies import POLICIES

VISIBLE, GONE, DOUBTFUL = (0.9, 1.0), (0.9, 0.0), (0.2, 1.0)  # predicted IoU, object presence


def seen(
    frame: int, iou: float = 0.9, presence: float = 1.0, x: float = 0.4, area: float = 0.04
) -> MemoryEntry:
    """Make the entry of a frame whose mask has its left edge at ``x``."""
    shape = MaskShape(area, (x, 0.4, x + 0.2, 0.6) if presence else None)
    return replace(entry(frame, iou, presence), shape=shape)


def bank_of(policy: MemoryPolicy, max_frames: int = 7) -> MemoryBank:
    bank = MemoryBank(MemoryConfig(policy, max_frames), None, 2, GRID)
    bank.submit(entry(0, is_conditioning=True))
    return bank


def submit_all(bank: MemoryBank, entries: Iterable[MemoryEntry]) -> list[BankDecision]:
    return [bank.submit(each) for each in entries]


def good_frames(bank: MemoryBank) -> set[int]:
    return {f for f, e in bank.entries.items() if not e.is_conditioning and e.scores.quality >= 0.5}


def test_every_policy_can_be_chosen() -> None:
    assert set(POLICIES) == set(MemoryPolicy)


@pytest.mark.parametrize("policy", list(MemoryPolicy))
def test_only_the_oldest_rule_forgets_an_object_that_hides(policy: MemoryPolicy) -> None:
    """Ten good frames, then nothing for twenty frames, then a doubtful mask for ten."""
    bank = bank_of(policy)
    script = [VISIBLE] * 10 + [GONE] * 20 + [DOUBTFUL] * 10
    for frame, (iou, presence) in enumerate(script, 1):
        bank.submit(seen(frame, iou, presence))
        if frame == 10:
            assert good_frames(bank)
    assert bool(good_frames(bank)) == (policy is not MemoryPolicy.FIFO)


@pytest.mark.parametrize("policy", list(MemoryPolicy))
def test_pin_and_ban_are_obeyed(policy: MemoryPolicy) -> None:
    bank = bank_of(policy)
    for frame in range(1, 40):
        pinned = replace(seen(frame, 0.1), is_conditioning=frame == 5)
        decision, reason, _ = bank.submit(pinned if frame == 5 else seen(frame), frame % 7 == 0)
        assert (decision is Decision.BANNED) == (frame % 7 == 0)
        assert reason
    assert {0, 5} <= set(bank.entries)
    assert not any(frame % 7 == 0 for frame in set(bank.entries) - {0})


def test_samurai_says_why_it_refuses() -> None:
    bank = bank_of(MemoryPolicy.SAMURAI)
    decisions = submit_all(bank, [seen(1, 0.5), seen(2, 0.9, 0.0), seen(3, 0.51)])
    assert [(decision, reason) for decision, reason, _ in decisions] == [
        (Decision.REFUSED, "predicted IoU 0.50 is not above 0.50"),
        (Decision.REFUSED, "the object is not visible"),
        (Decision.KEPT, "predicted IoU 0.51 and the bank had room"),
    ]


def test_samurai_replaces_the_oldest_frame() -> None:
    bank = bank_of(MemoryPolicy.SAMURAI, max_frames=4)
    decisions = submit_all(bank, map(seen, range(1, 4)))
    assert decisions[-1] == (Decision.REPLACED, "predicted IoU 0.90: frame 1 was oldest", 1)
    assert sorted(bank.entries) == [0, 2, 3]


def test_samurai_refuses_a_mask_that_jumps_once_motion_is_known() -> None:
    bank = bank_of(MemoryPolicy.SAMURAI)
    steady = submit_all(bank, (seen(f, x=0.1 + 0.01 * f) for f in range(1, 20)))
    assert "motion score" not in steady[10][1]
    assert "motion score 1.00" in steady[-1][1]
    jumped = bank.submit(seen(20, x=0.75))
    assert jumped == (Decision.REFUSED, "the mask is not where the object's motion leads", None)
    assert [e.frame for e in bank.readable()][1] == 20  # read once, by the next frame


def test_samurai_learns_motion_anew_after_the_users_frame() -> None:
    bank = bank_of(MemoryPolicy.SAMURAI)
    submit_all(bank, (seen(f) for f in range(1, 20)))
    bank.submit(replace(seen(20, x=0.75), is_conditioning=True))
    assert bank.submit(seen(21, x=0.75))[0] is Decision.REPLACED


def test_dam4sam_holds_anchors_the_newest_frame_and_every_fifth() -> None:
    bank = bank_of(MemoryPolicy.DAM4SAM)
    sizes = [1.0, 1.1, 0.9, *[3.0, 0.3] * 30]  # frame 2 alone is followed by steady sizes
    submit_all(bank, (seen(f, area=0.04 * size) for f, size in enumerate(sizes, 1)))
    assert sorted(bank.entries) == [0, 2, 56, 61, 63]


def test_dam4sam_holds_at_most_three_anchors_far_from_each_other() -> None:
    bank = bank_of(MemoryPolicy.DAM4SAM)
    decisions = submit_all(bank, map(seen, range(1, 31)))
    anchors = [f for f, v in enumerate(decisions, 1) if ", an anchor:" in v[1]]
    assert anchors == [2, 8, 14, 20, 26]
    assert sorted(bank.entries) == [0, 14, 20, 21, 26, 27, 30]
    assert decisions[26] == (
        Decision.REPLACED,
        "the newest frame that shows the object; frame 8 was the oldest anchor",
        8,
    )


def test_dam4sam_never_anchors_a_doubtful_mask_and_skips_empty_ones() -> None:
    bank = bank_of(MemoryPolicy.DAM4SAM)
    decisions = submit_all(bank, (seen(f, 0.8, float(f % 2)) for f in range(1, 21)))
    assert not any(", an anchor:" in reason for _, reason, _ in decisions)
    assert {v[0] for v in decisions[1::2]} == {Decision.REFUSED}
    assert sorted(bank.entries) == [0, 1, 11, 19]


def test_dam4sam_anchors_frames_on_which_something_else_was_nearly_taken_for_the_object() -> None:
    bank = bank_of(MemoryPolicy.DAM4SAM)
    distractors = [1.0 if frame < 10 else 0.5 for frame in range(1, 21)]
    frames = (replace(seen(f), distractor_overlap=r) for f, r in enumerate(distractors, 1))
    decisions = submit_all(bank, frames)
    anchors = [f for f, v in enumerate(decisions, 1) if ", an anchor:" in v[1]]
    assert anchors == [10, 16]
    assert "another mask of the decoder shows a distractor" in decisions[9][1]


@pytest.mark.parametrize("policy", MemoryPolicy)
def test_a_copied_bank_does_not_teach_the_original_one(policy: MemoryPolicy) -> None:
    copied_from, alone = bank_of(policy), bank_of(policy)
    for bank in (copied_from, alone):
        submit_all(bank, [seen(frame) for frame in range(1, 20)])
    submit_all(copied_from.copy(), [seen(20 + i, x=0.4 + 0.02 * i, area=0.2) for i in range(8)])
    rest = [seen(frame, area=0.2) for frame in range(20, 32)]
    assert submit_all(copied_from, rest) == submit_all(alone, rest)
