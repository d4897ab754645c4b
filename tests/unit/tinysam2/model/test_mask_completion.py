"""Tracked masks get what SAM's decoder adds, where it is sure and means the same object."""

import pytest
import torch
from torch import Tensor

from tinysam2.model.decoder.predictions import ObjectMasks
from tinysam2.model.mask_completion import completed

SIDE = 40


def box(x0: int, y0: int, x1: int, y1: int) -> Tensor:
    """Return the logits (1, SIDE, SIDE) of a filled box."""
    logits = torch.full((1, SIDE, SIDE), -4.0)
    logits[:, y0:y1, x0:x1] = 4.0
    return logits


def masks(logits: Tensor, iou: float = 0.9) -> ObjectMasks:
    """Return tracked masks of these logits (O, SIDE, SIDE)."""
    each = torch.ones(len(logits))
    return ObjectMasks(logits, iou * each, each, torch.zeros(len(logits), 1))


TRACKED = box(10, 10, 30, 26)  # without the lower end of the object
WHOLE = box(10, 10, 30, 30)
CHANGED, UNCHANGED = torch.tensor([True]), torch.tensor([False])


def test_missing_parts_of_an_object_are_added() -> None:
    found = completed(masks(TRACKED), WHOLE, torch.tensor([0.95]))
    assert torch.equal(found.logits > 0, WHOLE > 0)


def test_what_memory_found_is_never_taken_away() -> None:
    smaller = box(10, 11, 30, 26)
    found = completed(masks(TRACKED), smaller, torch.tensor([0.95]))
    assert torch.equal(found.logits, TRACKED)


@pytest.mark.parametrize(
    ("redrawn", "predicted_iou"),
    [
        (WHOLE, 0.5),  # not sure
        (box(10, 10, 20, 30), 0.95),  # covers half of what memory found
        (box(2, 2, 38, 38), 0.95),  # far larger
        (box(0, 0, 0, 0), 0.95),
    ],
)
@pytest.mark.parametrize("has_changed", [None, CHANGED])
def test_other_masks_change_nothing(
    redrawn: Tensor, predicted_iou: float, has_changed: Tensor | None
) -> None:
    found = completed(masks(TRACKED), redrawn, torch.tensor([predicted_iou]), has_changed)
    assert torch.equal(found.logits, TRACKED)


@pytest.mark.parametrize(
    ("tracked_iou", "has_changed", "is_added"),
    [(0.9, CHANGED, True), (0.9, UNCHANGED, False), (0.9, None, False), (0.7, CHANGED, False)],
)
def test_less_is_asked_for_where_a_clear_object_has_changed(
    tracked_iou: float, has_changed: Tensor | None, is_added: bool
) -> None:
    found = completed(masks(TRACKED, tracked_iou), WHOLE, torch.tensor([0.7]), has_changed)
    assert torch.equal(found.logits > 0, (WHOLE if is_added else TRACKED) > 0)


@pytest.mark.parametrize(("has_changed", "is_added"), [(CHANGED, True), (UNCHANGED, False)])
def test_after_a_change_less_of_the_tracked_mask_must_be_covered(
    has_changed: Tensor, is_added: bool
) -> None:
    most_of_it = box(10, 12, 30, 30)  # 14 of the 16 rows
    found = completed(masks(TRACKED), most_of_it, torch.tensor([0.95]), has_changed)
    assert torch.equal(found.logits > 0, (WHOLE if is_added else TRACKED) > 0)


def test_each_object_is_decided_by_itself() -> None:
    tracked, redrawn = torch.cat([TRACKED, TRACKED, TRACKED]), torch.cat([WHOLE, WHOLE, WHOLE])
    has_changed = torch.tensor([False, False, True])
    found = completed(masks(tracked), redrawn, torch.tensor([0.95, 0.7, 0.7]), has_changed)
    added = [torch.equal(each > 0, WHOLE[0] > 0) for each in found.logits]
    assert added == [True, False, True]


def test_absent_objects_stay_absent() -> None:
    nothing = torch.full((1, SIDE, SIDE), -1024.0)
    found = completed(masks(nothing), WHOLE, torch.tensor([0.99]), CHANGED)
    assert torch.equal(found.logits, nothing)
