"""Tracked masks get what SAM's decoder adds, where it is sure and means the same object."""

import pytest
import torch
from torch import Tensor

from tinysam2.model.mask_completion import completed

SIDE = 40


def box(x0: int, y0: int, x1: int, y1: int) -> Tensor:
    """Return the logits (1, SIDE, SIDE) of a filled box."""
    logits = torch.full((1, SIDE, SIDE), -4.0)
    logits[:, y0:y1, x0:x1] = 4.0
    return logits


TRACKED = box(10, 10, 30, 26)  # without the lower end of the object
WHOLE = box(10, 10, 30, 30)


def test_missing_parts_of_an_object_are_added() -> None:
    found = completed(TRACKED, WHOLE, torch.tensor([0.95]))
    assert torch.equal(found > 0, WHOLE > 0)


def test_what_memory_found_is_never_taken_away() -> None:
    smaller = box(10, 11, 30, 26)
    found = completed(TRACKED, smaller, torch.tensor([0.95]))
    assert torch.equal(found, TRACKED)


@pytest.mark.parametrize(
    ("redrawn", "predicted_iou"),
    [
        (WHOLE, 0.8),  # not sure
        (box(10, 10, 20, 30), 0.95),  # covers half of what memory found
        (box(2, 2, 38, 38), 0.95),  # far larger
        (box(0, 0, 0, 0), 0.95),
    ],
)
def test_other_masks_change_nothing(redrawn: Tensor, predicted_iou: float) -> None:
    assert torch.equal(completed(TRACKED, redrawn, torch.tensor([predicted_iou])), TRACKED)


def test_each_object_is_decided_by_itself() -> None:
    tracked, redrawn = torch.cat([TRACKED, TRACKED]), torch.cat([WHOLE, WHOLE])
    found = completed(tracked, redrawn, torch.tensor([0.95, 0.5]))
    assert torch.equal(found[0], completed(TRACKED, WHOLE, torch.tensor([0.95]))[0])
    assert torch.equal(found[1], TRACKED[0])


def test_absent_objects_stay_absent() -> None:
    nothing = torch.full((1, SIDE, SIDE), -1024.0)
    assert torch.equal(completed(nothing, WHOLE, torch.tensor([0.99])), nothing)
