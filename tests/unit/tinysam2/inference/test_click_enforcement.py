"""Masks obey the clicks they were predicted from, also when they are enlarged."""

import numpy as np
import pytest
import torch

from tinysam2.inference.click_enforcement import enforce_clicks, enforce_pixels
from tinysam2.inference.preprocess import resize_logits

GENERATOR = torch.Generator().manual_seed(0)


@pytest.mark.parametrize("size_hw", [(320, 569), (97, 131), (1080, 1920)])
def test_every_click_is_obeyed_at_the_videos_size(size_hw: tuple[int, int]) -> None:
    for _ in range(40):
        logits = 8 * torch.randn(112, 192, generator=GENERATOR)
        count = int(torch.randint(1, 6, (), generator=GENERATOR))
        extent = torch.tensor([size_hw[1], size_hw[0]])
        pixels = (torch.rand(count, 2, generator=GENERATOR) * extent).long()
        xy = (pixels + 0.5) / extent
        labels = torch.randint(0, 2, (count,), generator=GENERATOR)
        obeying = resize_logits(enforce_clicks(logits, xy, labels)[None], size_hw)[0]
        for (column, row), label in zip(pixels.tolist(), labels.tolist(), strict=True):
            assert (float(obeying[row, column]) > 0) == bool(label)


def test_correction_is_local_and_leaves_an_obedient_mask_alone() -> None:
    logits = torch.full((100, 100), -6.0)
    logits[20:80, 20:80] = 6.0
    inside = torch.tensor([[0.5, 0.5], [0.1, 0.1]]), torch.tensor([1, 0])
    assert torch.equal(enforce_clicks(logits, *inside), logits)
    missed = torch.tensor([[0.9, 0.5]]), torch.tensor([1])
    changed = (enforce_clicks(logits, *missed) > 0) != (logits > 0)
    assert changed[50, 90]
    assert 1 <= int(changed.sum()) < 80
    assert not changed[:, :85].any()


def test_opposite_clicks_next_to_each_other_are_both_obeyed() -> None:
    logits = torch.full((100, 100), -9.0)
    xy = torch.tensor([[0.505, 0.505], [0.565, 0.505]])
    found = enforce_clicks(logits, xy, torch.tensor([1, 0]))
    assert found[50, 50] > 0
    assert found[50, 56] < 0


def test_box_corners_are_no_clicks() -> None:
    logits = torch.full((40, 40), -3.0)
    corners = torch.tensor([[0.2, 0.2], [0.6, 0.7]]), torch.tensor([2, 3])
    assert torch.equal(enforce_clicks(logits, *corners), logits)


def test_a_disc_around_a_contradicted_click_ends_before_clicks_of_the_other_sign() -> None:
    mask = np.zeros((200, 300), dtype=np.bool_)
    points = [(100.5, 50.5), (102.2, 50.9), (299.9, 199.9)]
    found = enforce_pixels(mask, points, [1, 0, 1])
    assert found[50, 100]
    assert not found[50, 102]
    assert found[199, 299]
    assert not mask.any()
    assert np.array_equal(enforce_pixels(found, points, [1, 0, 1]), found)
    alone = enforce_pixels(mask, points[:1], [1])
    assert 20 < alone.sum() < 60
    on_one_pixel = enforce_pixels(mask, [(9.1, 9.1), (9.8, 9.8)], [1, 0])
    assert not on_one_pixel[9, 9]
