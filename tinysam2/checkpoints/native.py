"""Reading and writing the program's own weights files: strict, safe and atomic."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, get_args, get_type_hints

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tinysam2.atomic_write import atomic_write
from tinysam2.checkpoints.scales import PREFIX, as_tensors, from_tensors
from tinysam2.config import KeyPooling, MemoryConfig, MemoryPolicy, ModelConfig
from tinysam2.model.fake_quantization import NetworkScales

GET_AGAIN = "Get it again where it came from."
LISTED_KEYS = 5
MAX_FILE_BYTES = 8 << 30
MAX_WEIGHTS = 1 << 30
"""Largest number of weights in a file; five times as many as the largest known model has."""


class CheckpointError(ValueError):
    """A weights file cannot be used; the message says which file, why, and what to do."""


def save_checkpoint(
    path: Path,
    config: ModelConfig,
    state: dict[str, Tensor],
    card: dict[str, object],
    scales: NetworkScales | None = None,
) -> None:
    """Write fp16 weights with their configuration and model card as one ``.safetensors`` file.

    Args:
        path: the file.
        config: of the network.
        state: its weights.
        card: what a model card says, for JSON.
        scales: with which layers compute in 8 bits, in float32; none if None.

    Raises:
        OSError: the file cannot be written.
    """
    prepare_target(path)
    half = {
        k: (v.half() if v.is_floating_point() else v).contiguous().cpu() for k, v in state.items()
    }
    metadata = {"config": json.dumps(asdict(config)), "card": json.dumps(card)}
    try:
        with atomic_write(path) as partial:
            save_file(half | as_tensors(scales or {}), partial, metadata)
    except SafetensorError as error:
        raise OSError(f"{path} cannot be written: {error}") from error


def prepare_target(path: Path) -> None:
    """Create the folder of a weights file, so that a wrong path is found before long work.

    Raises:
        OSError: it cannot be created, or ``path`` is itself a folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(f"{path} cannot be written: it is a folder")


