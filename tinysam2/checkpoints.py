"""Reading and writing the program's own weights files: strict, safe and atomic."""

import json
import os
from dataclasses import asdict, fields
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tinysam2.config import KeyPooling, MemoryConfig, MemoryPolicy, ModelConfig


class CheckpointError(ValueError):
    """A weights file cannot be used; the message says which file, why, and what to do."""


def save_checkpoint(
    path: Path, config: ModelConfig, state: dict[str, Tensor], card: dict[str, object]
) -> None:
    """Write fp16 weights with their configuration and model card as one ``.safetensors`` file."""
    half = {
        k: (v.half() if v.is_floating_point() else v).contiguous().cpu() for k, v in state.items()
    }
    metadata = {"config": json.dumps(asdict(config)), "card": json.dumps(card)}
    temporary = path.with_name(path.name + ".part")
    save_file(half, temporary, metadata)
    os.replace(temporary, path)


def load_checkpoint(path: Path) -> tuple[ModelConfig, dict[str, Tensor], dict[str, object]]:
    """Read a file of `save_checkpoint`.

    Returns:
        The model's configuration, its float32 state and its card.

    Raises:
        CheckpointError: the file is missing, damaged, of another kind, or holds NaN.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no weights file at {path}.")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"The weights file {path} is damaged or not in safetensors format ({error})."
        ) from error
    config, card = _read_metadata(path, metadata)
    bad = [k for k, v in state.items() if v.is_floating_point() and not torch.isfinite(v).all()]
    if bad:
        raise CheckpointError(f"The weights file {path} holds NaN or infinity, first in {bad[0]}.")
    state = {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
    return config, state, card


def is_own(path: Path) -> bool:
    """Tell whether a ``.safetensors`` file is one of `save_checkpoint`."""
    try:
        with safe_open(path, "pt") as file:
            return "config" in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def _read_metadata(path: Path, metadata: dict[str, str]) -> tuple[ModelConfig, dict[str, object]]:
    if "config" not in metadata:
        raise CheckpointError(f"The weights file {path} does not say which model it is for.")
    try:
        values = json.loads(metadata["config"])
        memory = values["memory"]
        memory["policy"] = MemoryPolicy(memory["policy"])
        values["memory"] = MemoryConfig(**memory)
        if "key_pooling" in values:
            values["key_pooling"] = KeyPooling(values["key_pooling"])
        known = {f.name for f in fields(ModelConfig)}
        if unknown := set(values) - known:
            raise ValueError(f"unknown settings {sorted(unknown)}")
        return ModelConfig(**values), json.loads(metadata.get("card", "{}"))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"The weights file {path} is for another model: {error}.") from error


def load_state(module: torch.nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Load a state into a module, every key exactly once.

    Raises:
        CheckpointError: keys are missing or left over, or shapes differ.
    """
    own = module.state_dict()
    missing, unexpected = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    if missing or unexpected:
        raise CheckpointError(
            f"The weights file {path} does not fit the model: {len(missing)} keys missing"
            f"{_first(missing)}, {len(unexpected)} unexpected{_first(unexpected)}."
        )
    wrong = [k for k, v in state.items() if v.shape != own[k].shape]
    if wrong:
        raise CheckpointError(
            f"The weights file {path} is for a model of another size: {wrong[0]} is "
            f"{tuple(state[wrong[0]].shape)}, not {tuple(own[wrong[0]].shape)}."
        )
    module.load_state_dict(state)


def _first(keys: list[str]) -> str:
    return f" (first {keys[0]})" if keys else ""
