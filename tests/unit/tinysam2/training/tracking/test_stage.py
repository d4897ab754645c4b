import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.tinysam2.training.data_folder import write_image
from tests.unit.tinysam2.training.toy_run import make_run
from tinysam2.build import load_model
from tinysam2.checkpoints.native import load_checkpoint, load_config, save_checkpoint
from tinysam2.config import MemoryConfig, ModelConfig
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.model.network import TinySam2
from tinysam2.training.tracking import stage as tracking_stage
from tinysam2.training.tracking.config import Phase, TrackingConfig
from tinysam2.training.tracking.rollout import click_stills, rollout
from tinysam2.training.tracking.stage import train_tracking

SMALL = ModelConfig(
    dim=96,
    memory_dim=32,
    mlp_dim=64,
    memory_layers=1,
    image_size=64,
    memory=MemoryConfig(max_frames=3, quality_threshold=0.0, keep_ratio=0.5, max_pointers=2),
)


@pytest.fixture
def config(tmp_path: Path) -> TrackingConfig:
    return make_run(tmp_path, SMALL)


def after_one_step() -> Callable[[], bool]:
    """Return a request to stop that comes when the first step is done."""
    asked = count()
    return lambda: next(asked) > 1


def state_of(config: TrackingConfig) -> dict[str, torch.Tensor]:
    saved = torch.load(config.out / "state.pt", weights_only=True)
    assert saved["step"] == config.steps
    return {f"{part}.{k}": v for part in ("network", "ema") for k, v in saved[part].items()}


@pytest.mark.parametrize("resident_side", [None, 64])
def test_resumed_run_ends_where_an_uninterrupted_one_does(
    config: TrackingConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    resident_side: int | None,
) -> None:
    config = replace(config, resident_side=resident_side)
    reports = list(train_tracking(config))
    assert [row["step"] for row in reports] == [2, 3]  # one as each phase ends
    cut = replace(config, out=tmp_path / "cut")
    with monkeypatch.context() as patch:
        patch.setattr(tracking_stage, "REPORT_EVERY_S", -1)
        patch.setattr(tracking_stage, "SAVE_EVERY_S", -1)
        run = train_tracking(cut)
        assert [next(run)["step"] for _ in range(2)] == [1, 2]
        run.close()  # while the second step is not saved yet
    assert [row["step"] for row in train_tracking(cut)] == [2, 3]
    whole, resumed = state_of(config), state_of(cut)
    for name, value in whole.items():
        assert torch.equal(value, resumed[name]), name


def test_vectors_learn_alone(config: TrackingConfig) -> None:
    config = replace(config, vectors_only=True, weight_decay=0.5)
    list(train_tracking(replace(config, steps=1)))
    first = torch.load(config.out / "state.pt", weights_only=True)["network"]
    (config.out / "state.pt").unlink()
    list(train_tracking(config))  # the same run again, for three steps
    last = torch.load(config.out / "state.pt", weights_only=True)["network"]
    changed = {name for name in first if not torch.equal(first[name], last[name])}
    assert {"mask_decoder.mask_tokens", "time_code", "memory_attention.norm.bias"} <= changed
    assert any(name.startswith("trunk.") and name.endswith(".bias") for name in changed)
    assert not any(name.endswith(("_proj.weight", "conv.weight")) for name in changed)
    codes = {"mask_decoder.mask_tokens", "mask_decoder.iou_token", "mask_decoder.object_token"}
    assert {name for name in changed if last[name].ndim > 1} <= codes | {"time_code"}


def test_stopped_run_is_saved_after_its_step(config: TrackingConfig) -> None:
    assert [row["step"] for row in train_tracking(config, after_one_step())] == [1]
    assert torch.load(config.out / "state.pt", weights_only=True)["step"] == 1
    assert [row["step"] for row in train_tracking(config)] == [2, 3]


