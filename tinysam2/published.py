"""Reading and recognising weights files as others publish them: safe and whole."""

import pickle
import re
import warnings
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from tinysam2.checkpoints import CheckpointError, is_own, load_checkpoint, load_state
from tinysam2.families import FAMILIES, Renames
from tinysam2.network import TinySam2
from tinysam2.zoo import MODELS, KnownModel

# Published states hold, besides parameters, a few buffers: at most 0.4 % more numbers (EdgeTAM).
SIZE_TOLERANCE = 0.01
SAFETENSORS = ".safetensors"


def read_published(path: Path) -> dict[str, Tensor]:
    """Read a ``.safetensors`` or PyTorch file without running code that it may hold.

    Returns:
        The state in its own types on the CPU, under the keys it was published with.

    Raises:
        CheckpointError: the file is missing, damaged, holds code, or NaN or infinity.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no weights file at {path}.")
    is_safe = path.suffix == SAFETENSORS
    content = _read_safetensors(path) if is_safe else _read_pickle(path)
    state = content.get("model", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointError(f"The file {path} holds no weights under names.")
    for key, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise CheckpointError(f"The weights file {path} holds NaN or infinity, first in {key}.")
    return state


def _read_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"The weights file {path} is damaged or not in safetensors format ({error})."
        ) from error


def _read_pickle(path: Path) -> object:
    try:
        with warnings.catch_warnings():  # about pickles of other programs, which fail below
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # The unpickler names the function or class, a "global", that it would have to call.
        if " global" in str(error).lower():
            raise CheckpointError(
                f"The file {path} holds code besides weights, which would run when it is read; "
                "it was not read."
            ) from error
        raise _damaged(path) from error
    except PermissionError as error:
        raise CheckpointError(f"The weights file {path} may not be read.") from error
    except Exception as error:  # damaged bytes may lead the unpickler anywhere
        raise _damaged(path) from error


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(f"The weights file {path} is damaged or not in PyTorch's format.")


def recognise(path: Path, models: Iterable[KnownModel] = MODELS.values()) -> list[KnownModel]:
    """Return the known models whose weights a file may hold: key names and size fit.

    Variants that differ only in settings fit alike.

    Raises:
        CheckpointError: the file cannot be used, whatever the model.
    """
    if path.suffix == SAFETENSORS and is_own(path):
        config, own_state, _ = load_checkpoint(path)
        load_state(TinySam2(config), own_state, path)
        return [model for model in models if model.network is None]
    state = read_published(path)
    size = sum(value.numel() for value in state.values())
    return [
        model
        for model in models
        if model.network is not None
        and abs(size / model.parameters - 1) < SIZE_TOLERANCE
        and _fits(state, FAMILIES[model.network].renames)
    ]


def _fits(state: Iterable[str], renames: Renames) -> bool:
    """Tell whether every rename of a family finds a key."""
    return all(any(re.search(pattern, key) for key in state) for pattern, _ in renames)
