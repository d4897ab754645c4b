"""Compiled parts of what is trained: fewer and larger kernels."""

from collections.abc import Iterable
from importlib.util import find_spec

import torch
from torch import nn

BACKEND = "inductor"
DEVICE, COMPILER = "cuda", "triton"  # what pays, and what it takes


def compile_parts(parts: Iterable[nn.Module], device: str) -> None:
    """Compile modules in place: the names of their weights stay, and their copies are as before.

    Batches differ in shape from step to step: torch compiles the first one for itself and, a few
    times at the beginning, for sides that change.
    LIMIT: from the ninth compilation of a module on, it runs as it is; torch says so.

    Args:
        parts: modules that are called as such, not by a method of theirs.
        device: where they lie.

    Raises:
        ValueError: it cannot be done there.
    """
    if torch.device(device).type != DEVICE:
        raise ValueError(f"compile needs a {DEVICE} device, got {device}")
    if find_spec(COMPILER) is None:
        raise ValueError(f"compile needs the package {COMPILER}, which is not installed")
    for part in parts:
        part.compile(backend=BACKEND)
