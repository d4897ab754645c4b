import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from app.cli import main
from tests.helpers.sources import ROOT
from tests.unit.tinysam2.training.data_folder import make_data_folder
from tinysam2.config import MemoryPolicy, ModelConfig
from tinysam2.datasets.registry import DataRow
from tinysam2.model.network import TinySam2
from tinysam2.training import recipe as recipes
from tinysam2.training.distillation.features.config import DistillationConfig
from tinysam2.training.distillation.memory.config import MemoryDistillationConfig
from tinysam2.training.recipe import RecipeError, read_recipe
from tinysam2.training.tracking.config import TrackingConfig

TRACKING = """
stage = "tracking"
data = "data"
encoder = "encoder.safetensors"
out = "run"
steps = 1
length = 2
synthetic = 1
real = 1
workers = 0
"""
FEATURES = """
stage = "features"
data = "data"
out = "run"
"""
TABLES = """
[[phases]]
until = 1
size = 64
[model]
dim = 96
memory_dim = 32
mlp_dim = 64
memory_layers = 1
image_size = 64
[model.memory]
policy = "fifo"
keep_ratio = "none"
"""

Outcome = tuple[int | str | None, str, str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_data_folder(tmp_path / "data")
    for name in ("encoder.safetensors", "start.safetensors", "teacher.safetensors"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def train(text: str, *words: str) -> Outcome:
        (folder / "recipe.toml").write_text(text)
        status: int | str | None = 0
        try:
            status = main(["train", "recipe.toml", *words])
        except SystemExit as leaving:  # argparse's own way out
            status = leaving.code
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return train


def read(text: str, **overrides: Any) -> TrackingConfig:  # noqa: ANN401 - as TOML gives it
    Path("recipe.toml").write_text(text)
    recipe = read_recipe(Path("recipe.toml"), overrides)
    assert isinstance(recipe, TrackingConfig)
    return recipe


def test_a_recipe_is_followed_to_a_model_that_tracks(
    folder: Path, train: Callable[..., Outcome]
) -> None:
    state = TinySam2(ModelConfig(dim=96, memory_dim=32, mlp_dim=64, memory_layers=1)).state_dict()
    kept = {k: v for k, v in state.items() if k.startswith(("trunk.", "neck."))}
    save_file(kept, folder / "encoder.safetensors")
    status, out, err = train(TRACKING + TABLES)
    assert (status, out) == (0, "run\n")
    assert "training: 100%, 0:0" in err
    assert "track_iou" in err
    assert (folder / "run/tinysam2.safetensors").exists()
    (folder / "run/tinysam2.safetensors").rename(folder / "teacher.safetensors")
    teacher = ("--teacher", "tinysam2", "--teacher-checkpoint", "teacher.safetensors")
    status, _, err = train(TRACKING + TABLES, "--steps", "2", *teacher)
    assert status == 0, err
    assert "continuing the run in run" in err
    assert torch.load(folder / "run/state.pt", weights_only=True)["step"] == 2


def test_ctrl_c_saves_and_says_how_to_continue(
    folder: Path, train: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def follow(
        _recipe: TrackingConfig, is_stopped: Callable[[], bool]
    ) -> Iterator[Mapping[str, float]]:
        assert not is_stopped()
        signal.raise_signal(signal.SIGINT)
        assert is_stopped()
        yield {"step": 1, "seconds": 3700, "loss": 2.0}

    monkeypatch.setattr(recipes, "follow", follow)
    before = signal.getsignal(signal.SIGINT)
    teacher = ("--teacher", "tinysam2", "--teacher-checkpoint", "teacher.safetensors")
    status, _, err = train(TRACKING, "--out", "other run", "--minutes", "90", *teacher)
    assert status == 130
    assert "training:  69%, 1:01:40, step 1, loss 2.0" in err
    message = f"--out 'other run' {' '.join(teacher)} --minutes 90.0"
    assert f"to continue: tinysam2 train recipe.toml {message}" in err
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("rank", "message"),
    [("0", "to continue: the same torchrun command, with 2 processes"), ("1", "")],
)
def test_processes_of_torchrun_stop_however_often_they_are_interrupted_and_the_first_reports(
    train: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, rank: str, message: str
) -> None:
    def follow(
        _recipe: TrackingConfig, is_stopped: Callable[[], bool]
    ) -> Iterator[Mapping[str, float]]:
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            signal.raise_signal(number)
        assert is_stopped()
        yield from ()

    monkeypatch.setattr(recipes, "follow", follow)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", rank)
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    status, out, err = train(TRACKING)
    assert (status, out) == (130, "")
    assert message in err
    assert bool(message) == bool(err)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.slow
def test_torchrun_trains_one_network(folder: Path, train: Callable[..., Outcome]) -> None:
    state = TinySam2(ModelConfig(dim=96, memory_dim=32, mlp_dim=64, memory_layers=1)).state_dict()
    kept = {k: v for k, v in state.items() if k.startswith(("trunk.", "neck."))}
    save_file(kept, folder / "encoder.safetensors")
    (folder / "recipe.toml").write_text(TRACKING + TABLES)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    words = [str(ROOT / "main.py"), "train", "recipe.toml", "--steps", "2"]
    done = subprocess.run([*launch, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "run\n"), done.stderr
    assert done.stderr.count("training: 100%") == 1
    assert len((folder / "run/log.jsonl").read_text().splitlines()) == 1
    assert torch.load(folder / "run/state.pt", weights_only=True)["ranks"] == 2
    status, _, err = train(TRACKING + TABLES, "--steps", "3")
    assert status == 1
    assert "was started by 2 process(es) and has to be continued by as many, got 1" in err


def test_failure_of_a_worker_is_one_sentence(
    folder: Path, train: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def follow(*_: object) -> Iterator[Mapping[str, float]]:
        raise ValueError("Caught in worker\nTraceback:\n line\nValueError: a.jpg is broken\n")

    monkeypatch.setattr(recipes, "follow", follow)
    status, _, err = train(TRACKING)
    assert (status, err) == (
        1,
        "tinysam2: recipe.toml cannot be followed: ValueError: a.jpg is broken\n",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TRACKING + "teacher = 'sam3'", "teacher must be one of tinysam2, "),
        (TRACKING + "teacher_checkpoint = 'teacher.safetensors'", "teacher must name the model"),
        (TRACKING + "teacher_loss = {masks = 2}", "teacher must name the model that teacher_loss"),
        (
            TRACKING + "teacher = 'tinysam2'\nteacher_loss = {mask = 2}",
            "`teacher_loss.mask` is not known; choose from embedding, memory, tokens, masks",
        ),
        (
            TRACKING + "teacher = 'tinysam2'\nteacher_loss = {masks = -1}",
            "`teacher_loss`: weights must be at least 0",
        ),
        (FEATURES + "teacher = 'sam3'", "teacher must be a file, or one of tinysam2, "),
        (
            FEATURES + "teacher = 'teacher.safetensors'\ncache = 'cache'",
            "cache is for a teacher that is a known model",
        ),
        ("stage = 3", '`stage` must be "features" or "memory" or "sam" or "tracking", got'),
        ("", "`stage` must be"),
        ("a b", "recipe.toml is not a TOML file"),
        (TRACKING + "lenght = 3", "`lenght` is not known; choose from data, out"),
        (TRACKING.replace('encoder = "encoder.safetensors"', ""), "encoder or start must say"),
        (TRACKING + "start = 'encoder.safetensors'", "encoder or start must say"),
        (TRACKING.replace('"data"', '"nowhere"'), "`data` names nowhere, which does not exist"),
        (TRACKING.replace('"data"', "3"), "`data` must be a path as text, got 3"),
        (TRACKING.replace("length = 2", "length = 2.5"), "`length` must be a whole number"),
        (TRACKING.replace("length = 2", "length = true"), "`length` must be a whole number"),
        (TRACKING.replace("length = 2", "length = 1"), "length must be at least 2"),
        (TRACKING.replace("steps = 1", "steps = 0"), "steps must be greater than 0"),
        (TRACKING + "minutes = 'x'", "`minutes` must be a number, got 'x'"),
        (TRACKING + "device = 'abacus'", "`device` cannot be used: device must be auto"),
        (TRACKING + "phases = []", "`phases` must be a list that is not empty"),
        (TRACKING + "[[phases]]\nuntil = 1\nsize = 65", "`phases[0]`: input size must be"),
        (TRACKING + "[[phases]]\nuntil = 1", "`phases[0].size` is missing"),
        (TRACKING + "[model]\nrepvit = 'm9'", "`model`: repvit must be one of"),
        (TRACKING + "[model.memory]\npolicy = 'all'", "`model.memory.policy` must be one of"),
        (TRACKING + "model = 'tiny'", "`model` must be a table"),
        (
            TRACKING.replace('data = "data"', "[[data]]\npath = 'data'\nkind = 'zip'"),
            "`data[0].encoder` is not known",
        ),
        (
            TRACKING.replace('data = "data"', "data = [{path = 'data', kind = 'zip'}]"),
            "`data[0]`: kind must be one of index, davis, coco, sav, masks, images, regions, got",
        ),
    ],
)
def test_wrong_recipes_are_refused_in_one_sentence(
    folder: Path, train: Callable[..., Outcome], text: str, message: str
) -> None:
    status, _, err = train(text)
    assert status == 2
    assert err.startswith("tinysam2: recipe.toml")
    assert message in err
    assert err.count("\n") == 1
    assert not (folder / "run").exists()


@pytest.mark.parametrize("words", [("--steps", "0"), ("--minutes", "-1"), ("--data", "nowhere"),
                                   ("--steps", "1", "--minutes", "1")])  # fmt: skip
def test_wrong_options_are_refused(train: Callable[..., Outcome], words: tuple[str, ...]) -> None:
    assert train(TRACKING, *words)[0] == 2


def test_a_missing_recipe_is_named(folder: Path) -> None:
    with pytest.raises(RecipeError, match=r"absent\.toml cannot be read: No such file"):
        read_recipe(folder / "absent.toml", {})


def test_tables_become_configurations(folder: Path) -> None:
    recipe = read(TRACKING + TABLES)
    assert recipe.model.memory.policy is MemoryPolicy.FIFO
    assert recipe.model.memory.keep_ratio is None
    assert (recipe.phases[0].until, recipe.phases[0].size) == (1.0, 64)


def test_data_may_be_rows(folder: Path) -> None:
    rows = "[[data]]\npath = 'data'\nkind = 'images'\nweight = 2\n"
    recipe = read(TRACKING.replace('data = "data"', "") + rows)
    assert recipe.data == (DataRow(Path("data"), "images", 2.0),)
    assert read(TRACKING + "", data="data").data == Path("data")


def test_names_of_earlier_versions_are_read(folder: Path) -> None:
    rows = "[[data]]\npath = 'data'\nkind = 'pictures'\n"
    rows += "[[data]]\npath = 'data'\nkind = 'masks'\npictures = 'data'\n"
    recipe = read(TRACKING.replace('data = "data"', "held_side = 64") + rows)
    assert recipe.resident_side == 64
    assert [row.kind for row in recipe.data] == ["images", "masks"]
    assert recipe.data[1].images == Path("data")


def test_the_command_line_wins_over_the_recipe(folder: Path) -> None:
    recipe = read(TRACKING, out="elsewhere", minutes=5.0, steps="none")
    assert (recipe.out, recipe.minutes, recipe.steps) == (Path("elsewhere"), 5.0, None)


@pytest.mark.parametrize(
    ("name", "kind", "needed", "changed"),
    [
        ("features", DistillationConfig, "teacher", {"minutes": 43.0}),
        ("memory-encoder", MemoryDistillationConfig, "start", {}),
        ("tracking", TrackingConfig, "encoder", {}),
    ],
)
def test_recipes_that_come_along_are_the_defaults(
    folder: Path, name: str, kind: type, needed: str, changed: dict[str, object]
) -> None:
    places = {"data": "data", "out": "run", needed: f"{needed}.safetensors"}
    recipe = read_recipe(ROOT / f"resources/recipes/{name}.toml", places)
    known = {f: value if f == "teacher" else Path(value) for f, value in places.items()}
    expected = kind(**known, **changed)
    assert recipe == expected
    given = tomllib.loads((ROOT / f"resources/recipes/{name}.toml").read_text())
    omitted = {field.name for field in fields(kind)} - given.keys()
    assert all(getattr(recipe, field) is None for field in omitted - {"teacher_loss"})


def test_the_recipe_for_a_gpu_can_be_followed(folder: Path) -> None:
    recipe = read_recipe(
        ROOT / "resources/recipes/tracking-gpu.toml",
        {"data": "data", "encoder": "encoder.safetensors", "device": "cpu"},
    )
    assert recipe.minutes > 60
