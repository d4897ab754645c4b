"""External checkpoints become networks, every key once; others are refused by name."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.parity.reference import open_reference
from tinysam2.build import load_model
from tinysam2.checkpoints.convert import convert_state
from tinysam2.checkpoints.key_maps import EXTERNAL_MODELS, UNREAD_KEYS
from tinysam2.checkpoints.native import CheckpointError
from tinysam2.checkpoints.registry import MODELS
from tinysam2.checkpoints.sam import SAM_MODELS
from tinysam2.model.network import TinySam2

MODEL = "efficienttam-ti"


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    shapes = open_reference("efficienttam_ti").shapes
    half = torch.full((1,), 0.5)  # all weights are views of it: files stay small
    return {key: half.expand(shape or [1]) for key, shape in shapes.items()}


@pytest.fixture
def published(weights: dict[str, Tensor], tmp_path: Path) -> Path:
    path = tmp_path / "published.pt"
    torch.save({"model": weights}, path)
    return path


class Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("ran",)


@pytest.mark.parametrize("name", EXTERNAL_MODELS)
def test_every_key_of_an_external_checkpoint_is_used_exactly_once(name: str) -> None:
    shapes = open_reference(name).shapes
    assert set(UNREAD_KEYS) <= shapes.keys()
    with torch.device("meta"):
        network = TinySam2(EXTERNAL_MODELS[name].config)
        state = {key: torch.empty(shape) for key, shape in shapes.items()}
    found = convert_state(state, EXTERNAL_MODELS[name], network)
    own = network.state_dict()
    assert {k: v.shape for k, v in found.items()} == {k: v.shape for k, v in own.items()}


def test_models_are_listed_by_the_names_of_their_networks() -> None:
    named = {model.network: model.name for model in MODELS.values() if model.network}
    trackers = {key: external.config.name for key, external in EXTERNAL_MODELS.items()}
    assert named == trackers | {key: config.name for key, config in SAM_MODELS.items()}


def test_external_checkpoint_loads(published: Path) -> None:
    network = load_model(MODEL, published, "cpu").network
    assert network.config.name == MODEL
    assert not network.training
    fused = "memory_encoder.mask_downsampler.steps."  # without the mean over equal channels: zero
    for key, value in network.state_dict().items():
        if not key.startswith(fused):
            assert (value == 0.5).all(), key


def test_same_keys_in_a_safetensors_file_load(weights: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "published.safetensors"
    save_file({key: value.contiguous().half() for key, value in weights.items()}, path)
    network = load_model(MODEL, path, "cpu").network
    assert network.no_memory.dtype == torch.float32
    assert (network.no_memory == 0.5).all()


@pytest.mark.parametrize("name", ["edgetam", "tinysam2"])
def test_weights_of_another_model_are_named(published: Path, name: str) -> None:
    message = rf"published\.pt is not for {name}: it looks like {MODEL} or {MODEL}-1"
    with pytest.raises(CheckpointError, match=message):
        load_model(name, published, "cpu")


def test_incomplete_weights_are_refused(weights: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "part.pt"
    torch.save({k: v for k, v in weights.items() if k != "no_mem_embed"}, path)
    with pytest.raises(CheckpointError, match=r"missing: no_memory; unexpected: none"):
        load_model(MODEL, path, "cpu")


def test_code_in_a_weights_file_is_never_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "code.pt"
    torch.save({"model": Code()}, path)
    with pytest.raises(CheckpointError, match="holds code besides weights"):
        load_model("edgetam", path, "cpu")
    assert capsys.readouterr().out == ""


def test_external_models_need_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path))
    with pytest.raises(CheckpointError, match="`tinysam2 weights get edgetam`"):
        load_model("edgetam", download=False)
