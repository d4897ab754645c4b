"""What the encoders are compared on: tracked frames, and variations of them."""

import pytest
import torch

from tests.unit.tinysam2.toys import TOY, set_presence, toy_network
from tinysam2.training.distillation.memory import samples
from tinysam2.training.distillation.memory.samples import TrackedFrame, vary


@pytest.mark.parametrize("given", [0.0, 1.0])
def test_frames_are_remembered_as_the_tracker_does(
    given: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "FIRST_MASK_FRACTION", given)
    network = toy_network()
    set_presence(network, 4.0 if given else -4.0)
    masks = torch.zeros(2, 3, 64, 96, dtype=torch.bool)
    masks[:, :, 17:41, 21:59] = True
    images, generator = torch.randn(2, 3, 3, 64, 96), torch.Generator().manual_seed(0)
    first, *tracked = samples.track(network, images, masks, generator)
    assert first.is_hard.all()
    assert first.mask_logits.shape == masks[:, 0].shape
    assert torch.equal(first.mask_logits > 0, masks[:, 0]) is bool(given)
    for frame in tracked:
        assert not frame.is_hard.any()
        assert frame.mask_logits.shape == (2, 16, 24)
        assert (frame.mask_logits < 0).all() or given  # absent objects have empty masks
    assert [frame.features.shape for frame in (first, *tracked)] == [(2, TOY.dim, 4, 6)] * 3


def test_variations_pair_other_masks_with_the_features_and_flip_both() -> None:
    count = 400
    own, places = torch.arange(count), torch.arange(16) / 100
    maps = (own[:, None] + places).view(count, 4, 4)
    frame = TrackedFrame(maps[:, None], maps, torch.zeros(count, dtype=torch.bool))
    varied = vary(frame, torch.Generator().manual_seed(0))
    features, masks = varied.features[:, 0], varied.mask_logits
    assert torch.equal(features.flatten(1).sort().values, maps.flatten(1))  # none is changed
    clips = masks[:, 0, 0].long()
    assert torch.equal(masks.flatten(1).sort().values, maps[clips].flatten(1))
    fractions = {
        0.3: clips != own,
        0.5: features[:, 0, 0] > features[:, 0, 1],
        0.35: masks[:, 0, 0] > masks[:, 0, 1],
        0.15: masks[:, 0, 0] > masks[:, 1, 0],
        0.1: varied.is_hard,
    }
    for expected, found in fractions.items():
        assert float(found.float().mean()) == pytest.approx(expected, abs=0.07)
