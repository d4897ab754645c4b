import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from tests.unit.tinysam2.toys import TOY, noise_frames, set_presence, toy_network
from tinysam2.build import load_model, load_own
from tinysam2.checkpoints.native import load_checkpoint, load_scales, save_checkpoint
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.model.fake_quantization import LayerScales
from tinysam2.model.network import TinySam2
from tinysam2.quantization import calibration
from tinysam2.training import pruning
from tinysam2.training.pruning import HiddenLayer, hidden_layers, kept_channels, prune

PATCHES = replace(TOY, mask_patches=True, mask_dim=48, fuser_dim=40)
WIDTHS = {"memory_mlp_dim": 20, "fuser_dim": 24, "mask_dim": 16}


@pytest.fixture(autouse=True)
def _given_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompt an area: a random network finds no objects by itself."""
    mask = np.zeros((48, 80), bool)
    mask[8:40, 10:35] = True
    monkeypatch.setattr(calibration, "_objects_on", lambda *_: [mask])


@pytest.fixture
def video(tmp_path: Path) -> Path:
    folder = tmp_path / "video"
    folder.mkdir()
    for number, frame in enumerate(noise_frames(6)):
        Image.fromarray(frame).save(folder / f"{number:05d}.png")
    return folder


def with_idle_channels() -> TinySam2:
    """Make a network all of whose hidden channels but `WIDTHS` of them have one value each."""
    torch.manual_seed(3)
    network = TinySam2(PATCHES).eval()
    set_presence(network, 4.0)
    nn.init.constant_(network.memory_encoder.fuser[0].scale, 0.5)
    for field, width in WIDTHS.items():
        for layer in hidden_layers(network, field):
            way_in = network.get_submodule(layer.way_in)
            assert isinstance(way_in, nn.Linear | nn.Conv2d)
            assert way_in.bias is not None
            idle = torch.randperm(len(way_in.bias))[width:]
            with torch.no_grad():
                way_in.weight[idle] = 0
    return network


def save(network: TinySam2, path: Path, scales: dict[str, LayerScales] | None = None) -> Path:
    save_checkpoint(path, network.config, network.state_dict(), {"name": "toy"}, scales)
    return path


def tracked(path: Path) -> list[Tensor]:
    model = replace(load_model(checkpoint=path, device="cpu", engine="torch"), autocast=None)
    tracker = VideoTracker(model, noise_frames(4))
    mask = np.zeros((48, 80), bool)
    mask[8:32, 16:40] = True
    tracker.add_mask(1, 0, mask)
    return [torch.from_numpy(step.mask_logits) for step in tracker.propagate()]


def test_channels_that_say_nothing_new_are_removed_and_masks_stay(
    tmp_path: Path, video: Path
) -> None:
    before, after = save(with_idle_channels(), tmp_path / "a"), tmp_path / "b"
    missed = prune(before, WIDTHS, [video], 2, after)
    config, state, card = load_checkpoint(after)
    assert config == replace(PATCHES, **WIDTHS)
    assert card == {"name": "toy", "pruned": WIDTHS}
    assert state["memory_attention.layers.1.linear2.weight"].shape == (64, 20)
    assert state["memory_encoder.fuser.0.expand.weight"].shape == (24, 64, 1, 1)
    assert state["memory_encoder.mask_downsampler.hidden.weight"].shape == (16, 16, 1, 1)
    assert len(missed) == 5
    assert max(missed.values()) < 1e-5
    for found, expected in zip(tracked(after)[1:], tracked(before)[1:], strict=True):
        assert expected.abs().max() < 100  # a mask, not that of an absent object
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_the_channels_missed_least_are_removed_and_the_others_fitted_anew() -> None:
    torch.manual_seed(0)
    x = torch.randn(400, 8, dtype=torch.float64)
    x[:, 5] = 0.7 * x[:, 1] - 2 * x[:, 2] + 0.01 * x[:, 5]  # nearly follows from others
    x[:, 6] = 3.0  # follows from the bias
    weight = torch.randn(5, 9, dtype=torch.float64)
    weight[:, 3] *= 1e-3  # hardly read
    given = torch.cat([x, torch.ones(400, 1, dtype=torch.float64)], 1)
    kept, found = kept_channels(weight, given.T @ given, 5)
    assert 3 not in kept
    assert 6 not in kept
    assert {1, 2, 5} - {*kept.tolist()}  # one of the three
    read = [*kept.tolist(), 8]
    best = torch.linalg.lstsq(given[:, read], given @ weight.T).solution.T
    torch.testing.assert_close(found[:, read], best, atol=1e-3, rtol=1e-3)
    assert set(range(9)) - set(read) == set((found == 0).all(0).nonzero()[:, 0].tolist())


def test_layers_that_change_lose_their_scales_and_others_keep_them(
    tmp_path: Path, video: Path
) -> None:
    network = with_idle_channels()
    names = ("memory_attention.layers.0.linear1", "memory_attention.layers.0.cross_attn.q_proj")
    scales = {}
    for name in names:
        rows = len(network.get_submodule(name).weight)  # type: ignore[arg-type]
        scales[name] = LayerScales(0.1, 3, torch.full((rows,), 0.01))
    before = save(network, tmp_path / "a", scales)
    prune(before, {"memory_mlp_dim": 60}, [video], 1, tmp_path / "b")
    assert {*load_scales(tmp_path / "b")} == {names[1]}
    assert load_own(tmp_path / "b").config.memory_mlp_dim == 60


@pytest.mark.parametrize("width", [0, -1, 64, 65])
def test_a_width_must_be_less_than_before(tmp_path: Path, video: Path, width: int) -> None:
    before = save(toy_network(), tmp_path / "a")
    with pytest.raises(ValueError, match=f"memory_mlp_dim must be from 1 to 63, got {width}"):
        prune(before, {"memory_mlp_dim": width}, [video], 1, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_network_that_reads_whole_masks_has_no_patches_to_narrow() -> None:
    with pytest.raises(ValueError, match="the network reads no masks by patches"):
        hidden_layers(toy_network(), "mask_dim")


def test_the_large_memory_encoder_has_two_blocks_to_narrow() -> None:
    names = [f"memory_encoder.fuser.{i}" for i in (0, 1)]
    expected = [HiddenLayer(f"{name}.expand", f"{name}.project") for name in names]
    assert hidden_layers(toy_network(), "fuser_dim") == expected


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    given = ["pruning"]
    monkeypatch.setattr(sys, "argv", given)
    return given


def test_the_command_line_prunes_and_prints_what_is_missed(
    tmp_path: Path, video: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = save(with_idle_channels(), tmp_path / "a")
    command += [str(before), str(tmp_path / "b"), "--calibrate", str(video), "--frames", "1"]
    command += ["--fuser-dim", "24"]
    assert pruning.main() == 0
    assert capsys.readouterr().out == "memory_encoder.fuser.0.project: 0.000 % missed\n"
    assert load_own(tmp_path / "b").config.fuser_dim == 24


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--fuser-dim", "40"], "fuser_dim must be from 1 to 39, got 40"),
        (["--fuser-dim", "24", "--frames", "0"], "a frame for each video at least, got 0"),
        (["--fuser-dim", "24", "--calibrate", "nowhere"], "nowhere"),
    ],
)
def test_the_command_line_says_what_is_wrong(
    tmp_path: Path,
    video: Path,
    command: list[str],
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    says: str,
) -> None:
    before = save(with_idle_channels(), tmp_path / "a")
    command += [str(before), str(tmp_path / "b"), "--calibrate", str(video), *options]
    assert pruning.main() == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_a_width_must_be_named(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    command += ["a", "b", "--calibrate", "c"]
    with pytest.raises(SystemExit, match="2"):
        pruning.main()
    assert "one of --memory-mlp-dim, --fuser-dim, --mask-dim is needed" in capsys.readouterr().err
