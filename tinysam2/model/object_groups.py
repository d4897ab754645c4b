"""How the objects of an image are computed: one by one, or as a batch."""

import torch
from torch import Tensor


def runs_one_by_one(tensor: Tensor) -> bool:
    """Return whether objects are computed one by one, not as a batch: for inference on the CPU."""
    return tensor.device.type == "cpu" and torch.is_inference_mode_enabled()


def in_groups(*tensors: Tensor) -> list[tuple[Tensor, ...]]:
    """Split tensors (O, ...), at least one of them, into groups of objects."""
    size = 1 if runs_one_by_one(tensors[0]) else max(1, len(tensors[0]))
    return list(zip(*(each.split(size) for each in tensors), strict=True))


def of_groups(maps: Tensor, groups: int) -> list[Tensor]:
    """Return the maps (B, ...) of each group: each its own, or the only ones of all."""
    return list(maps.split(1)) if len(maps) == groups > 1 else [maps] * groups
