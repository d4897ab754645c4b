import pytest
import torch
from torch import Tensor

from tinysam2.tracking.click_marks import MARK_LOGIT, mark_clicks

SIDE = 64  # marks have a radius of two cells


def half() -> Tensor:
    """A mask (1, 64, 64) of the left half."""
    logits = torch.full((1, SIDE, SIDE), -3.0)
    logits[:, :, : SIDE // 2] = 3.0
    return logits


def marked(*clicks: tuple[float, float, int]) -> Tensor:
    """Mark clicks (x, y, label) in `half`; return it."""
    rows = torch.tensor(clicks)
    return mark_clicks(half(), rows[None, :, :2], rows[None, :, 2].long())


@pytest.mark.parametrize(("x", "label", "logit"), [(0.75, 1, MARK_LOGIT), (0.25, 0, -MARK_LOGIT)])
def test_click_that_the_mask_contradicts_is_written_into_it(
    x: float, label: int, logit: float
) -> None:
    found = marked((x, 0.5, label))
    is_changed = found != half()
    assert is_changed.sum() == 12  # cells whose middle is less than two from the click
    assert (found[is_changed] == logit).all()
    ys, xs = is_changed[0].nonzero(as_tuple=True)
    assert ((xs + 0.5).float().mean().item(), (ys + 0.5).float().mean().item()) == (64 * x, 32)


@pytest.mark.parametrize("click", [(0.25, 0.5, 1), (0.75, 0.5, 0), (0.75, 0.5, 2), (0.75, 0.5, 3)])
def test_click_that_agrees_and_corner_of_a_box_change_nothing(
    click: tuple[float, float, int],
) -> None:
    assert torch.equal(marked(click), half())


def test_click_on_the_rim_is_marked_as_far_as_there_is_a_mask() -> None:
    assert 0 < (marked((1.0, 1.0, 1)) > 0)[0, :, SIDE // 2 :].sum() < 12


def test_every_contradicted_click_is_marked() -> None:
    both = marked((0.75, 0.5, 1), (0.25, 0.5, 0))
    assert torch.equal(both[..., 32:], marked((0.75, 0.5, 1))[..., 32:])
    assert torch.equal(both[..., :32], marked((0.25, 0.5, 0))[..., :32])