def load_checkpoint(path: Path) -> tuple[ModelConfig, dict[str, Tensor], dict[str, object]]:
    """Read a file of `save_checkpoint`.

    Returns:
        The model's configuration, its float32 state and its card.

    Raises:
        CheckpointError: the file is missing, damaged, of another kind, or holds NaN.
    """
    metadata, state = _read(path, PREFIX, is_left_out=True)
    config, card = _read_metadata(path, metadata)
    check_numbers(state, path)
    state = {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
    return config, state, card


def load_scales(path: Path) -> NetworkScales:
    """Read the scales of 8-bit layers from a file of `save_checkpoint`; none in most files.

    Raises:
        CheckpointError: the file is missing, damaged, or holds scales that cannot be used.
    """
    _, tensors = _read(path, PREFIX)
    check_numbers(tensors, path)
    try:
        return from_tensors(tensors)
    except ValueError as error:
        raise CheckpointError(f"The weights file {path} cannot be used: {error}.") from error


def load_config(path: Path) -> ModelConfig:
    """Read which network a file of `save_checkpoint` is for, without its weights.

    Raises:
        CheckpointError: the file is missing, damaged or of another kind.
    """
    return _read_metadata(path, _read(path)[0])[0]


def check_numbers(state: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that are no numbers, or more than any model has.

    A file can claim more weights than it holds; they are counted before memory is taken for them.

    Raises:
        CheckpointError: some are NaN or infinite, not stored one by one, or too many.
    """
    if any(value.layout is not torch.strided for value in state.values()):
        raise CheckpointError(f"The weights file {path} holds sparse tensors. {GET_AGAIN}")
    if sum(value.numel() for value in state.values()) > MAX_WEIGHTS:
        raise CheckpointError(
            f"The weights file {path} claims to hold more than {MAX_WEIGHTS} weights. {GET_AGAIN}"
        )
    for key, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise CheckpointError(
                f"The weights file {path} holds NaN or infinity, first in {key}: it is damaged, or "
                f"its training failed. {GET_AGAIN}"
            )


def check_file(path: Path) -> None:
    """Check that a weights file is there, and not too large to be one.

    Raises:
        CheckpointError: it is not.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no weights file at {path}.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise CheckpointError(
            f"The file {path} is larger than {MAX_FILE_BYTES >> 30} GB, so it is no weights file."
        )


def is_own(path: Path) -> bool:
    """Return whether a ``.safetensors`` file is one of `save_checkpoint`."""
    try:
        return "config" in _read(path)[0]
    except CheckpointError:
        return False


def _read(
    path: Path, prefix: str | None = None, is_left_out: bool = False
) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Read a file's metadata and the tensors with a prefix, or those without it; or none."""
    check_file(path)
    try:
        with safe_open(path, "pt") as file:
            names = () if prefix is None else file.keys()
            wanted = [n for n in names if n.startswith(prefix or "") is not is_left_out]
            return file.metadata() or {}, {name: file.get_tensor(name) for name in wanted}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"The weights file {path} is damaged or not in safetensors format ({error}). "
            f"{GET_AGAIN}"
        ) from error


def _read_metadata(path: Path, metadata: dict[str, str]) -> tuple[ModelConfig, dict[str, object]]:
    if "config" not in metadata:
        raise CheckpointError(f"The weights file {path} does not say which model it is for.")
    try:
        values = json.loads(metadata["config"])
        if not isinstance(values, dict) or not isinstance(values.get("memory"), dict):
            raise ValueError("it has no settings of memory")
        memory = values["memory"]
        if "policy" in memory:
            memory["policy"] = MemoryPolicy(memory["policy"])
        if "key_pooling" in values:
            values["key_pooling"] = KeyPooling(values["key_pooling"])
        _check_settings(MemoryConfig, memory)
        values["memory"] = MemoryConfig(**memory)
        _check_settings(ModelConfig, values)
        return ModelConfig(**values), json.loads(metadata.get("card", "{}"))
    except (RecursionError, TypeError, ValueError) as error:
        raise CheckpointError(f"The weights file {path} is for another model: {error}.") from error


def _check_settings(kind: type[MemoryConfig] | type[ModelConfig], values: dict[str, Any]) -> None:
    """Refuse settings that are unknown, or of another type than the configuration's fields.

    Raises:
        ValueError: there are some.
    """
    types = get_type_hints(kind)
    if unknown := sorted(values.keys() - types.keys()):
        raise ValueError(f"unknown settings {unknown}")
    for name, value in values.items():
        allowed = get_args(types[name]) or (types[name],)
        if type(value) not in (*allowed, *([int] if float in allowed else [])):
            names = " or ".join("null" if each is type(None) else each.__name__ for each in allowed)
            raise ValueError(f"{name} must be of type {names}, got {shortened(value)}")


def load_state(module: torch.nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Load a state into a module, every key exactly once; raises as `check_keys` does."""
    check_keys(module, state, path)
    module.load_state_dict(state)


def check_keys(module: torch.nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Make sure that a state has every key of a module, in its shape, and no other.

    Raises:
        CheckpointError: keys are missing or left over, or shapes differ.
    """
    own = module.state_dict()
    missing, unexpected = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    if missing or unexpected:
        raise CheckpointError(
            f"The weights file {path} does not fit the model; missing: {_listed(missing)}; "
            f"unexpected: {_listed(unexpected)}. Choose the model it was made for, or get a whole "
            "file."
        )
    wrong = [k for k, v in state.items() if v.shape != own[k].shape]
    if wrong:
        raise CheckpointError(
            f"The weights file {path} is for a model of another size: {wrong[0]} is "
            f"{tuple(state[wrong[0]].shape)}, not {tuple(own[wrong[0]].shape)}. Choose the model "
            "it was made for."
        )


def _listed(keys: list[str]) -> str:
    """Name keys, the first of many."""
    more = len(keys) - LISTED_KEYS
    named = ", ".join(keys[:LISTED_KEYS]) or "none"
    return f"{named} and {more} more" if more > 0 else named
