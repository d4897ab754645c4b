"""Reads external checkpoints safely, without running code that they may hold."""

import pickle
import pickletools
import warnings
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from tinysam2.checkpoints.native import (
    GET_AGAIN,
    MAX_FILE_BYTES,
    CheckpointError,
    check_file,
    check_numbers,
)

SAFETENSORS = ".safetensors"
CALLING = {"GLOBAL", "STACK_GLOBAL", "INST"}  # what pickles begin with to call something


def read_external(path: Path) -> dict[str, Tensor]:
    """Read a ``.safetensors`` or PyTorch file without running code that it may hold.

    Returns:
        The state in its own types on the CPU, under its original keys.

    Raises:
        CheckpointError: the file is missing, damaged, holds code, or NaN or infinity.
    """
    check_file(path)
    is_safe = path.suffix == SAFETENSORS
    content = _read_safetensors(path) if is_safe else _read_pickle(path)
    state = content.get("model", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointError(
            f"The file {path} holds no weights under names. Choose a file of weights."
        )
    check_numbers(state, path)
    return state


def _read_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"The weights file {path} is damaged or not in safetensors format ({error}). "
            f"{GET_AGAIN}"
        ) from error


def _read_pickle(path: Path) -> object:
    try:
        _check_archive(path)
        with warnings.catch_warnings():  # about pickles of other programs, which fail below
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # The unpickler names the function or class, a "global", that it would have to call.
        if " global" in str(error).lower() or _calls_something(path):
            raise CheckpointError(
                f"The file {path} holds code besides weights, which would run when it is read; "
                "it was not read. Ask for a file of the weights alone."
            ) from error
        raise _damaged(path) from error
    except CheckpointError:
        raise
    except PermissionError as error:
        raise CheckpointError(f"The weights file {path} may not be read.") from error
    except Exception as error:  # damaged bytes may lead the unpickler anywhere
        raise _damaged(path) from error


def _check_archive(path: Path) -> None:
    """Refuse a packed file: PyTorch never packs weights, and a small one can unpack to any size."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    is_packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if is_packed or sum(entry.file_size for entry in entries) > MAX_FILE_BYTES:
        raise _damaged(path)


def _calls_something(path: Path) -> bool:
    """Return whether a bare pickle, of a kind that the unpickler cannot read, would run code."""
    try:
        with path.open("rb") as file:
            return any(code.name in CALLING for code, _, _ in pickletools.genops(file))
    except (ValueError, OSError):  # not a pickle
        return False


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(
        f"The weights file {path} is damaged or not in PyTorch's format. {GET_AGAIN}"
    )
