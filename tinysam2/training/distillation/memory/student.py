"""The small memory encoder as it starts: with what it can take over from the large one."""

from dataclasses import replace
from typing import Any

import torch

from tinysam2.model.memory_encoder import MASK_BIAS, ConvNextBlock, MaskPatches, MemoryEncoder
from tinysam2.model.network import TinySam2

INPUT_RANGE = -MASK_BIAS  # mask probabilities reach the patches as -10 to 10


@torch.no_grad()
def start_student(teacher: TinySam2) -> TinySam2:
    """Make the same network with the small memory encoder, which reads masks by patches.

    It starts with the teacher's norms, projections and first blocks, of these with the hidden
    channels that weigh most; what reads masks starts at random.

    Raises:
        ValueError: the teacher's memory encoder is small already.
    """
    if teacher.config.mask_patches:
        raise ValueError(
            "start must hold a network with the large memory encoder, got one with mask_patches on"
        )
    student = TinySam2(replace(teacher.config, mask_patches=True))
    own = student.state_dict()
    same = {
        name: value
        for name, value in teacher.state_dict().items()
        if name in own
        and value.shape == own[name].shape
        and not name.startswith("memory_encoder.mask_downsampler.")
    }
    student.load_state_dict(same, strict=False)
    blocks = zip(student.memory_encoder.fuser, teacher.memory_encoder.fuser, strict=False)
    for small, large in blocks:
        assert isinstance(small, ConvNextBlock)
        assert isinstance(large, ConvNextBlock)
        _take_hidden_channels(small, large)
    # As if the patches read -1 to 1, so that the first masks do not drown the features.
    patches_of(student.memory_encoder).patch.weight.div_(INPUT_RANGE)
    return student.eval()


def _take_hidden_channels(small: ConvNextBlock, large: ConvNextBlock) -> None:
    """Copy a block but those hidden channels whose weights in and out have the least norms."""
    ways_in, ways_out = large.expand.weight[..., 0, 0], large.project.weight[..., 0, 0]
    weight = ways_in.norm(dim=1) * ways_out.norm(dim=0)
    kept = weight.argsort(descending=True)[: small.expand.out_channels]
    state = large.state_dict()
    for name in ("expand.weight", "expand.bias"):
        state[name] = state[name][kept]
    state["project.weight"] = state["project.weight"][:, kept]
    small.load_state_dict(state)


def patches_of(encoder: MemoryEncoder) -> MaskPatches:
    """Return what reads the masks in a small memory encoder."""
    assert isinstance(encoder.mask_downsampler, MaskPatches)
    return encoder.mask_downsampler


def optimizer_of(encoder: MemoryEncoder, weight_decay: float) -> torch.optim.AdamW:
    """Train all of a small memory encoder but the code of absent objects, which it adds last.

    Groups have a ``rate``, the fraction of the learning rate that is theirs.

    Args:
        encoder: whose parameters then require gradients.
        weight_decay: of matrices and kernels; norms, scales and biases have none.
    """
    encoder.requires_grad_()
    if encoder.no_object is not None:
        encoder.no_object.requires_grad_(False)
    patches = patches_of(encoder).patch.weight
    rest = [p for p in encoder.parameters() if p.requires_grad and p is not patches]
    groups: list[dict[str, Any]] = [
        # What these weights add counts as much as their input is large.
        {"params": [patches], "rate": 1 / INPUT_RANGE, "weight_decay": weight_decay},
        {"params": [p for p in rest if p.ndim > 1], "rate": 1.0, "weight_decay": weight_decay},
        {"params": [p for p in rest if p.ndim <= 1], "rate": 1.0, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.99))
