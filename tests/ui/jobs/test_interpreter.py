"""The interpreter never examines all objects at once while the window is open."""

import gc
import sys
import weakref

import pytest

from app.ui.jobs.interpreter import SWITCH_INTERVAL_S, collect_everything, responsive_interpreter

NUM_OBJECTS = 200_000
MOST_EXAMINED = 40_000


class Node:
    """Something that can refer to itself."""

    def __init__(self) -> None:
        self.itself = self


def examined_by_full_collections(num_objects: int) -> list[int]:
    """Make objects that stay, and count those that each full collection has to examine."""
    counts: list[int] = []

    def count(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            counts.append(len(gc.get_objects()))

    gc.callbacks.append(count)
    try:
        kept = [[index] for index in range(num_objects)]
    finally:
        gc.callbacks.remove(count)
    assert len(kept) == num_objects
    return counts


def test_a_full_collection_examines_only_what_came_since_the_last_one() -> None:
    kept = [[index] for index in range(NUM_OBJECTS)]
    with responsive_interpreter():
        counts = examined_by_full_collections(NUM_OBJECTS)
    assert len(kept) == NUM_OBJECTS
    assert len(counts) > 4
    assert max(counts) < MOST_EXAMINED


def test_cycles_are_freed_soon_and_frozen_ones_on_request() -> None:
    with responsive_interpreter():
        young, old = Node(), Node()
        references = weakref.ref(young), weakref.ref(old)
        del young
        examined_by_full_collections(NUM_OBJECTS // 4)
        assert references[0]() is None
        del old
        gc.collect()
        assert references[1]() is not None  # it was frozen before it became garbage
        collect_everything()
        assert references[1]() is None


def test_the_settings_are_restored() -> None:
    before = sys.getswitchinterval(), gc.get_threshold(), list(gc.callbacks)
    with responsive_interpreter():
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
    assert (sys.getswitchinterval(), gc.get_threshold(), list(gc.callbacks)) == before
    assert not gc.get_freeze_count()
