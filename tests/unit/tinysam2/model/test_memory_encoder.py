"""The memory encoder in the form that runs fast."""

import torch

from tinysam2.model.layers.norms import LayerNorm2d
from tinysam2.model.memory_encoder import MaskDownsampler


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
