from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from app.cli import main
from tests.helpers.sources import ROOT
from tests.unit.tinysam2.training.data_folder import make_data_folder
from tinysam2.checkpoints.sharding import complete_sets, join_shards
from tinysam2.training.distillation.sam.parts import read_part
from tinysam2.training.recipe import read_recipe

RECIPE = """
stage = "sam"
data = "data"
start = "start.safetensors"
teacher_checkpoint = "teacher.safetensors"
out = "run"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_data_folder(tmp_path / "data")
    for number, name in enumerate(("start", "teacher", "other")):
        weights = {f"layer{i}": torch.full((50, 60), number + i) for i in range(4)}
        save_file(weights, tmp_path / f"{name}.safetensors")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pack(*words: str) -> int:
    return main(["pack", "recipe.toml", "--out", "parts", "--part-mb", "0.04", *words])


def test_images_and_weights_become_files_of_limited_size(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pack() == 0
    assert capsys.readouterr().out == "parts: 8 images in 2 parts\n"
    files = sorted((folder / "parts").iterdir())
    assert max(file.stat().st_size for file in files) <= 40_000
    images = [image for file in files[:2] for image in read_part(file) or ()]
    assert len(images) == 8
    for name, shards in complete_sets(folder / "parts").items():
        join_shards(shards, folder / "joined.safetensors")
        before = load_file(folder / f"{name}.safetensors")
        after = load_file(folder / "joined.safetensors")
        assert all(torch.equal(after[key], value) for key, value in before.items())
    assert set(complete_sets(folder / "parts")) == {"start", "teacher"}


def test_other_weights_to_begin_from_and_a_limit_of_all_images(folder: Path) -> None:
    assert pack("--start", "other.safetensors", "--limit-mb", "0.035") == 0
    shards = complete_sets(folder / "parts")["start"]
    join_shards(shards, folder / "joined.safetensors")
    assert load_file(folder / "joined.safetensors")["layer0"].max() == 2
    assert [file.name for file in (folder / "parts").glob("*.tar")] == ["part-0000.tar"]


def test_parts_are_never_mixed_with_those_of_another_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pack() == 0
    assert pack() == 1
    assert "must hold no parts yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        (RECIPE, ("--part-mb", "0"), "--part-mb must be greater than 0"),
        (RECIPE.replace('data = "data"', 'parts = "data"'), (), "of the stage sam with data"),
        (RECIPE.replace('"data"', '"nowhere"'), (), "names nowhere, which does not exist"),
    ],
)
def test_wrong_requests_are_refused(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    words: tuple[str, ...],
    message: str,
) -> None:
    (folder / "recipe.toml").write_text(text)
    assert pack(*words) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "parts").exists()


def test_the_recipe_of_the_gpu_run_can_be_followed(folder: Path) -> None:
    changes = {
        "parts": "data", "start": "start.safetensors", "device": "cpu",
        "teacher_checkpoint": "teacher.safetensors",
    }  # fmt: skip
    recipe = read_recipe(ROOT / "resources/recipes/sam-gpu.toml", changes)
    assert recipe.minutes == 12
