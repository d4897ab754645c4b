"""The memory encoder, its fast form and the masks that it is given."""

import torch

from tinysam2.config import ModelConfig
from tinysam2.model.layers.norms import LayerNorm2d
from tinysam2.model.memory_encoder import (
    MaskDownsampler,
    MemoryEncoder,
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


@torch.inference_mode()
def test_an_encoder_of_patches_reads_masks_at_a_quarter_of_the_resolution() -> None:
    torch.manual_seed(0)
    with torch.inference_mode(False):
        config = ModelConfig(dim=16, memory_dim=8, decoder_heads=4, mask_patches=True)
        encoder = MemoryEncoder(config)
    assert encoder.mask_hw((4, 6)) == (16, 24)
    features, prob = torch.zeros(1, 16, 4, 6), torch.zeros(2, 1, 16, 24)
    prob[1, 0, 5, 9] = 1  # in the location at row 1, column 2
    memory = encoder(features, prob, torch.ones(2, dtype=torch.bool))
    assert memory.shape == (2, 8, 4, 6)
    changed = (memory[1] - memory[0]).abs().amax(0) > 1e-3
    assert changed.nonzero().tolist() == [[y, x] for y in range(3) for x in (1, 2, 3)]


def test_masks_are_thresholded_where_asked_for() -> None:
    logits = torch.tensor([2.0, -2.0, 2.0])[:, None, None].expand(3, 4, 4)
    is_hard = torch.tensor([False, True, True])
    found = mask_probability(logits, (16, 16), is_hard).mean((1, 2, 3))
    torch.testing.assert_close(found, torch.tensor([0.8808, 0.0, 1.0]), atol=1e-4, rtol=0)
    for rows in ([0], [1, 2]):
        same = mask_probability(logits[rows], (16, 16), is_hard[rows]).mean((1, 2, 3))
        torch.testing.assert_close(same, found[rows])


def test_masks_of_more_resolution_are_averaged() -> None:
    logits = torch.full((2, 8, 12), -1.0)
    logits[:, :5, :3] = 4.0
    is_hard = torch.tensor([True, False])
    found = mask_probability(logits, (4, 6), is_hard)
    inside, outside = torch.tensor([4.0, -1.0]).sigmoid().tolist()
    half = (inside + outside) / 2
    torch.testing.assert_close(found[0, 0, :, 0], torch.tensor([1.0, 1.0, 0.5, 0.0]))
    torch.testing.assert_close(found[0, 0, 0, :3], torch.tensor([1.0, 0.5, 0.0]))
    torch.testing.assert_close(found[1, 0, :, 0], torch.tensor([inside, inside, half, outside]))
    torch.testing.assert_close(found[1, 0, 0, :3], torch.tensor([inside, half, outside]))


def test_masks_of_less_resolution_are_interpolated_before_they_are_thresholded() -> None:
    logits = torch.tensor([-1.0, 3.0]).expand(1, 2, 2)
    found = mask_probability(logits, (8, 8), torch.ones(1, dtype=torch.bool))
    torch.testing.assert_close(found[0, 0, 0], torch.tensor([0.0] * 3 + [1.0] * 5))
    tall = mask_probability(logits.expand(1, 2, 2), (8, 2), torch.ones(1, dtype=torch.bool))
    torch.testing.assert_close(tall[0, 0], torch.tensor([0.0, 1.0]).expand(8, 2))
