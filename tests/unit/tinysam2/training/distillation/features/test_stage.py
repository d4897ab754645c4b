from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.unit.tinysam2.training.data_folder import make_data_folder
from tinysam2.checkpoints.native import save_checkpoint
from tinysam2.config import ModelConfig
from tinysam2.inference.preprocess import normalize
from tinysam2.model.network import TinySam2
from tinysam2.training.distillation.features import stage as feature_distillation
from tinysam2.training.distillation.features.config import DistillationConfig
from tinysam2.training.distillation.features.embedding_cache import EmbeddingCache
from tinysam2.training.distillation.features.projection import (
    feature_loss,
    fit_projections,
    project,
)
from tinysam2.training.distillation.features.resnet import ResNetTeacher
from tinysam2.training.distillation.features.stage import distill_features


def random_teacher(path: Path) -> Path:
    """Write random weights in the teacher's layout."""
    state: dict[str, Tensor] = {}

    def conv(name: str, out: int, into: int, side: int) -> None:
        fan_in = into * side**2
        state[f"{name}_weight"] = torch.randn(out, into, side, side) * (2 / fan_in) ** 0.5

    def norm(name: str, width: int) -> None:
        state[f"{name}_gamma"], state[f"{name}_beta"] = torch.ones(width), torch.zeros(width)
        state[f"{name}_running_mean"] = torch.zeros(width)
        state[f"{name}_running_var"] = torch.ones(width)

    norm("batchnorm0", 3)
    conv("conv0", 64, 3, 7)
    norm("batchnorm1", 64)
    into = 64
    for stage, units in enumerate((3, 4, 6), start=1):
        width = 32 * 2**stage
        for unit in range(units):
            name, first = f"stage{stage}", 0 if unit == 0 else 3 * unit + 1
            norm(f"{name}_batchnorm{3 * unit}", into)
            conv(f"{name}_conv{first}", width, into, 1)
            norm(f"{name}_batchnorm{3 * unit + 1}", width)
            conv(f"{name}_conv{first + 1}", width, width, 3)
            norm(f"{name}_batchnorm{3 * unit + 2}", width)
            conv(f"{name}_conv{first + 2}", 4 * width, width, 1)
            if unit == 0:
                conv(f"{name}_conv3", 4 * width, into, 1)
            into = 4 * width
    norm("stage4_batchnorm0", into)
    save_file({k: v.half() for k, v in state.items()}, path)
    return path


@pytest.fixture(scope="module")
def teacher_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    return random_teacher(tmp_path_factory.mktemp("teacher") / "teacher.safetensors")


def test_projection_spreads_features_evenly_and_keeps_the_strongest(teacher_file: Path) -> None:
    teacher = ResNetTeacher(teacher_file)
    batch = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    features = teacher(normalize(batch))
    (mean, basis), _ = fit_projections(iter([features]), (16, 8), count=1)
    assert [tuple(f.shape) for f in features] == [(2, 512, 8, 8), (2, 1024, 4, 4)]
    projected = project(features[0], mean, basis)
    torch.testing.assert_close(projected.square().mean(), torch.tensor(1.0), atol=1e-2, rtol=0)
    spread = projected.square().mean((0, 2, 3))
    assert torch.equal(spread.argsort(descending=True), torch.arange(16))


def test_loss_is_zero_for_the_teachers_own_features() -> None:
    features = torch.randn(2, 8, 4, 4)
    torch.testing.assert_close(feature_loss(features, features), torch.tensor(0.0))
    assert feature_loss(features, -features) > feature_loss(features, 2 * features) > 0
    assert feature_loss(features, features[:, :5]) < 1e-6  # of a narrower teacher


@pytest.fixture
def config(
    tmp_path: Path, teacher_file: Path, monkeypatch: pytest.MonkeyPatch
) -> DistillationConfig:
    monkeypatch.setattr(feature_distillation, "PCA_BATCHES", 1)
    return DistillationConfig(
        data=make_data_folder(tmp_path / "data"),
        teacher=str(teacher_file),
        out=tmp_path / "out",
        steps=1,
        dim=64,
        crop=64,
        batch=2,
        workers=0,
    )


def test_distilled_encoder_fits_the_network(config: DistillationConfig) -> None:
    log = list(distill_features(config))
    assert [row["step"] for row in log] == [1]
    state = load_file(config.out / "encoder.safetensors")
    missing, unexpected = TinySam2(ModelConfig(dim=64, memory_dim=32)).load_state_dict(
        state, strict=False
    )
    assert not [k for k in missing if k.startswith(("trunk.", "neck."))]
    assert set(unexpected) == {"head_s8.weight", "head_s8.bias"}


