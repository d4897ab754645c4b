"""Copying SAM: what starts equal, what is learned, and resuming."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tinysam2.checkpoints.native import load_checkpoint, save_checkpoint
from tinysam2.config import ModelConfig, SamConfig, TinyVitConfig
from tinysam2.datasets.registry import DataRow
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.network import TinySam2
from tinysam2.model.sam import Sam
from tinysam2.training.distillation.sam import stage
from tinysam2.training.distillation.sam.config import SamDistillationConfig, SamPhase
from tinysam2.training.distillation.sam.losses import faulty_logits
from tinysam2.training.distillation.sam.packing import pack
from tinysam2.training.distillation.sam.parts import PartWriter
from tinysam2.training.distillation.sam.samples import Pools, Views

TOY = TinyVitConfig(channels=(16, 32, 64, 64), depths=(1, 1, 1, 1), heads=(0, 1, 2, 2))


def toy_sam() -> Sam:
    torch.manual_seed(3)
    return Sam(SamConfig("tinysam", TOY, 64)).eval()


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SamDistillationConfig:
    """A run of a few steps on generated images of a bright disc."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(4):
        image = np.full((96, 128, 3), 30 + 20 * number, np.uint8)
        mask = np.zeros((96, 128), np.uint8)
        cv2.circle(mask, (40 + 10 * number, 48), 22, 1, -1)
        image[mask > 0] = (220, 180, 60)
        cv2.imwrite(str(folder / f"{number}.jpg"), image)
        cv2.imwrite(str(folder / f"{number}.png"), mask)
    start, teacher = tmp_path / "start.safetensors", tmp_path / "sam.safetensors"
    torch.manual_seed(0)
    network = TinySam2(ModelConfig(image_size=64))
    save_checkpoint(start, network.config, network.state_dict(), {})
    save_file({"unread": torch.zeros(1)}, teacher)
    monkeypatch.setattr(stage, "load_sam", lambda _name, _path: toy_sam())
    phases = (SamPhase(0.5, 64, prompts=False), SamPhase(1.0, 64))
    return SamDistillationConfig(
        start, teacher, tmp_path / "out", (DataRow(folder, "masks"),),
        steps=4, phases=phases, batch=2, objects=2, rounds=2, workers=0,
    )  # fmt: skip


def test_untrained_student_predicts_the_teachers_masks_from_the_teachers_embedding() -> None:
    sam = toy_sam()
    student = stage.start_as_sam(TinySam2(ModelConfig(image_size=64)), sam).eval()
    assert student.sam_decoder is not None
    taught = sam.encode_image(torch.randn(2, 3, 64, 128))
    own = student.encode_image(torch.randn(2, 3, 64, 128))  # its high-resolution maps count nothing
    fed = replace(own, embedding=taught.s16)
    click = torch.tensor([[[0.3, 0.4]], [[0.6, 0.2]]]), torch.tensor([[1], [1]])
    box = torch.tensor([[[0.1, 0.2], [0.5, 0.9]]] * 2), torch.tensor([[2, 3]] * 2)
    for xy, labels in (click, box):
        for previous in (None, torch.randn(2, 1, 16, 32)):
            expected = sam.sam_decoder.all_masks(taught, xy, labels, previous)
            found = student.sam_decoder.all_masks(fed, xy, labels, previous)
            for one, other in zip(found, expected, strict=True):
                torch.testing.assert_close(one, other)


def test_a_network_with_sams_decoder_is_not_grown_again() -> None:
    sam = toy_sam()
    student = stage.start_as_sam(TinySam2(ModelConfig(image_size=64)), sam)
    assert stage.start_as_sam(student, sam) is student


def test_run_learns_saves_and_resumes(recipe: SamDistillationConfig) -> None:
    rows = list(stage.distill_sam(replace(recipe, steps=30)))
    assert rows[-1]["step"] == 30
    log = [json.loads(line) for line in (recipe.out / "log.jsonl").read_text().splitlines()]
    assert log[0]["embedding"] > log[-1]["embedding"]
    assert {"iou1", "iou2", "prompts", "loading"} <= rows[-1].keys()
    config, state, card = load_checkpoint(recipe.out / "tinysam2.safetensors")
    assert config.sam_decoder
    assert config.fused
    assert card["steps"] == 30
    network = TinySam2(config)
    network.load_state_dict(state)
    resumed = list(stage.distill_sam(replace(recipe, steps=32)))
    assert [row["step"] for row in resumed] == [32]


