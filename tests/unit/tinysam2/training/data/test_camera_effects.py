import torch
from torch import Tensor

from tinysam2.training.data.camera_effects import blur_some, color_drift


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def chequers(count: int) -> Tensor:
    at = torch.arange(32)
    board = ((at + at[:, None]) % 2).float() * 255
    return board.expand(count, 2, 3, 32, 32).contiguous()


def test_colors_drift_within_range_and_by_the_seed() -> None:
    gray = torch.full((2, 3, 3, 8, 8), 100.0)
    drifted = color_drift(gray, generator())
    assert torch.equal(drifted, color_drift(gray, generator()))
    assert drifted.shape == gray.shape
    assert drifted.min() >= 0
    assert drifted.max() <= 255
    assert not torch.allclose(drifted, gray)


def test_some_clips_are_blurred_and_each_in_its_own_way() -> None:
    sharp = chequers(10)
    soft = blur_some(sharp, generator(1))
    changed = (soft != sharp).flatten(1).any(1)
    assert changed.sum() == 3
    contrast = soft[changed].flatten(1).std(1)
    assert (contrast < 127).all()
    assert len(contrast.unique()) == 3
    torch.testing.assert_close(soft[:, 0], soft[:, 1])  # alike on all frames


def test_a_blur_keeps_brightness_and_plain_areas() -> None:
    plain = torch.full((3, 1, 3, 16, 16), 77.0)
    torch.testing.assert_close(blur_some(plain, generator()), plain)
    spot = torch.zeros(1, 1, 3, 32, 32)
    spot[..., 16, 16] = 255
    soft = blur_some(spot, generator(3))
    assert soft.max() < 250
    torch.testing.assert_close(soft.sum(), spot.sum())


def test_one_image_alone_can_be_drawn() -> None:
    assert color_drift(chequers(1)[:, :1], generator()).shape == (1, 1, 3, 32, 32)