def test_minutes_end_a_run_too(config: DistillationConfig) -> None:
    assert len(list(distill_features(replace(config, steps=None, minutes=1e-6)))) == 1


def test_stopped_run_ends_where_an_uninterrupted_one_does(
    config: DistillationConfig, tmp_path: Path
) -> None:
    whole = replace(config, steps=2)
    assert [row["step"] for row in distill_features(whole)] == [2]
    cut = replace(whole, out=tmp_path / "cut")
    assert [row["step"] for row in distill_features(cut, lambda: True)] == [1]
    assert [row["step"] for row in distill_features(cut)] == [2]
    assert list(distill_features(cut)) == []  # nothing is left to do
    expected = load_file(whole.out / "encoder.safetensors")
    for name, value in load_file(cut.out / "encoder.safetensors").items():
        assert torch.equal(value, expected[name]), name


@pytest.fixture
def taught(config: DistillationConfig, tmp_path: Path) -> DistillationConfig:
    """Make a recipe with a tracker as teacher, narrower than the student and of another size."""
    torch.manual_seed(4)
    shape = ModelConfig(dim=32, memory_dim=32, mlp_dim=32, decoder_heads=4, memory_layers=1)
    shape = replace(shape, image_size=128)
    checkpoint = tmp_path / "tracker.safetensors"
    save_checkpoint(checkpoint, shape, TinySam2(shape).state_dict(), {})
    return replace(config, teacher="tinysam2", teacher_checkpoint=checkpoint)


def weights_of(config: DistillationConfig) -> dict[str, Tensor]:
    list(distill_features(config))
    return load_file(config.out / "encoder.safetensors")


def kept_in(cache: Path) -> list[Path]:
    return sorted(path for path in cache.rglob("*") if path.is_file())


def test_a_known_model_teaches_alike_with_and_without_its_embeddings_kept(
    taught: DistillationConfig, tmp_path: Path
) -> None:
    taught = replace(taught, steps=2)
    expected = weights_of(taught)
    cached = replace(taught, cache=tmp_path / "cache", out=tmp_path / "filling")
    filled = weights_of(cached)
    files = kept_in(tmp_path / "cache")
    assert {file.stat().st_size for file in files} == {4 + 2 * 32 * 4 * 4}
    assert 1 <= len(files) <= 8  # as many as there are images
    files[0].write_bytes(files[0].read_bytes()[:-1] + b"?")  # one is damaged
    written = [file.stat().st_mtime_ns for file in files]
    read = weights_of(replace(cached, out=tmp_path / "reading"))
    assert kept_in(tmp_path / "cache") == files
    changed = [f.stat().st_mtime_ns != t for f, t in zip(files, written, strict=True)]
    assert not any(changed[1:])
    for name, value in expected.items():
        assert torch.equal(value, filled[name]), name
        assert torch.equal(value, read[name]), name


def test_a_run_with_a_known_model_resumes_where_an_uninterrupted_one_ends(
    taught: DistillationConfig, tmp_path: Path
) -> None:
    taught = replace(taught, steps=2, cache=tmp_path / "cache")
    expected = weights_of(taught)
    cut = replace(taught, out=tmp_path / "cut")
    assert [row["step"] for row in distill_features(cut, lambda: True)] == [1]
    for name, value in weights_of(cut).items():
        assert torch.equal(value, expected[name]), name


def test_kept_embeddings_come_back_as_they_were_or_not_at_all(tmp_path: Path) -> None:
    cache, embedding = EmbeddingCache(tmp_path / "a", (3, 2, 2)), torch.randn(3, 2, 2).half()
    assert cache.read("ab12") is None
    cache.write("ab12", embedding)
    found = cache.read("ab12")
    assert found is not None
    assert torch.equal(found, embedding)
    (file,) = kept_in(tmp_path)
    whole = file.read_bytes()
    for damaged in (b"", whole[:-1], whole + b"0", bytes(len(whole) - 1) + b"1"):
        file.write_bytes(damaged)
        assert cache.read("ab12") is None
    cache.write("ab12", embedding)
    assert file.read_bytes() == whole


def test_a_student_comes_closer_to_a_known_model(taught: DistillationConfig) -> None:
    first, last = (
        next(distill_features(replace(taught, steps=n, out=taught.out / str(n))))["loss"]
        for n in (1, 15)
    )
    assert last < 0.95 * first
