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
from tinysam2.config import MemoryConfig, MemoryPolicy, ModelConfig


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
        "[" * 100_000,
        "1",
        json.dumps({"name": "x"}),
        json.dumps({"memory": None}),
        json.dumps({"memory": {"policy": "random"}}),
        json.dumps({"memory": {"policy": "fifo"}, "wings": 2}),
    ],
)
def test_configuration_of_another_program_is_refused(tmp_path: Path, config: str) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, path, {"config": config})
    with pytest.raises(CheckpointError, match="is for another model"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mask_bias": "0.15"}, "mask_bias must be of type float, got '0.15'"),
        ({"mask_bias": True}, "mask_bias must be of type float, got True"),
        ({"image_size": 704.0}, "image_size must be of type int, got 704.0"),
        ({"refines_tracked": "false"}, "refines_tracked must be of type bool, got 'false'"),
        ({"fuser_dim": [64]}, "fuser_dim must be of type int or null, got \\[64\\]"),
        ({"name": 5}, "name must be of type str, got 5"),
        ({"memory": {"quality_threshold": None}}, "quality_threshold must be of type float"),
        ({"memory": {"keep_ratio": "all"}}, "keep_ratio must be of type float or null, got 'all'"),
        ({"memory": {"wings": 2}}, "unknown settings \\['wings'\\]"),
    ],
)
def test_a_setting_of_another_type_is_named(
    tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    path = tmp_path / "other.safetensors"
    config = json.dumps({"memory": {}} | settings)
    save_file({"a": torch.zeros(1)}, path, {"config": config})
    with pytest.raises(CheckpointError, match=f"is for another model: {message}"):
        load_checkpoint(path)


def test_whole_numbers_and_missing_settings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    config = json.dumps({"memory": {"keep_ratio": None}, "mask_bias": 1})
    save_file({"a": torch.zeros(1)}, path, {"config": config})
    assert load_checkpoint(path)[0] == ModelConfig(
        memory=MemoryConfig(keep_ratio=None), mask_bias=1
    )


def test_weights_are_written_into_a_new_folder_and_never_over_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "weights.safetensors"
    save_checkpoint(path, ModelConfig(), {"a": torch.zeros(1)}, {})
    assert load_checkpoint(path)[0] == ModelConfig()
    with pytest.raises(OSError, match="cannot be written: it is a folder"):
        save_checkpoint(path.parent, ModelConfig(), {"a": torch.zeros(1)}, {})


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