@pytest.mark.parametrize("without", ["real", "synthetic", "stills"])
def test_one_kind_of_images_may_be_left_out(config: TrackingConfig, without: str) -> None:
    changes = {without: 0, "steps": 1}
    assert len(list(train_tracking(replace(config, **changes)))) == 1  # type: ignore[arg-type]


def test_trained_weights_track(config: TrackingConfig) -> None:
    config = replace(config, steps=1)
    list(train_tracking(config))
    path = config.out / "tinysam2.safetensors"
    _, state, card = load_checkpoint(path)
    assert card["steps"] == 1
    assert "data" not in card["recipe"]  # type: ignore[operator]
    assert path.stat().st_size < 2.2 * sum(v.numel() for v in state.values())
    tracker = VideoTracker(load_model(checkpoint=path, device="cpu"), [np.zeros((9, 9, 3), "u1")])
    tracker.add_points(1, 0, [[4, 4]], [1])
    assert len(list(tracker.propagate())) == 1


def test_weights_name_the_size_that_they_saw_last(config: TrackingConfig) -> None:
    config = replace(config, phases=(Phase(0.5, 128), Phase(1.0, 64)))
    path = config.out / "tinysam2.safetensors"
    list(train_tracking(config, after_one_step()))
    assert load_config(path).image_size == 128
    list(train_tracking(config))
    assert load_config(path).image_size == 64


def test_a_trained_model_can_teach(config: TrackingConfig, tmp_path: Path) -> None:
    config = replace(config, steps=1)
    list(train_tracking(config))
    checkpoint = config.out / "tinysam2.safetensors"
    taught = replace(config, out=tmp_path / "taught", teacher="tinysam2")
    taught = replace(taught, teacher_checkpoint=checkpoint)
    list(train_tracking(taught))
    alone, together = state_of(config), state_of(taught)
    assert any(not torch.equal(value, together[name]) for name, value in alone.items())
    _, _, card = load_checkpoint(taught.out / "tinysam2.safetensors")
    assert card["recipe"]["teacher"] == "tinysam2"  # type: ignore[index]
    with pytest.raises(ValueError, match="teacher must name the model"):
        replace(config, teacher_checkpoint=checkpoint)


def test_averaged_weights_are_validated_as_the_run_goes(
    config: TrackingConfig, tmp_path: Path
) -> None:
    plain = list(train_tracking(config))
    assert not any("val_j" in row for row in plain)
    watched = replace(config, out=tmp_path / "watched")
    for i in range(3):
        write_image(tmp_path / "set" / "clip" / f"{i:05d}", x=20 + i)
    watched = replace(watched, validate=tmp_path / "set")
    reports = list(train_tracking(watched))
    assert [("val_j" in row, "val_f" in row) for row in reports] == [(True, True)] * 2
    assert all(0 <= row["val_j"] <= 1 for row in reports)
    lines = (watched.out / "log.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["val_f"] == reports[-1]["val_f"]
    alone, together = state_of(config), state_of(watched)
    assert all(torch.equal(value, together[name]) for name, value in alone.items())


def test_validation_waits_its_time_but_for_the_end(
    config: TrackingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking_stage, "REPORT_EVERY_S", -1)
    for i in range(3):
        write_image(tmp_path / "set" / "clip" / f"{i:05d}", x=20 + i)
    watched = replace(config, validate=tmp_path / "set", steps=4)
    assert ["val_j" in row for row in train_tracking(watched)] == [True, False, False, True]


def test_what_is_trained_on_cannot_be_validated_on(config: TrackingConfig, tmp_path: Path) -> None:
    seen = replace(config, validate=tmp_path / "seen")
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / "surf").symlink_to(tmp_path / "data" / "video" / "surf")
    with pytest.raises(ValueError, match=r"surf .*must not be trained on"):
        next(train_tracking(seen))
    with pytest.raises(ValueError, match="validate_every_s"):
        replace(config, validate_every_s=0)


