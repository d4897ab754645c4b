"""Choosing where and in which precision a network runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

INT8 = "int8"
PRECISIONS = ("float32", "bfloat16", "float16", INT8)
"""In which a network can run; what is not in 8 bits with the last is in float32."""


def choose_device(name: str = "auto") -> torch.device:
    """Turn "auto", "cpu", "cuda", "cuda:1" or "mps" into a device.

    Raises:
        ValueError: there is no such device here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device must be auto, cpu, cuda[:i] or mps, got {name!r}") from error
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not available.get(device.type, False):
        raise ValueError(f"device {name!r} is not available on this machine")
    return device


def available_devices() -> tuple[str, ...]:
    """Return the names that `choose_device` takes here, "auto" first."""
    cuda = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return ("auto", "cpu", *(["cuda"] if len(cuda) == 1 else cuda), *mps)


def choose_precision(device: torch.device) -> torch.dtype | None:
    """Return the autocast type that is both sound and faster there; None for float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "cpu" and torch.cpu._is_avx512_bf16_supported():
        return torch.bfloat16
    return None


def precision_named(name: str) -> torch.dtype | None:
    """Turn a name of `PRECISIONS` into an autocast type; None for float32.

    Raises:
        ValueError: there is no such precision.
    """
    if name not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {name!r}")
    dtype = torch.float32 if name == INT8 else getattr(torch, name)
    return None if dtype is torch.float32 else dtype


def has_int8_products() -> bool:
    """Return whether the processor multiplies and adds 8-bit numbers exactly (VNNI).

    Without these instructions sums of products of 8-bit numbers saturate at 16 bits.
    """
    if hasattr(torch.cpu, "get_capabilities"):  # since torch 2.12
        found = torch.cpu.get_capabilities()
        return bool(found.get("avx512_vnni") or found.get("avx_vnni"))
    return bool(torch.cpu._is_vnni_supported())


@contextmanager
def processor_threads(count: int | None) -> Iterator[int]:
    """Let torch use a number of processor threads meanwhile; yields how many it uses."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether torch failed because a device, or the computer, has no room."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    words = ("allocate memory", "out of memory", "ALLOC_FAILED")  # of the CPU, MPS and cuBLAS
    return any(word in str(error) for word in words)


def place(module: nn.Module, device: torch.device) -> None:
    """Move a network, in place, to a device in the memory layout that convolutions like best."""
    # torch's own annotations leave `memory_format` out.
    module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
