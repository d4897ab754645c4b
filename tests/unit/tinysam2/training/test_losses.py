import torch
from torch import Tensor

from tinysam2.training.losses import coarse_loss, hard_iou, mask_loss


def square(x: int = 4) -> Tensor:
    mask = torch.zeros(1, 32, 32, dtype=torch.bool)
    mask[:, 8:24, x : x + 16] = True
    return mask


def logits_of(*masks: Tensor) -> Tensor:
    return torch.cat([(m[:, ::2, ::2].float() - 0.5) * 40 for m in masks])[None]


SURE = torch.tensor([20.0])


def test_perfect_prediction_costs_next_to_nothing() -> None:
    loss = mask_loss(logits_of(square()), torch.ones(1, 1), SURE, square())
    assert loss.iou == 1
    assert loss.total < 0.01


def test_wrong_prediction_costs_more_the_further_it_is_off() -> None:
    costs = [
        float(mask_loss(logits_of(square(x)), torch.ones(1, 1), SURE, square()).total)
        for x in (4, 8, 12)
    ]
    assert costs == sorted(costs)
    assert costs[0] < costs[1]


def test_only_the_best_of_three_masks_is_taught() -> None:
    logits = logits_of(square(12), square(6), square(16)).requires_grad_()
    loss = mask_loss(logits, torch.full((1, 3), 0.5), SURE, square())
    loss.total.backward()
    assert logits.grad is not None
    touched = logits.grad.abs().sum((0, 2, 3)) > 0
    assert touched.tolist() == [False, True, False]
    torch.testing.assert_close(loss.iou, torch.tensor(14 / 18))


def test_every_predicted_iou_is_taught() -> None:
    predicted = torch.full((1, 3), 0.5, requires_grad=True)
    mask_loss(
        logits_of(square(12), square(6), square()), predicted, SURE, square()
    ).total.backward()
    assert predicted.grad is not None
    assert (predicted.grad != 0).all()


def test_absent_object_teaches_presence_alone() -> None:
    logits = logits_of(square()).requires_grad_()
    nothing = torch.zeros_like(square())
    right = mask_loss(logits, torch.ones(1, 1), -SURE, nothing).total
    wrong = mask_loss(logits, torch.ones(1, 1), SURE, nothing).total
    assert right < 0.01 < wrong
    wrong.backward()
    assert logits.grad is not None
    assert not logits.grad.any()


def test_nothing_against_nothing_is_a_full_match() -> None:
    empty = torch.zeros(1, 1, 4, 4)
    assert hard_iou(empty - 1, empty).item() == 1
    assert hard_iou(empty + 1, empty).item() == 0


def test_coarse_masks_are_judged_by_the_fraction_in_each_location() -> None:
    mask = torch.zeros(1, 8, 8, dtype=torch.bool)
    mask[0, :, :4] = True
    right = torch.tensor([[[9.0, -9.0], [9.0, -9.0]]])
    assert float(coarse_loss(right, mask)) < 0.01
    assert float(coarse_loss(right, mask)) < float(coarse_loss(0 * right, mask))
    assert float(coarse_loss(0 * right, mask)) < float(coarse_loss(-right, mask))
    mask[0, :, 4:6] = True  # half of the locations on the right
    unsure = right.clamp(min=0.0)
    assert float(coarse_loss(unsure, mask)) < float(coarse_loss(right, mask))