def test_a_run_may_start_from_a_whole_network(config: TrackingConfig, tmp_path: Path) -> None:
    list(train_tracking(config))
    first = config.out / "tinysam2.safetensors"
    again = replace(config, encoder=None, start=first, model=None, out=tmp_path / "again")
    list(train_tracking(replace(again, learning_rate=1e-9)))
    _, before, _ = load_checkpoint(first)
    model, after, _ = load_checkpoint(again.out / "tinysam2.safetensors")
    assert model == replace(SMALL, fused=True)
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="model must be left out"):
        replace(again, model=SMALL)
    with pytest.raises(ValueError, match="not both"):
        replace(again, encoder=config.encoder)


def test_encoder_of_another_shape_is_refused(config: TrackingConfig) -> None:
    wide = replace(config, model=replace(SMALL, repvit="m1_0"))
    with pytest.raises((ValueError, RuntimeError)):
        next(train_tracking(wide))


def test_everything_that_is_trained_gets_finite_gradients() -> None:
    torch.manual_seed(0)
    network = TinySam2(SMALL).eval()
    masks = torch.zeros(2, 3, 64, 64, dtype=torch.bool)
    masks[0, :, 10:40, 10:40] = True
    masks[1, :2, 20:50, 5:30] = True  # lost on the last frame
    images = torch.randn(2, 3, 3, 64, 64)
    for seed in range(8):  # so that each kind of prompt is drawn
        generator = torch.Generator().manual_seed(seed)
        result = rollout(
            network, images, masks, masks.roll(4, -1), generator, trains_encoder=seed == 0
        )
        assert torch.isfinite(result.loss)
        result.loss.backward()
        loss, click_iou = click_stills(network, images[:, 0], masks, generator, seed == 0)
        assert 0 <= click_iou <= 1
        loss.backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_frozen_encoder_gets_no_gradient() -> None:
    network = TinySam2(SMALL).eval()
    masks = torch.ones(1, 2, 64, 64, dtype=torch.bool)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(1, 2, 3, 64, 64)
    rollout(network, images, masks, ~masks, generator, False).loss.backward()
    for part in (network.trunk, network.neck):
        assert all(p.grad is None for p in part.parameters())
    assert all(p.grad is not None for p in network.memory_encoder.parameters())


def test_a_phase_without_encoder_and_prompts_trains_tracking_alone(
    config: TrackingConfig, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    start = tmp_path / "start.safetensors"
    network = TinySam2(replace(SMALL, sam_decoder=True))
    save_checkpoint(start, network.config, network.state_dict(), {})
    (phase,) = phases = (Phase(1.0, 64, encoder=False, prompts=False),)
    from_start = replace(config, encoder=None, model=None, start=start)
    rows = list(train_tracking(replace(from_start, phases=phases)))
    assert "track_iou" in rows[-1]
    assert "click_iou" not in rows[-1]
    _, after, _ = load_checkpoint(config.out / "tinysam2.safetensors")
    fused = replace(from_start, out=tmp_path / "still", learning_rate=0.0, phases=(phase,))
    list(train_tracking(fused))
    _, before, _ = load_checkpoint(fused.out / "tinysam2.safetensors")
    changed = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert not changed & {"trunk", "neck", "sam_neck", "sam_decoder"}
    assert {"memory_encoder", "memory_attention", "mask_decoder"} <= changed


def test_matching_learns_before_its_evidence_counts() -> None:
    torch.manual_seed(0)
    network = TinySam2(SMALL).eval()
    assert network.matcher is not None
    torch.nn.init.zeros_(network.matcher.evidence_proj.weight)
    masks = torch.zeros(1, 2, 64, 64, dtype=torch.bool)
    masks[..., 10:40, 10:40] = True
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(1, 2, 3, 64, 64)
    rollout(network, images, masks, ~masks, generator, False).loss.backward()
    for layer in (network.matcher.query_proj, network.matcher.key_proj):
        assert layer.weight.grad is not None
        assert layer.weight.grad.any()
