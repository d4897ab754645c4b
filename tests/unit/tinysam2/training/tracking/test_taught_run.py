import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.unit.tinysam2.training.toy_run import make_run
from tinysam2.checkpoints.native import load_checkpoint, save_checkpoint
from tinysam2.config import ModelConfig
from tinysam2.model.network import TinySam2
from tinysam2.training.tracking.config import Phase, TrackingConfig
from tinysam2.training.tracking.rollout import click_stills
from tinysam2.training.tracking.stage import train_tracking
from tinysam2.training.tracking.teacher import Teacher

SMALL = ModelConfig(dim=96, memory_dim=32, mlp_dim=64, memory_layers=1, image_size=64)


@pytest.fixture
def config(tmp_path: Path) -> TrackingConfig:
    """Make a recipe with a teacher of another width and input size."""
    run, teacher = make_run(tmp_path, SMALL), tmp_path / "teacher.safetensors"
    guide = replace(SMALL, dim=64, image_size=128)
    save_checkpoint(teacher, guide, TinySam2(guide).state_dict(), {})
    return replace(
        run,
        steps=2,
        phases=(Phase(1.0, 64),),
        real=0,
        teacher="tinysam2",
        teacher_checkpoint=teacher,
    )


def flat(state: object, name: str = "") -> dict[str, Tensor]:
    """Collect the tensors of a nested state."""
    if isinstance(state, Tensor):
        return {name: state}
    pairs = state.items() if isinstance(state, dict) else ()
    return {k: v for key, part in pairs for k, v in flat(part, f"{name}.{key}").items()}


def test_a_taught_run_resumes_exactly_and_keeps_its_maps_to_itself(
    config: TrackingConfig, tmp_path: Path
) -> None:
    (row,) = train_tracking(config)
    parts = {f"teacher_{part}" for part in ("embedding", "memory", "tokens", "masks")}
    assert parts <= row.keys()
    assert parts <= json.loads((config.out / "log.jsonl").read_text()).keys()

    asked: list[bool] = []

    def after_one_step() -> bool:
        asked.append(True)
        return len(asked) > 2

    cut = replace(config, out=tmp_path / "cut")
    assert [r["step"] for r in train_tracking(cut, after_one_step)] == [1]
    assert [r["step"] for r in train_tracking(cut)] == [2]
    whole, resumed = (
        flat(torch.load(c.out / "state.pt", weights_only=True)) for c in (config, cut)
    )
    assert any(name.startswith(".teacher.maps.") for name in whole)
    assert any(name.startswith(".teacher.optimizer.") for name in whole)
    for name, value in whole.items():
        assert torch.equal(value, resumed[name]), name

    exported = load_file(config.out / "tinysam2.safetensors").keys()
    assert exported == torch.load(config.out / "state.pt", weights_only=True)["network"].keys()
    _, _, card = load_checkpoint(config.out / "tinysam2.safetensors")
    assert card["recipe"]["teacher_loss"]["memory"] == 1.0  # type: ignore[index]


def test_a_teacher_may_come_and_go_during_a_run(config: TrackingConfig) -> None:
    alone = replace(config, teacher=None, teacher_checkpoint=None, steps=1)
    assert "teacher_masks" not in next(train_tracking(alone))
    assert "teacher_masks" in next(train_tracking(config))
    assert "teacher_masks" not in next(train_tracking(replace(alone, steps=3)))


def test_clicked_stills_are_taught_too() -> None:
    torch.manual_seed(2)
    student, guide = (TinySam2(replace(SMALL, dim=dim)).eval() for dim in (96, 64))
    masks = torch.zeros(2, 3, 64, 64, dtype=torch.bool)
    masks[..., 10:40, 10:40] = True
    images = torch.randn(2, 3, 64, 64)
    teacher = Teacher(guide, SMALL.dim)
    alone, taught = (
        click_stills(student, images, masks, torch.Generator().manual_seed(2), True, t)[0]
        for t in (None, teacher)
    )
    assert taught > alone
    parts = {"teacher_embedding", "teacher_tokens", "teacher_masks"}
    assert teacher.report().keys() == parts
    assert not teacher.report()  # reported once
