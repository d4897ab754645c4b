import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.unit.tinysam2.toys import TOY, toy_network
from tinysam2.config import KeyPooling
from tinysam2.model import memory_attention
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.memory_attention import TOKENS_STEP, ObjectMemory
from tinysam2.model.network import TinySam2
from tinysam2.model.stages import NetworkStage, StageFunction, Tensors, run_by_torch

HALF = slice(0, 1), slice(1, 2)


def memory(count: int, seed: int = 0) -> ObjectMemory:
    generator = torch.Generator().manual_seed(seed)

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    return ObjectMemory(
        tokens=randn(count, TOY.memory_dim),
        xy=randn(count, 2).abs() * 4,
        time_index=torch.arange(count) % 7,
        key_bias=torch.full((count,), math.log(4)),
        pointers=randn(2, TOY.dim),
        pointer_age=torch.tensor([0.5, 1.0]),
    )


def rows(features: ImageFeatures, which: slice) -> ImageFeatures:
    return ImageFeatures(features.s16[which], features.s8[which], features.s4[which])


@torch.inference_mode()
def predict_masks(
    network: TinySam2, features: ImageFeatures, memories: list[ObjectMemory] | None, xy: Tensor
) -> tuple[Tensor, ...]:
    conditioned = network.condition(features, memories)
    labels = torch.ones(xy.shape[:2], dtype=torch.long)
    found = network.segment(conditioned, features, xy, labels, multimask=True)
    best = found.best()
    is_present = best.object_logit > 0
    encoded = network.encode_memory(features, best.logits, best.object_logit, is_present)
    return found.logits, found.predicted_iou, best.object_logit, best.pointer, best.logits, encoded


@torch.inference_mode()
def test_batch_of_two_equals_two_singles() -> None:
    network = toy_network()
    features = network.encode_image(torch.randn(2, 3, 64, 64))
    memories, xy = [memory(5), memory(9, seed=1)], torch.rand(2, 1, 2)
    both = predict_masks(network, features, memories, xy)
    singles = [predict_masks(network, rows(features, r), memories[r], xy[r]) for r in HALF]
    for found, *expected in zip(both, *singles, strict=True):
        torch.testing.assert_close(found, torch.cat(expected), atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_objects_share_the_features_of_one_image() -> None:
    network = toy_network()
    features = network.encode_image(torch.randn(1, 3, 64, 64))
    repeated = ImageFeatures(*(m.expand(2, -1, -1, -1) for m in _maps(features)))
    memories, xy = [memory(5), memory(9, seed=1)], torch.rand(2, 1, 2)
    shared = predict_masks(network, features, memories, xy)
    for found, expected in zip(shared, predict_masks(network, repeated, memories, xy), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def _maps(features: ImageFeatures) -> tuple[Tensor, Tensor, Tensor]:
    return features.s16, features.s8, features.s4


@torch.inference_mode()
def test_order_of_tokens_in_memory_does_not_matter() -> None:
    network = toy_network()
    features = network.encode_image(torch.randn(1, 3, 64, 64))
    given, order = memory(6), torch.randperm(6)
    shuffled = ObjectMemory(
        given.tokens[order],
        given.xy[order],
        given.time_index[order],
        given.key_bias[order],
        given.pointers,
        given.pointer_age,
    )
    torch.testing.assert_close(
        network.condition(features, [shuffled]),
        network.condition(features, [given]),
        atol=1e-4,
        rtol=1e-4,
    )


@torch.inference_mode()
def test_memory_changes_what_is_seen() -> None:
    network = toy_network()
    features = network.encode_image(torch.randn(1, 3, 64, 64))
    a, b = (network.condition(features, [memory(6, seed)]) for seed in (0, 1))
    assert not torch.allclose(a, b, atol=1e-3)


def test_default_model_is_small() -> None:
    with torch.device("meta"):
        count = sum(p.numel() for p in TinySam2(type(TOY)()).parameters())
    assert count < 10_000_000


@torch.inference_mode()
def test_memories_of_many_sizes_are_conditioned_in_few_shapes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = toy_network()
    features = network.encode_image(torch.randn(1, 3, 64, 64))
    shapes: set[tuple[torch.Size, ...]] = set()

    def run(
        stage: NetworkStage, function: StageFunction, given: Sequence[Tensors]
    ) -> list[Tensors]:
        if stage is NetworkStage.CONDITION:
            shapes.update(tuple(x.shape for x in inputs) for inputs in given)
        return run_by_torch(stage, function, given)

    monkeypatch.setattr(network, "run", run)
    for count in range(1, 2 * TOKENS_STEP + 1):
        network.condition(features, [memory(count)])
    assert len(shapes) == 2


@pytest.mark.parametrize("pooling", KeyPooling)
@torch.inference_mode()
def test_padding_does_not_change_what_is_read(
    monkeypatch: pytest.MonkeyPatch, pooling: KeyPooling
) -> None:
    network = TinySam2(replace(TOY, key_pooling=pooling)).eval()
    features = network.encode_image(torch.randn(1, 3, 64, 64))
    memories = [
        replace(memory(n), group=torch.arange(n) // 2 if pooling is not KeyPooling.NONE else None)
        for n in (5, TOKENS_STEP, 21)
    ]
    padded = network.condition(features, memories)
    monkeypatch.setattr(memory_attention, "TOKENS_STEP", 1)
    torch.testing.assert_close(padded, network.condition(features, memories))
