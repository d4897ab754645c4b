"""Copying the memory encoder: what starts equal, what is learned, and resuming."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.tinysam2.toys import TOY, randomize_norms
from tests.unit.tinysam2.training.data_folder import make_data_folder
from tinysam2.build import load_model, load_own
from tinysam2.checkpoints.native import load_checkpoint, save_checkpoint
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.network import TinySam2
from tinysam2.training.distillation.memory import stage
from tinysam2.training.distillation.memory.config import MemoryDistillationConfig
from tinysam2.training.distillation.memory.student import start_student
from tinysam2.training.tracking.config import Phase, TrackingConfig
from tinysam2.training.tracking.stage import train_tracking

STEPS = 120


def teacher() -> TinySam2:
    """Make a network whose memory encoder mixes features and masks, as a trained one does."""
    torch.manual_seed(5)
    network = TinySam2(TOY).eval()
    randomize_norms(network)
    for block in network.memory_encoder.fuser:
        torch.nn.init.constant_(block.scale, 0.5)
    return network


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> MemoryDistillationConfig:
    folder = tmp_path_factory.mktemp("memory")
    start = folder / "start.safetensors"
    save_checkpoint(start, TOY, teacher().state_dict(), {})
    return MemoryDistillationConfig(
        make_data_folder(folder / "data"), start, folder / "out", steps=STEPS, size=64, length=2,
        synthetic=2, real=1, repeats=10, workers=0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def rows(recipe: MemoryDistillationConfig) -> list[Any]:
    return list(stage.distill_memory(recipe))


@torch.inference_mode()
def error(student: TinySam2, taught: TinySam2) -> float:
    """Return the relative error of the memory of a disc on features as of an image."""
    generator = torch.Generator().manual_seed(9)
    images = torch.randn(2, 3, 128, 192, generator=generator)
    features = ImageFeatures(*taught.encode_image(images).maps)
    y, x = torch.meshgrid(torch.arange(32), torch.arange(48), indexing="ij")
    mask = 8 - ((y - 14) ** 2 + (x - 20) ** 2).float().sqrt().expand(2, -1, -1)
    given = features, mask, torch.ones(2), torch.tensor([True, False])
    own, aim = (network.encode_memory(*given) for network in (student, taught))
    return float((own - aim).square().mean() / aim.var((0, 2, 3)).mean())


def test_the_memory_comes_near_the_teachers(
    recipe: MemoryDistillationConfig, rows: list[Any]
) -> None:
    assert rows[-1]["step"] == STEPS
    taught = load_own(recipe.start).eval()
    torch.manual_seed(recipe.seed)
    before = error(start_student(taught), taught)
    after = error(load_own(recipe.out / "tinysam2.safetensors").eval(), taught)
    assert after < 0.3 * before, (before, after)


def test_everything_but_the_memory_encoder_is_that_of_the_start(
    recipe: MemoryDistillationConfig, rows: list[Any]
) -> None:
    assert rows
    config, after, card = load_checkpoint(recipe.out / "tinysam2.safetensors")
    assert config == replace(TOY, mask_patches=True)
    assert card["steps"] == STEPS
    _, before, _ = load_checkpoint(recipe.start)
    kept = {name for name in before if not name.startswith("memory_encoder.")}
    assert kept == {name for name in after if not name.startswith("memory_encoder.")}
    assert all(torch.equal(after[name], before[name]) for name in kept)
    absent = "memory_encoder.no_object"
    assert torch.equal(after[absent], before[absent])
    load_model(checkpoint=recipe.out / "tinysam2.safetensors", device="cpu", engine="torch")


def test_a_run_that_was_stopped_comes_to_the_same_weights(
    recipe: MemoryDistillationConfig, tmp_path: Path
) -> None:
    whole, parts = (replace(recipe, out=tmp_path / name, steps=5, repeats=2) for name in "ab")
    list(stage.distill_memory(whole))
    asked = iter([False, False, False, True])
    (row,) = stage.distill_memory(parts, lambda: next(asked))
    assert row["step"] == 3  # between two frames of the same clips
    list(stage.distill_memory(parts))
    log = [json.loads(line) for line in (parts.out / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [3, 5]
    one, other = (load_checkpoint(run.out / "tinysam2.safetensors")[1] for run in (whole, parts))
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, msg=name)


def test_a_start_with_the_small_encoder_is_refused(
    recipe: MemoryDistillationConfig, tmp_path: Path
) -> None:
    start = tmp_path / "small.safetensors"
    network = start_student(teacher())
    save_checkpoint(start, network.config, network.state_dict(), {})
    with pytest.raises(ValueError, match="large memory encoder, got one with mask_patches on"):
        list(stage.distill_memory(replace(recipe, start=start, out=tmp_path / "out")))


def test_a_run_is_not_resumed_with_another_teacher(
    recipe: MemoryDistillationConfig, tmp_path: Path
) -> None:
    run = replace(recipe, out=tmp_path / "run", steps=1)
    list(stage.distill_memory(run))
    other = teacher()
    with torch.no_grad():
        other.no_memory.add_(1)
    start = tmp_path / "other.safetensors"
    save_checkpoint(start, other.config, other.state_dict(), {})
    with pytest.raises(ValueError, match="start holds another network than the one"):
        list(stage.distill_memory(replace(run, start=start, steps=2)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 65}, "input size must be a multiple of 64"),
        ({"length": 1}, "length must be at least 2"),
        ({"repeats": 0}, "repeats must be at least 1"),
        ({"steps": 0}, "steps must be greater than 0"),
        ({"synthetic": 0, "real": 0}, "synthetic and real must be at least 0"),
    ],
)
def test_recipes_that_cannot_be_followed_are_refused(
    recipe: MemoryDistillationConfig, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        replace(recipe, **changes)


def test_the_student_starts_with_the_hidden_channels_that_weigh_most() -> None:
    taught = teacher()
    large = taught.memory_encoder.fuser[0]
    kept = large.expand.out_channels // 2
    with torch.no_grad():
        large.project.weight[:, ::4] = 0  # so that half of the channels do not count
        large.expand.weight[1::4] = 0
        large.expand.bias[1::4] = 0
    (small,) = start_student(taught).memory_encoder.fuser
    assert small.expand.out_channels == kept
    features = torch.randn(2, TOY.dim, 4, 6)
    with torch.inference_mode():
        torch.testing.assert_close(small(features), large(features))


def test_tracking_trains_the_small_encoder(
    recipe: MemoryDistillationConfig, rows: list[Any], tmp_path: Path
) -> None:
    assert rows
    start = recipe.out / "tinysam2.safetensors"
    run = TrackingConfig(
        recipe.data, tmp_path, start=start, steps=2, phases=(Phase(1.0, 64),), length=2,
        synthetic=1, real=1, stills=0, workers=0,
    )  # fmt: skip
    assert [row["step"] for row in train_tracking(run)] == [2]
    before = load_checkpoint(start)[1]
    config, after, _ = load_checkpoint(tmp_path / "tinysam2.safetensors")
    assert config.mask_patches
    name = "memory_encoder.mask_downsampler.patch.weight"
    assert not torch.equal(after[name], before[name])