def test_a_phase_without_the_encoder_changes_sams_decoder_alone(
    recipe: SamDistillationConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(stage.distill_sam(recipe))
    start = recipe.out / "tinysam2.safetensors"
    monkeypatch.setattr(Sam, "encode_image", lambda *_: pytest.fail("the teacher was asked"))
    decoder_only = (SamPhase(1.0, 64, encoder=False),)
    then = replace(recipe, start=start, out=recipe.out / "then", phases=decoder_only, labeled=1.0)
    (*_, row) = stage.distill_sam(then)
    assert {"iou1", "iou2", "prompts"} <= row.keys()
    before, after = load_file(start), load_file(then.out / "tinysam2.safetensors")
    changed = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"sam_decoder"}


def test_a_phase_that_trains_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="must have prompts or train the encoder"):
        SamPhase(1.0, 64, prompts=False, encoder=False)


def test_run_learns_from_parts_and_resumes_from_its_shards_alone(
    recipe: SamDistillationConfig, tmp_path: Path
) -> None:
    assert recipe.data is not None
    list(pack(recipe.data, PartWriter(tmp_path / "parts", 10**6)))
    run = replace(
        recipe, data=None, parts=tmp_path / "parts", workers=1, resident_side=64, shard_mib=15.0
    )
    (*_, row) = stage.distill_sam(run)
    assert (row["step"], row["parts"], row["resident"]) == (4, 1, 4)
    assert row["views_per_s"] > 0
    assert row["first_step_s"] > 0
    shards = sorted((run.out / "shards").iterdir())
    assert [path.name[:13] for path in shards] == ["step-00000004"] * 2
    assert max(path.stat().st_size for path in shards) <= 15 * 2**20
    before = load_file(run.out / "tinysam2.safetensors")

    shutil.copytree(run.out / "shards", tmp_path / "elsewhere/shards")
    still = replace(run, out=tmp_path / "elsewhere", steps=5, learning_rate=1e-12)
    assert [row["step"] for row in stage.distill_sam(still)] == [5]
    after = load_file(still.out / "tinysam2.safetensors")
    assert all(torch.equal(after[key], value) for key, value in before.items())
    _, start, _ = load_checkpoint(run.start)
    key = "neck.lateral_s16.weight"
    assert not torch.equal(after[key], start[key].half())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": None}, "data or parts must say"),
        ({"parts": Path()}, "data or parts must say"),
        ({"data": None, "parts": Path(), "workers": 0}, "workers must be at least 1"),
        ({"shard_mib": 0.0}, "shard_mib must be greater than 0"),
        ({"resident_side": 8}, "resident_side must be at least 32"),
    ],
)
def test_recipes_that_cannot_be_followed_are_refused(
    recipe: SamDistillationConfig, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        replace(recipe, **changes)


def test_memory_and_its_decoder_stay_as_they_are(recipe: SamDistillationConfig) -> None:
    list(stage.distill_sam(recipe))
    _, before, _ = load_checkpoint(recipe.start)
    _, after, _ = load_checkpoint(recipe.out / "tinysam2.safetensors")
    kept = [k for k in before if not k.startswith(("trunk.", "neck."))]
    assert len(kept) > 50
    for key in kept:
        torch.testing.assert_close(after[key], before[key])


def test_views_keep_masks_on_their_objects(recipe: SamDistillationConfig) -> None:
    views = Views(Pools.of(recipe.data), lambda _: (96, 128), objects=1, labeled=1.0, seed=0)
    for index in range(8):
        image, masks = views[index]
        assert image.shape == (3, 96, 128)
        inside = image[:, masks[0] > 250].float()
        assert abs(inside.mean(1) - torch.tensor([60.0, 180.0, 220.0])).max() < 25
        again, _ = views[index]
        assert torch.equal(image, again)


def test_embedding_of_its_own_travels_with_the_features() -> None:
    features = ImageFeatures(torch.zeros(2, 4, 3, 5), embedding=torch.ones(2, 8, 3, 5))
    repeated = features.repeated(3).float()
    assert repeated.sam_embedding.shape == (6, 8, 3, 5)
    assert repeated.s16.shape == (6, 4, 3, 5)


def test_faulty_masks_miss_parts_and_add_others() -> None:
    masks = torch.zeros(32, 96, 96, dtype=torch.bool)
    masks[:, 30:70, 20:60] = True
    faulty = faulty_logits(masks, torch.Generator().manual_seed(0)) > 0
    union = (faulty | masks).flatten(1).sum(1)
    iou = (faulty & masks).flatten(1).sum(1) / union
    assert 0.5 < float(iou.mean()) < 0.95
    assert (masks & ~faulty).any()
    assert (faulty & ~masks).any()
