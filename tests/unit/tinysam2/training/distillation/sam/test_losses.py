"""What the first click on an object teaches SAM's decoder."""

import pytest
import torch
from torch import Tensor

from tests.unit.tinysam2.training.distillation.sam.test_stage import toy_sam
from tinysam2.model.sam import SamDecoder
from tinysam2.training.distillation.sam import losses
from tinysam2.training.distillation.sam.losses import prompt_loss
from tinysam2.training.distillation.sam.objects import Objects

SEEDS = range(20)


def disc(count: int, is_true: bool) -> Objects:
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    mask = ((y - 8) ** 2 + (x - 6) ** 2 < 16).expand(count, -1, -1)
    return Objects(mask, torch.full((count,), is_true), torch.ones(count, dtype=torch.bool))


def taught_heads(is_true: bool, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Tell which of the decoder's four masks, the single one first, a click gives gradients."""
    monkeypatch.setattr(losses, "TRACKED_FRACTION", 0.0)
    monkeypatch.setattr(losses, "BOX_FRACTION", 0.0)
    sam = toy_sam()
    features = sam.encode_image(torch.rand(2, 3, 64, 64))
    decoder, teacher = sam.sam_decoder, toy_sam().sam_decoder
    for seed in SEEDS:  # the best of three varies with the click
        generator = torch.Generator().manual_seed(seed)
        both = (decoder, features), (teacher, features)
        loss, _ = prompt_loss(*both, disc(2, is_true), 1, generator)
        loss.backward(retain_graph=True)
    heads = decoder.mask_decoder.mask_heads
    return [any(p.grad is not None and bool(p.grad.any()) for p in h.parameters()) for h in heads]


def test_a_click_on_an_annotated_object_teaches_the_single_mask_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    single, *three = taught_heads(True, monkeypatch)
    assert single
    assert any(three)


def test_the_single_mask_does_not_learn_what_only_the_teacher_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    single, *three = taught_heads(False, monkeypatch)
    assert not single
    assert any(three)


def test_the_next_click_corrects_the_mask_that_a_click_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(losses, "TRACKED_FRACTION", 0.0)
    monkeypatch.setattr(losses, "BOX_FRACTION", 0.0)
    sam, asked = toy_sam(), list[tuple[Tensor, Tensor, Tensor | None]]()
    decode = SamDecoder.all_masks

    def recorded(self: SamDecoder, features, xy, labels, given=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        found = decode(self, features, xy, labels, given)
        asked.append((found[0], labels, given))
        return found

    monkeypatch.setattr(SamDecoder, "all_masks", recorded)
    features = sam.encode_image(torch.rand(1, 3, 64, 64))
    objects, generator = disc(1, True), torch.Generator().manual_seed(0)
    _, ious = prompt_loss((sam.sam_decoder, features), None, objects, 2, generator)
    (first, _, _), (_, labels, given) = asked
    shown = first[:, :1].detach()
    assert labels.shape[1] == 2
    torch.testing.assert_close(given, shown)
    union = ((shown[:, 0] > 0) | objects.masks).sum()
    assert float(ious[0]) == pytest.approx(
        float(((shown[:, 0] > 0) & objects.masks).sum() / union), abs=1e-6
    )
