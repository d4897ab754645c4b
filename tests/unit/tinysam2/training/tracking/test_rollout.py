from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tinysam2.config import ModelConfig
from tinysam2.inference.click_marks import mark_clicks
from tinysam2.model import mask_completion
from tinysam2.model.decoder.predictions import ObjectMasks, Segmentation
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.network import TinySam2
from tinysam2.training.prompts import Prompt, draw_prompt
from tinysam2.training.tracking import rollout as rollouts
from tinysam2.training.tracking.rollout import predict_prompted, rollout

SMALL = ModelConfig(dim=96, memory_dim=32, mlp_dim=64, memory_layers=1, image_size=64)
Asked = tuple[Tensor, Tensor, Tensor | None, bool]
"""Clicks, their labels, the mask to correct, and whether three masks are asked for."""

Turn = tuple[int, bool, bool]
"""Clicks so far, whether there is a mask to correct, whether three masks are asked for."""


FED = [(1, False, True), (1, True, False), (2, True, False), (3, True, False)]
UNFED = [(1, False, True), (2, False, False), (3, False, False)]


@pytest.mark.parametrize(
    ("feeds_mask", "is_correction", "turns"),
    [
        (True, False, FED),  # as in use: a self-refinement pass follows the first prediction
        (False, False, UNFED),
        (True, True, FED[1:]),  # a tracked mask has been refined already
    ],
)
def test_corrections_follow_as_in_use(
    feeds_mask: bool, is_correction: bool, turns: list[Turn], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = TinySam2(SMALL)
    prediction, asked, predictions = network.segment, list[Asked](), list[Tensor]()

    def segment(conditioned: Tensor, features: ImageFeatures, *rest: *Asked) -> Segmentation:
        found = prediction(conditioned, features, *rest)
        asked.append(rest)
        predictions.append(found.best().logits)
        return found

    monkeypatch.setattr(network, "segment", segment)
    with torch.no_grad():
        features = network.encode_image(torch.zeros(2, 3, 64, 64))
    mask = torch.zeros(2, 64, 64, dtype=torch.bool)
    mask[:, 16:40, 8:50] = True
    prompt = Prompt(
        torch.full((2, 1, 2), 0.4),
        torch.ones(2, 1, dtype=torch.long),
        is_ambiguous=not is_correction,
        corrections=2,
        feeds_mask=feeds_mask,
        previous=torch.zeros(2, 1, 16, 16) if is_correction else None,
    )
    losses, _ = predict_prompted(network, features, mask, prompt, torch.Generator().manual_seed(0))
    assert [(labels.shape[1], given is not None, m) for _, labels, given, m in asked] == turns
    assert len(losses) == len(turns)
    for (xy, labels, given, _), before in zip(asked[1:], predictions, strict=False):
        assert given is None or torch.equal(given[:, 0], mark_clicks(before, xy, labels))


def test_clicks_on_an_object_of_two_ask_for_either_part(monkeypatch: pytest.MonkeyPatch) -> None:
    masks = torch.zeros(8, 2, 64, 64, dtype=torch.bool)
    masks[:, :, 16:48, 8:56] = True
    others = masks.clone()
    others[..., 32:, :] = False  # the attached distractor is the upper half
    asked = list[Tensor]()

    def draw(
        mask: Tensor, generator: torch.Generator, mask_fraction: float, max_corrections: int
    ) -> Prompt:
        asked.append(mask)
        return draw_prompt(mask, generator, mask_fraction, max_corrections)

    monkeypatch.setattr(rollouts, "draw_prompt", draw)
    images, generator = torch.zeros(8, 2, 3, 64, 64), torch.Generator().manual_seed(0)
    rollout(TinySam2(SMALL), images, masks, others, generator, trains_encoder=False)
    is_attached = (asked[0] == others[:, 0]).flatten(1).all(1)
    is_rest = (asked[0] == masks[:, 0] & ~others[:, 0]).flatten(1).all(1)
    assert is_attached.any()
    assert is_rest.any()
    assert (is_attached | is_rest).all()
    assert torch.equal(asked[1], masks[:, 0])  # both are tracked


@pytest.mark.parametrize("refines", [False, True])
def test_sams_decoder_learns_from_clicks_while_the_other_learns_to_track(refines: bool) -> None:
    torch.manual_seed(0)
    network = TinySam2(replace(SMALL, sam_decoder=True, refines_tracked=refines))
    assert network.sam_decoder is not None
    images = torch.rand(2, 3, 3, 64, 64)
    masks = torch.zeros(2, 3, 64, 64, dtype=torch.bool)
    masks[:, :, 16:48, 8:56] = True
    result = rollout(
        network, images, masks, torch.zeros_like(masks), torch.Generator().manual_seed(1), True
    )
    result.loss.backward()
    for name in ("mask_decoder.mask_tokens", "prompt_encoder.mask_embed.0.weight"):
        weight = network.sam_decoder.get_parameter(name)
        assert weight.grad is not None
        assert weight.grad.abs().sum() > 0
    assert network.mask_decoder.mask_tokens.grad is not None


def test_masks_that_are_completed_do_not_train_sams_decoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mask_completion, "ALWAYS", mask_completion.Demands(-1e9, -1.0))
    monkeypatch.setattr(mask_completion, "MOST_GROWTH", 1e9)
    torch.manual_seed(0)
    network = TinySam2(replace(SMALL, sam_decoder=True, refines_tracked=True))
    assert network.sam_decoder is not None
    features = network.encode_image(torch.rand(1, 3, 64, 64))
    logits = torch.full((1, 16, 16), -2.0, requires_grad=True)
    with torch.no_grad():
        logits[:, 4:9, 4:9] = 2.0
    one = torch.ones(1)
    refined = network.refined(features, ObjectMasks(logits, one, one, torch.zeros(1, SMALL.dim)))
    assert not torch.equal(refined.logits, logits)
    refined.logits.sum().backward()
    assert logits.grad is not None
    assert all(weight.grad is None for weight in network.sam_decoder.parameters())


