"""Loads external checkpoints of trackers into networks; every key must be used once."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from tinysam2.checkpoints.external import read_external
from tinysam2.checkpoints.key_maps import (
    EXTERNAL_MODELS,
    TRACKER_RENAMES,
    UNREAD_KEYS,
    ExternalModel,
    join_rows,
    rename_keys,
)
from tinysam2.checkpoints.native import load_state
from tinysam2.model.network import TinySam2


def load_external(network_name: str, path: Path) -> TinySam2:
    """Build an external model and load its checkpoint.

    Args:
        network_name: a key of `EXTERNAL_MODELS`.
        path: the original file (``.pt``), or the same keys in a ``.safetensors`` file.

    Raises:
        CheckpointError: the file is missing, damaged, holds code or belongs to another model.
    """
    external = EXTERNAL_MODELS[network_name]
    state_dict = read_external(path)
    network = TinySam2(external.config)
    load_state(network, convert_state(state_dict, external, network), path)
    return network


def convert_state(
    state_dict: Mapping[str, Tensor], external: ExternalModel, network: TinySam2
) -> dict[str, Tensor]:
    """Convert an external state to our names and shapes; unknown keys stay as they are."""
    kept = {key: value for key, value in state_dict.items() if key not in UNREAD_KEYS}
    renamed = rename_keys(rename_keys(kept, external.renames), TRACKER_RENAMES)
    own = {key: value.shape for key, value in network.state_dict().items()}
    return {
        key: _without_ones(value, own.get(key, value.shape))
        for key, value in join_rows(renamed).items()
    }


def _without_ones(value: Tensor, shape: torch.Size) -> Tensor:
    """Reshape to a shape that differs in dimensions of one only; leave anything else alone."""
    same = [n for n in value.shape if n != 1] == [n for n in shape if n != 1]
    return value.reshape(shape) if same else value
