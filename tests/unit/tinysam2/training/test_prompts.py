import pytest
import torch
from torch import Tensor

from tinysam2.training.prompts import (
    Prompt,
    box_corners,
    correct,
    correct_tracked,
    draw_click,
    draw_prompt,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def square(x: int = 8) -> Tensor:
    mask = torch.zeros(2, 32, 32, dtype=torch.bool)
    mask[:, 8:24, x : x + 12] = True
    return mask


def at(mask: Tensor, xy: Tensor) -> Tensor:
    """Read a mask (B, S, S) where positions (B, 2) point."""
    x, y = (xy * mask.shape[-1]).long().unbind(1)
    return mask[torch.arange(len(mask)), y, x]


@pytest.mark.parametrize("seed", range(5))
def test_clicks_fall_into_the_error_and_say_which_it_is(seed: int) -> None:
    missed, false = square(0), square(20)
    xy, labels = draw_click(missed, false, generator(seed))
    assert at(missed | false, xy).all()
    assert torch.equal(labels == 1, at(missed, xy))
    assert torch.equal(labels == 0, at(false, xy))


def test_no_error_means_no_click() -> None:
    nothing = torch.zeros(2, 32, 32, dtype=torch.bool)
    assert draw_click(nothing, nothing, generator())[1].tolist() == [-1, -1]


def test_correction_adds_a_click_where_the_prediction_is_wrong() -> None:
    mask, predicted = square(), square(14)
    prompt = Prompt(torch.rand(2, 1, 2), torch.ones(2, 1, dtype=torch.long))
    logits = predicted.float() * 2 - 1
    corrected = correct(prompt, logits, mask, generator())
    assert corrected.xy.shape == (2, 2, 2)
    assert torch.equal(corrected.xy[:, 0], prompt.xy[:, 0])
    assert at(mask != predicted, corrected.xy[:, 1]).all()
    assert torch.equal(corrected.labels[:, 1] == 1, at(mask, corrected.xy[:, 1]))


@pytest.mark.parametrize("seed", range(5))
def test_tracked_mask_shows_the_click_that_corrects_it(seed: int) -> None:
    mask, predicted = square(), square(14)
    correction = correct_tracked(predicted.float() * 2 - 1, mask, generator(seed))
    assert correction.previous is not None
    shown = at(correction.previous[:, 0] > 0, correction.xy[:, 0])
    assert torch.equal(shown, correction.labels[:, 0] == 1)
    assert not torch.equal(shown, at(predicted, correction.xy[:, 0]))


def test_boxes_enclose_the_mask_within_a_tenth() -> None:
    boxes = box_corners(square(), generator()) * 32
    exact = torch.tensor([[8.0, 8.0], [20.0, 24.0]])
    assert ((boxes - exact).abs() <= torch.tensor([1.2, 1.6]) + 1e-4).all()


def test_boxes_are_those_of_the_outermost_pixels() -> None:
    mask = torch.rand(20, 32, 32, generator=generator(7)) > 0.995
    mask[0] = False
    mask[1] = True
    expected = torch.zeros(20, 2, 2)
    for i in range(1, 20):
        ys, xs = torch.nonzero(mask[i], as_tuple=True)
        expected[i, 0] = torch.stack([xs.min(), ys.min()])
        expected[i, 1] = torch.stack([xs.max() + 1, ys.max() + 1])
    noise = torch.randn(20, 2, 2, generator=generator()).clamp(-2, 2)
    extent = (expected[:, 1] - expected[:, 0])[:, None]
    jittered = ((expected + 0.05 * extent * noise) / 32).clamp(0, 1)
    assert torch.equal(box_corners(mask, generator()), jittered)


def test_all_kinds_of_prompts_are_drawn() -> None:
    prompts = [
        draw_prompt(square(), generator(seed), mask_fraction=0.4, max_corrections=2)
        for seed in range(60)
    ]
    assert any(p.mask is not None for p in prompts)
    assert any(p.labels.shape[1] == 2 and (p.labels == torch.tensor([2, 3])).all() for p in prompts)
    clicks = [p for p in prompts if p.is_ambiguous]
    assert clicks
    for click in clicks:
        assert at(square(), click.xy[:, 0]).all()
        assert (click.labels == 1).all()


def test_absent_object_gets_no_box_and_no_click() -> None:
    nothing = torch.zeros(2, 32, 32, dtype=torch.bool)
    for seed in range(20):
        prompt = draw_prompt(nothing, generator(seed), mask_fraction=0.0, max_corrections=1)
        assert (prompt.labels == -1).all()
