import copy

import torch
from torch import nn

from tests.unit.tinysam2.toys import randomize_norms
from tinysam2.config import RepVitConfig
from tinysam2.model.encoders.fpn import LightFpn
from tinysam2.model.encoders.repvit import RepVit, fuse_repvit

SMALL = RepVitConfig((16, 24, 32, 40), (1, 2, 3, 1))


def small_trunk() -> RepVit:
    trunk = RepVit(SMALL).eval()
    randomize_norms(trunk)
    return trunk


@torch.inference_mode()
def test_fused_form_equals_train_form() -> None:
    trunk = small_trunk()
    fused = copy.deepcopy(trunk)
    fuse_repvit(fused)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in fused.modules())
    image = torch.randn(2, 3, 96, 64)
    for expected, found in zip(trunk(image), fused(image), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_levels_halve_and_the_neck_gives_three_maps() -> None:
    levels = small_trunk()(torch.randn(1, 3, 128, 64))
    assert [tuple(m.shape[1:]) for m in levels] == [
        (16, 32, 16),
        (24, 16, 8),
        (32, 8, 4),
        (40, 4, 2),
    ]
    shapes = [tuple(m.shape[1:]) for m in LightFpn(SMALL.channels, 32)(levels)]
    assert shapes == [(32, 8, 4), (8, 16, 8), (4, 32, 16)]


@torch.inference_mode()
def test_batch_of_two_equals_two_singles() -> None:
    trunk, images = small_trunk(), torch.randn(2, 3, 64, 64)
    singles = [torch.cat(m) for m in zip(trunk(images[:1]), trunk(images[1:]), strict=True)]
    for expected, found in zip(singles, trunk(images), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