def test_a_click_teaches_the_mask_that_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """SAM's decoder shows its single mask for a click; the three masks learn besides."""
    torch.manual_seed(0)
    network = TinySam2(replace(SMALL, sam_decoder=True))
    decoder = network.sam_decoder
    assert decoder is not None
    features = network.encode_image(torch.rand(1, 3, 64, 64))
    mask = torch.zeros(1, 64, 64, dtype=torch.bool)
    mask[:, 16:48, 8:56] = True
    decode, shown = decoder.all_masks, list[Tensor]()

    def recorded(*given: Tensor | ImageFeatures | None) -> tuple[Tensor, Tensor]:
        found = decode(*given)  # type: ignore[arg-type]
        shown.append(found[0][:, 0])
        return found

    monkeypatch.setattr(decoder, "all_masks", recorded)
    click = Prompt(torch.tensor([[[0.5, 0.5]]]), torch.tensor([[1]]), is_ambiguous=True)
    (loss,), found = predict_prompted(network, features, mask, click, torch.Generator())
    assert torch.equal(found.logits[:, 0], shown[0])
    loss.total.backward()
    single, *three = (p.grad for p in (h.layers[0].weight for h in decoder.mask_decoder.mask_heads))
    assert single is not None
    assert single.any()
    assert any(grad is not None and grad.any() for grad in three)


def test_frames_of_clips_are_taken_apart() -> None:
    maps = torch.arange(6.0).view(6, 1, 1, 1)  # two clips of three frames
    frames = ImageFeatures(maps, embedding=10 * maps).of_frames(3)
    assert [f.s16.flatten().tolist() for f in frames] == [[0, 3], [1, 4], [2, 5]]
    assert frames[1].sam_embedding.flatten().tolist() == [10, 40]
