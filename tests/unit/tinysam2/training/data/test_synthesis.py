import pytest
import torch
from torch import Tensor

from tinysam2.training.data import synthesis
from tinysam2.training.data.synthesis import (
    LEAVING_LENGTH,
    MIN_SHOWN_AREA,
    MOST_GROWTH,
    synthesize,
)

SIDE = 48


@pytest.fixture(autouse=True)
def _no_lookalikes_or_attached_distractors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other objects be others, but where a test wants it otherwise."""
    monkeypatch.setattr(synthesis, "LOOKALIKE_FRACTION", 0.0)
    monkeypatch.setattr(synthesis, "ATTACHED_FRACTION", 0.0)


def layers(count: int = 4, occluder: int = 0) -> Tensor:
    """White squares on black; the other object is black and may be left out."""
    found = torch.zeros(count, 3, 4, SIDE, SIDE, dtype=torch.uint8)
    found[:, 0, :, 14:34, 14:34] = 255
    found[:, 1, 3, 10:30, 10:30] = occluder
    return found


def clips(given: Tensor, seed: int = 0) -> tuple[Tensor, Tensor]:
    images, masks, _ = synthesize(given, 4, torch.Generator().manual_seed(seed))
    return images, masks


def test_same_seed_same_clips() -> None:
    images, masks = clips(layers())
    again, masks_again = clips(layers())
    assert torch.equal(images, again)
    assert torch.equal(masks, masks_again)
    assert not torch.equal(images, clips(layers(), seed=1)[0])


def test_masks_go_where_the_object_goes() -> None:
    images, masks = clips(layers(), seed=2)
    assert images.shape == (4, 4, 3, SIDE, SIDE)
    assert masks.shape == (4, 4, SIDE, SIDE)
    assert images.min() >= 0
    assert images.max() <= 255
    assert (masks[:, 0] != masks[:, 3]).any()
    brightness = images.mean(2)
    assert brightness[masks].mean() > brightness[~masks].mean() + 100
    is_bright = brightness > 128
    union = (is_bright | masks).sum()
    assert (is_bright & masks).sum() / union > 0.85


def test_object_in_front_hides_the_target() -> None:
    free = torch.cat([clips(layers(), seed)[1].sum((1, 2, 3)) for seed in range(4)])
    hidden = torch.cat([clips(layers(occluder=255), seed)[1].sum((1, 2, 3)) for seed in range(4)])
    assert (hidden <= free).all()
    assert (hidden < free).any()


def test_no_pixel_belongs_to_both_objects() -> None:
    given = layers(occluder=255)
    for seed in range(4):
        _, masks, others = synthesize(given, 4, torch.Generator().manual_seed(seed))
        assert not (masks & others).any()
    assert others.any()


def test_an_attached_distractor_belongs_to_the_target_and_goes_where_it_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = layers(24)
    given[:, 1, 3, 6:14, 14:34] = 255  # sits on the target's upper edge
    alone, alone_others = synthesize(given, 4, torch.Generator().manual_seed(1))[1:]
    monkeypatch.setattr(synthesis, "ATTACHED_FRACTION", 1.0)
    masks, others = synthesize(given, 4, torch.Generator().manual_seed(1))[1:]
    is_shown_first = (others[:, 0] & masks[:, 0]).flatten(1).any(1)
    assert is_shown_first.any()
    assert not (others & ~masks)[is_shown_first].any()
    assert _parting(masks & ~others, others) < _parting(alone, alone_others) / 2


def test_an_attached_distractor_leaves_with_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ATTACHED_FRACTION", "LEAVING_FRACTION", "OTHER_FRACTION"):
        monkeypatch.setattr(synthesis, name, 1.0)
    given = layers(24)
    given[:, 1, 3, 6:14, 14:34] = 255
    areas = [
        mask.flatten(2).sum(2)
        for mask in synthesize(given, 6, torch.Generator().manual_seed(1))[1:]
    ]
    is_away = areas[0][:, 1:-1].amin(1) == 0
    assert is_away.sum() >= 5
    assert (areas[1][:, 1:-1].amin(1)[is_away] == 0).all()


def test_an_attached_distractor_that_the_first_frame_does_not_show_is_another_object(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ATTACHED_FRACTION", "OTHER_FRACTION"):
        monkeypatch.setattr(synthesis, name, 1.0)
    given = layers(24)
    given[:, 1, 3, 19:29, 19:29] = 255  # wholly within the target: below it, nothing is seen
    masks, others = synthesize(given, 4, torch.Generator().manual_seed(0))[1:]
    is_hidden = others[:, 0].flatten(1).sum(1) <= synthesis.MIN_SHOWN_AREA * SIDE**2
    assert is_hidden.any()
    assert not (masks & others)[is_hidden].any()
    assert (masks & others)[~is_hidden].any()


def _parting(masks: Tensor, others: Tensor) -> Tensor:
    """Return the mean way, pixels, that two objects go from each other in clips that show both."""
    ends = torch.stack([masks[:, 0], masks[:, -1], others[:, 0], others[:, -1]], 1)
    shown = ends[(ends.flatten(2).sum(2) > 50).all(1)].flatten(0, 1)
    centers = torch.stack([end.nonzero().float().mean(0) for end in shown]).view(-1, 4, 2)
    first, last = centers[:, 0] - centers[:, 2], centers[:, 1] - centers[:, 3]
    return (last - first).norm(dim=-1).mean()


def test_a_lookalike_looks_like_the_target_and_is_another_object(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(synthesis, "LOOKALIKE_FRACTION", 1.0)
    given = layers(24)  # whose other object is not to be seen
    given[:, 0, :3, 14:34, 24:34] = 128  # its right half is darker
    images, masks, others = synthesize(given, 4, torch.Generator().manual_seed(0))
    assert others.any()
    assert not (masks & others).any()
    brightness = images.mean(2)
    assert _to_the_left(brightness, masks) > 20
    assert _to_the_left(brightness, others) < -20


def _to_the_left(brightness: Tensor, masks: Tensor) -> Tensor:
    """Return how much brighter, at the median, left halves of objects are than right ones."""
    found = []
    for image, mask in zip(brightness.flatten(0, 1), masks.flatten(0, 1), strict=True):
        if mask.sum() > 100:
            is_left = torch.arange(SIDE) < mask.nonzero()[:, 1].float().mean()
            found.append(image[mask & is_left].mean() - image[mask & ~is_left].mean())
    return torch.stack(found).median()


def test_clips_begin_with_the_target_in_view() -> None:
    grown = torch.zeros(0)
    for seed in range(6):
        area = clips(layers(occluder=255), seed)[1].flatten(2).float().mean(2)
        first, last = area[:, 0], area[:, -1]
        assert (first >= last.clamp(max=MIN_SHOWN_AREA)).all()
        assert (first >= last / MOST_GROWTH).all()
        grown = torch.cat([grown, area[:, -1] / area[:, 0].clamp(min=1e-6)])
    assert grown.max() > 2  # objects that come closer or into view are tracked too


def test_targets_leave_and_come_back() -> None:
    areas = []
    for seed in range(3):
        _, masks, _ = synthesize(layers(12), 6, torch.Generator().manual_seed(seed))
        areas.append(masks.flatten(2).sum(2))
    area = torch.cat(areas)
    is_away = area[:, 1:-1].amin(1) == 0
    is_back = (area[:, 0] > 100) & (area[:, -1] > 100)
    assert (is_away & is_back).sum() >= 2
    assert (~is_away).sum() > is_away.sum()  # most stay in view


def test_short_clips_have_no_time_to_come_back() -> None:
    for seed in range(3):
        _, masks, _ = synthesize(
            layers(12), LEAVING_LENGTH - 1, torch.Generator().manual_seed(seed)
        )
        assert (masks.flatten(2).sum(2) > 0).all()


@pytest.mark.parametrize("size_hw", [(48, 96), (96, 48)])
def test_lying_and_standing_clips_turn_objects_without_shearing_them(
    size_hw: tuple[int, int],
) -> None:
    given = torch.zeros(40, 3, 4, *size_hw, dtype=torch.uint8)
    height, width = size_hw
    given[:, 0, :, height // 2 - 10 : height // 2 + 10, width // 2 - 10 : width // 2 + 10] = 255
    _, masks, _ = synthesize(given, 2, torch.Generator().manual_seed(0))
    assert masks.shape == (40, 2, *size_hw)
    seen = [mask.nonzero().float() for mask in masks[:, 0] if mask.sum() > 50]
    spreads = torch.stack([torch.linalg.eigvalsh(torch.cov(at.T)) for at in seen])
    stretch = (spreads[:, 1] / spreads[:, 0]).sqrt()
    assert stretch.median() < 1.17  # 1.14 for square clips, too; 1.20 and more if sheared


def test_no_copy_of_the_target_lies_beyond_its_image() -> None:
    given = layers(12)
    given[:, 0] = 0
    given[:, 0, :, 14:34, :20] = 255  # a mirror at the left edge would show it twice as wide
    for seed in range(3):
        images, masks = clips(given, seed)
        is_bright = images.mean(2) > 128
        assert (is_bright & ~masks).sum() < 0.1 * masks.sum()
