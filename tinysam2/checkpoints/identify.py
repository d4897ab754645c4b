"""Identifies the known models whose weights a file holds, by its keys."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from tinysam2.checkpoints.convert import convert_state
from tinysam2.checkpoints.external import SAFETENSORS, read_external
from tinysam2.checkpoints.key_maps import EXTERNAL_MODELS, Renames
from tinysam2.checkpoints.native import (
    CheckpointError,
    check_keys,
    is_own,
    load_checkpoint,
)
from tinysam2.checkpoints.registry import MODELS, KnownModel
from tinysam2.checkpoints.sam import SAM_MODELS, SAM_RENAMES, sam_state
from tinysam2.config import ModelConfig
from tinysam2.model.network import TinySam2
from tinysam2.model.sam import Sam

# External checkpoints hold a few buffers besides parameters: at most 0.4 % more (EdgeTAM).
SIZE_TOLERANCE = 0.01


class AmbiguousError(CheckpointError):
    """Weights fit several models; the message names them."""


def identify(path: Path, models: Iterable[KnownModel] = MODELS.values()) -> list[KnownModel]:
    """Return the known models whose weights a file holds: every key is there, and no other.

    Variants that differ only in settings fit alike.

    Raises:
        CheckpointError: the file cannot be used, whatever the model, or some of its keys are
            missing or left over.
    """
    if path.suffix == SAFETENSORS and is_own(path):
        config, own_state, _ = load_checkpoint(path)
        check_keys(_outline(config), own_state, path)
        return [model for model in models if model.network is None]
    state = read_external(path)
    if _fits(state, SAM_RENAMES):
        return _recognize_sam(path, state, models)
    size = sum(value.numel() for value in state.values())
    alike = [
        (model, EXTERNAL_MODELS[model.network])
        for model in models
        if model.network is not None
        and model.is_trackable
        and abs(size / model.parameters - 1) < SIZE_TOLERANCE
        and _fits(state, EXTERNAL_MODELS[model.network].renames)
    ]
    for _, external in alike[:1]:  # the others' keys are the same
        outline = _outline(external.config)
        check_keys(outline, convert_state(state, external, outline), path)
    return [model for model, _ in alike]


def _recognize_sam(
    path: Path, state: Mapping[str, Tensor], models: Iterable[KnownModel]
) -> list[KnownModel]:
    """Do the work of `identify` for models of single images, which all have one network."""
    alike = [model for model in models if model.network in SAM_MODELS]
    with torch.device("meta"):
        outlines = [Sam(SAM_MODELS[model.network or ""]) for model in alike[:1]]
    for outline in outlines:
        check_keys(outline, sam_state(state, path), path)
    return alike


def not_for(name: str, path: Path, others: Sequence[KnownModel]) -> CheckpointError:
    """Say that a file is not for a model, but looks like others."""
    return CheckpointError(
        f"The weights file {path} is not for {name}: it looks like "
        f"{' or '.join(model.name for model in others)}. Choose that model, or another file."
    )


def only_one(candidates: Sequence[KnownModel], path: Path, sha256: str) -> KnownModel:
    """Tell a file's model from its candidates by its hash, or else by its name.

    Raises:
        CheckpointError: there is no candidate.
        AmbiguousError: there are still several.
    """
    exact = [model for model in candidates if model.sha256 == sha256]
    named = [model for model in candidates if model.file_name == path.name]
    if found := exact or (candidates if len(candidates) == 1 else named):
        return found[0]
    if candidates:
        names = ", ".join(model.name for model in candidates)
        raise AmbiguousError(f"The weights in {path} may be those of {names}.")
    families = ", ".join(dict.fromkeys(model.family for model in MODELS.values()))
    raise CheckpointError(
        f"The weights in {path} are not those of a known model: choose a file of {families}."
    )


def _outline(config: ModelConfig) -> TinySam2:
    """Build a network without room for its weights."""
    with torch.device("meta"):
        return TinySam2(config)


def _fits(state: Iterable[str], renames: Renames) -> bool:
    """Return whether every rename of a family finds a key."""
    return all(any(re.search(pattern, key) for key in state) for pattern, _ in renames)
