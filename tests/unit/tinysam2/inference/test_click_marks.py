import pytest
import torch
from torch import Tensor

from tinysam2.inference.click_marks import MARK_LOGIT, mark_clicks

SIDE = 64  # marks have a radius of two locations


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
    assert is_changed.sum() == 12  # locations whose middle is less than two from the click
    assert (found[is_changed] == logit).all()
    ys, xs = is_changed[0].nonzero(as_tuple=True)
    assert ((xs + 0.5).float().mean().item(), (ys + 0.5).float().mean().item()) == (64 * x, 32)


@pytest.mark.parametrize("click", [(0.25, 0.5, 1), (0.75, 0.5, 0), (0.75, 0.5, 2), (0.75, 0.5, 3)])
def test_click_that_agrees_and_corner_of_a_box_change_nothing(
    click: tuple[float, float, int],
) -> None:
    assert torch.equal(marked(click), half())


@pytest.mark.parametrize("at", [1.0, 1.5])
def test_click_on_the_rim_or_beyond_is_marked_as_far_as_there_is_a_mask(at: float) -> None:
    changed = (marked((at, 0.5, 1)) != half()).sum()
    assert changed == (6 if at == 1.0 else 0)


def test_every_contradicted_click_is_marked() -> None:
    both = marked((0.75, 0.5, 1), (0.25, 0.5, 0))
    assert torch.equal(both[..., 32:], marked((0.75, 0.5, 1))[..., 32:])
    assert torch.equal(both[..., :32], marked((0.25, 0.5, 0))[..., :32])


@pytest.mark.parametrize("label", [0, 1])  # the first click agrees
def test_close_clicks_leave_each_other_their_locations(label: int) -> None:
    x = 0.75 if label == 0 else 0.25
    found = marked((x, 0.5, label), (x + 1.5 / SIDE, 0.5, 1 - label))
    locations = found[0, 32, [int(x * SIDE), int(x * SIDE + 1.5)]]
    assert (locations > 0).tolist() == [bool(label), not label]


def test_mark_covers_the_same_fraction_of_a_wide_mask() -> None:
    wide = torch.full((1, SIDE, 2 * SIDE), -3.0)
    found = mark_clicks(wide, torch.tensor([[[0.5, 0.5]]]), torch.tensor([[1]]))[0] > 0
    assert (int(found.any(0).sum()), int(found.any(1).sum())) == (8, 4)


def test_masks_of_a_batch_are_marked_one_by_one() -> None:
    xy, labels = torch.tensor([[[0.75, 0.5]], [[0.25, 0.25]]]), torch.tensor([[1], [0]])
    both = mark_clicks(half().expand(2, -1, -1), xy, labels)
    assert torch.equal(both[:1], marked((0.75, 0.5, 1)))
    assert torch.equal(both[1:], marked((0.25, 0.25, 0)))
