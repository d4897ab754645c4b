import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.unit.tinysam2.toys import TOY, toy_network
from tinysam2.build import load_model
from tinysam2.checkpoints.native import (
    CheckpointError,
    load_checkpoint,
    load_state,
    save_checkpoint,
)
from tinysam2.config import MemoryPolicy


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "toy.safetensors"
    save_checkpoint(path, TOY, toy_network().state_dict(), {"steps": 3})
    return path


def test_round_trip_keeps_configuration_weights_and_card(saved: Path) -> None:
    config, state, card = load_checkpoint(saved)
    assert config == TOY
    assert config.memory.policy is MemoryPolicy.QUALITY
    assert card == {"steps": 3}
    for name, value in toy_network().state_dict().items():
        torch.testing.assert_close(state[name], value, atol=1e-3, rtol=1e-3)
    assert [p.name for p in saved.parent.iterdir()] == ["toy.safetensors"]


def test_saved_model_loads_for_inference(saved: Path) -> None:
    model = load_model(checkpoint=saved, device="cpu")
    assert model.network.config == TOY
    assert not model.network.training


def test_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model must be one of tinysam2.*, got 'sam9'"):
        load_model("sam9")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"There is no weights file at .*none\.safetensors"):
        load_checkpoint(tmp_path / "none.safetensors")


def test_truncated_file_is_damaged(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="is damaged or not in safetensors format"):
        load_checkpoint(saved)


def test_other_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="is damaged or not in safetensors format"):
        load_checkpoint(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    path, state = tmp_path / "bad.safetensors", toy_network().state_dict()
    state["no_memory"] = state["no_memory"].clone().fill_(value)
    save_checkpoint(path, TOY, state, {})
    with pytest.raises(CheckpointError, match="holds NaN or infinity, first in no_memory"):
        load_checkpoint(path)


def test_file_without_configuration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plain.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="does not say which model it is for"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "config",
    [
        "not json",
        "[]",
        json.dumps({"name": "x"}),
        json.dumps({"memory": {"policy": "random"}}),
        json.dumps({"memory": {"policy": "fifo"}, "wings": 2}),
    ],
)
def test_configuration_of_another_program_is_refused(tmp_path: Path, config: str) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, path, {"config": config})
    with pytest.raises(CheckpointError, match="is for another model"):
        load_checkpoint(path)


def test_damaged_card_is_refused(tmp_path: Path) -> None:
    path, config = tmp_path / "card.safetensors", json.dumps({"memory": {"policy": "fifo"}})
    save_file({"a": torch.zeros(1)}, path, {"config": config, "card": "{"})
    with pytest.raises(CheckpointError, match="is for another model"):
        load_checkpoint(path)


def test_keys_of_another_model_are_refused() -> None:
    network = toy_network()
    state = network.state_dict()
    state |= {f"extra{i}": state["no_memory"] for i in range(7)}
    del state["no_memory"]
    message = r"missing: no_memory; unexpected: extra0, .*, extra4 and 2 more\. Choose the model"
    with pytest.raises(CheckpointError, match=message):
        load_state(network, state, Path("w"))


def test_other_size_is_refused() -> None:
    network = toy_network()
    state = network.state_dict() | {"no_memory": torch.zeros(3)}
    with pytest.raises(CheckpointError, match=r"no_memory is \(3,\), not \(64,\)"):
        load_state(network, state, Path("w"))
