"""With several prompted frames, too, external models read what SAM 2 reads.

The cases are written out from SAM 2's rule: prompted frames are all read, at temporal position 0;
of the others t - 1 .. t - 6 in the direction of propagation, at positions 1 .. 6, and the pointers
of t - 1 .. t - 15; of prompted frames the pointers of those that propagation has reached.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest
import torch

from tests.unit.tinysam2.model.test_options import SAM2, model_of
from tests.unit.tinysam2.toys import TOY, block_mask, noise_frames, toy_network
from tinysam2.config import FULL_MEMORY, MemoryConfig, MemoryPolicy
from tinysam2.inference.memory_access import make_bank, read_memory
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.memory.bank import MemoryBank
from tinysam2.memory.entry import MemoryEntry
from tinysam2.memory.mask_shape import MaskShape
from tinysam2.memory.scores import FrameScores
from tinysam2.model.network import TinySam2

SIZE_HW = (8, 8)
LAST_CODE, LONGEST_AGE = 6, 15


@dataclass(frozen=True, slots=True)
class Case:
    """Frames prompted, the first and the current frame of a pass, and what SAM 2 reads there."""

    prompted: set[int]
    start: int
    current: int
    positions: dict[int, int]
    ages: dict[int, int]


CASES = {
    "one prompt, short propagation": Case(
        {0}, 0, 3,
        {0: 0, 2: 1, 1: 2},
        {0: 3, 2: 1, 1: 2},
    ),
    "one prompt, long propagation": Case(
        {0}, 0, 40,
        {0: 0, 39: 1, 38: 2, 37: 3, 36: 4, 35: 5, 34: 6},
        {0: 40, 39: 1, 38: 2, 37: 3, 36: 4, 35: 5, 34: 6, 33: 7, 32: 8, 31: 9, 30: 10, 29: 11,
         28: 12, 27: 13, 26: 14, 25: 15},
    ),
    "a prompt among the last six leaves its place empty": Case(
        {0, 4}, 0, 8,
        {0: 0, 4: 0, 7: 1, 6: 2, 5: 3, 3: 5, 2: 6},
        {0: 8, 4: 4, 7: 1, 6: 2, 5: 3, 3: 5, 2: 6, 1: 7},
    ),
    "of a prompt to come the map is read and not the pointer": Case(
        {0, 30}, 0, 2,
        {0: 0, 30: 0, 1: 1},
        {0: 2, 1: 1},
    ),
    "seven prompts": Case(
        {0, 5, 10, 15, 20, 25, 30}, 0, 22,
        {0: 0, 5: 0, 10: 0, 15: 0, 20: 0, 25: 0, 30: 0, 21: 1, 19: 3, 18: 4, 17: 5, 16: 6},
        {0: 22, 5: 17, 10: 12, 15: 7, 20: 2, 21: 1, 19: 3, 18: 4, 17: 5, 16: 6, 14: 8, 13: 9,
         12: 10, 11: 11, 9: 13, 8: 14, 7: 15},
    ),
    "nothing but prompts": Case(
        set(range(20)), 0, 20,
        dict.fromkeys(range(20), 0),
        {t: 20 - t for t in range(20)},
    ),
    "backward": Case(
        {40, 37, 10}, 40, 33,
        {40: 0, 37: 0, 10: 0, 34: 1, 35: 2, 36: 3, 38: 5, 39: 6},
        {40: 7, 37: 4, 34: 1, 35: 2, 36: 3, 38: 5, 39: 6},
    ),
    "a propagation that begins away from the prompt": Case(
        {10, 50}, 12, 14,
        {10: 0, 50: 0, 13: 1, 12: 2},
        {10: 4, 13: 1, 12: 2},
    ),
    "a prompt on the frame itself": Case(
        {0, 5}, 0, 5,
        {0: 0, 5: 0, 4: 1, 3: 2, 2: 3, 1: 4},
        {0: 5, 5: 0, 4: 1, 3: 2, 2: 3, 1: 4},
    ),
}  # fmt: skip


def entry(frame: int, is_conditioning: bool) -> MemoryEntry:
    """Make the entry of a frame, two tokens and a pointer, which all say its number."""
    return MemoryEntry(
        frame=frame,
        tokens=torch.full((2, TOY.memory_dim), float(frame)),
        locations=torch.arange(2),
        is_object=torch.ones(2, dtype=torch.bool),
        pointer=torch.full((TOY.dim,), float(frame)),
        descriptor=torch.ones(TOY.dim),
        scores=FrameScores(0.9, 1.0, 0.9, 0.5),
        shape=MaskShape(0.04, (0.4, 0.4, 0.6, 0.6)),
        is_conditioning=is_conditioning,
    )


def propagated(network: TinySam2, memory: MemoryConfig, case: Case) -> MemoryBank:
    """Remember the prompted frames, then propagate up to the current frame."""
    step = 1 if case.current > case.start else -1
    bank = make_bank(network, memory, SIZE_HW, is_backward=step < 0)
    for frame in sorted(case.prompted):
        bank.submit(entry(frame, is_conditioning=True))
    for frame in range(case.start, case.current, step):
        bank.submit(entry(frame, frame in case.prompted))
    return bank


def numbers(values: Iterable[float]) -> list[int]:
    return [round(value) for value in values]


@pytest.fixture(scope="module")
def network() -> TinySam2:
    return model_of(SAM2).network


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_frames_and_pointers_are_those_that_sam2_reads(network: TinySam2, case: Case) -> None:
    memory = read_memory(network, propagated(network, FULL_MEMORY, case), case.current, SIZE_HW)
    frames, codes = numbers(memory.tokens[:, 0].tolist()), memory.time_index.tolist()
    assert sorted(frames) == sorted([*case.positions] * 2)  # both tokens of each, once
    positions = {f: 0 if c == LAST_CODE else c + 1 for f, c in zip(frames, codes, strict=True)}
    assert positions == case.positions
    pointers = numbers(memory.pointers[:, 0].tolist())
    assert len(pointers) == len(case.ages)
    ages = numbers((memory.pointer_age * LONGEST_AGE).tolist())
    assert dict(zip(pointers, ages, strict=True)) == case.ages


@pytest.mark.parametrize(
    "memory",
    [replace(FULL_MEMORY, keep_ratio=0.5), replace(FULL_MEMORY, policy=MemoryPolicy.QUALITY)],
    ids=["token budget", "quality"],
)
def test_other_memories_of_an_external_model_read_the_closest_prompts(
    network: TinySam2, memory: MemoryConfig
) -> None:
    bank = propagated(network, memory, CASES["seven prompts"])
    assert sum(e.is_conditioning for e in bank.readable(22)) == 5
    assert len(bank.pointers) == 16


def test_tinysam2_reads_the_closest_prompts_whatever_its_memory() -> None:
    bank = propagated(toy_network(), FULL_MEMORY, CASES["seven prompts"])
    assert sum(e.is_conditioning for e in bank.readable(22)) == 5
    assert bank.steps_back(bank.readable(22), 22)[5:] == [1, 2, 3, 4, 5, 6]


def test_tracking_with_several_masks_reads_as_sam2() -> None:
    tracker = VideoTracker(model_of(SAM2), noise_frames(10))
    for frame in (0, 3, 8):
        tracker.add_mask(1, frame, block_mask())
    attended = [step.memory_events[1].tokens_attended for step in tracker.propagate()]
    maps = [0, 3, 4, 0, 5, 6, 7, 8, 0, 7]  # three prompted; of t - 1 .. t - 6 the others
    pointers = [0, 1, 2, 0, 4, 5, 6, 7, 0, 9]
    locations, parts = SIZE_HW[0] * SIZE_HW[1], 2
    assert attended == [locations * m + parts * p for m, p in zip(maps, pointers, strict=True)]
