"""The memory encoder in the form that runs fast."""

import torch

from tinysam2.model.layers.mixed_grid import MixedGrid, outline_score
from tinysam2.model.layers.norms import LayerNorm2d
from tinysam2.model.memory_encoder import (
    MaskDownsampler,
    MemoryEncoder,
    coverage,
    mask_probability,
)


@torch.inference_mode()
def test_a_fused_downsampler_embeds_masks_as_before() -> None:
    torch.manual_seed(0)
    with torch.inference_mode(False):
        downsampler = MaskDownsampler(8)
    mask = 10 * torch.randn(2, 1, 32, 48)
    expected = downsampler(mask)
    downsampler.fuse()
    norms = [step for step in downsampler.steps if isinstance(step, LayerNorm2d)]
    assert [norm.is_centered for norm in norms] == [True] * 4
    torch.testing.assert_close(downsampler(mask), expected)
    downsampler.fuse()  # a network may be prepared again
    torch.testing.assert_close(downsampler(mask), expected)


@torch.inference_mode()
def test_the_norm_has_no_mean_and_unit_variance_per_location() -> None:
    found = LayerNorm2d(8)(3 + 5 * torch.randn(2, 8, 4, 4))
    torch.testing.assert_close(found.mean(1), torch.zeros(2, 4, 4), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.var(1, correction=0), torch.ones(2, 4, 4), atol=1e-3, rtol=0)


def encoder() -> MemoryEncoder:
    torch.manual_seed(0)
    made = MemoryEncoder(16, 8)
    for block in made.fuser:
        torch.nn.init.ones_(block.scale)
    return made.eval()


@torch.inference_mode()
def test_a_grid_of_all_locations_encodes_as_without_it() -> None:
    features, prob = torch.randn(1, 16, 4, 6), torch.rand(1, 1, 64, 96)
    every = torch.arange(24)[None]
    grid = MixedGrid((4, 6), every, every + 6)
    is_present = torch.ones(1, dtype=torch.bool)
    network = encoder()
    torch.testing.assert_close(
        network(features, prob, is_present, grid), network(features, prob, is_present)
    )


@torch.inference_mode()
def test_an_object_is_encoded_almost_as_without_a_grid_around_its_outline() -> None:
    logits = torch.full((1, 64, 96), -8.0)
    logits[:, 24:40, 24:56] = 8.0
    features, network = torch.randn(1, 16, 16, 24), encoder()
    is_present, is_hard = torch.ones(1, dtype=torch.bool), torch.zeros(1, dtype=torch.bool)
    prob = mask_probability(logits, (256, 384), is_hard)
    plain = network(features, prob, is_present)
    mixed = network(
        features, prob, is_present, MixedGrid.around(outline_score(coverage(logits, (16, 24))))
    )
    shown = torch.zeros(16, 24, dtype=torch.bool)
    shown[6:10, 6:14] = True
    error = (mixed - plain).square().mean((0, 1)).sqrt()
    assert error[shown].mean() < 0.3 * error[~shown].mean()


def test_masks_are_thresholded_where_asked_for() -> None:
    logits = torch.tensor([2.0, -2.0, 2.0])[:, None, None].expand(3, 4, 4)
    is_hard = torch.tensor([False, True, True])
    found = mask_probability(logits, (16, 16), is_hard).mean((1, 2, 3))
    torch.testing.assert_close(found, torch.tensor([0.8808, 0.0, 1.0]), atol=1e-4, rtol=0)
    for rows in ([0], [1, 2]):
        same = mask_probability(logits[rows], (16, 16), is_hard[rows]).mean((1, 2, 3))
        torch.testing.assert_close(same, found[rows])
