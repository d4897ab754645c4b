"""Converts network outputs to memory entries, and a bank to the memory that the network reads.

Training uses the same functions, so that a network is trained on the memory it has at inference.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.config import KeyPooling, MemoryConfig, MemoryPolicy
from tinysam2.memory.bank import MemoryBank
from tinysam2.memory.entry import MemoryEntry
from tinysam2.memory.mask_shape import mask_shapes
from tinysam2.memory.pooling import MemoryGrid, compress_memory
from tinysam2.memory.sam2_bank import Sam2Bank
from tinysam2.memory.scores import FrameScores, novelty, object_descriptors, object_presence
from tinysam2.model.decoder.predictions import ObjectMasks
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.layers.positions import grid_xy, sine_code_2d
from tinysam2.model.memory_attention import ObjectMemory
from tinysam2.model.memory_encoder import coverage
from tinysam2.model.network import MAX_TIME_CODES, TinySam2


def make_bank(
    network: TinySam2,
    config: MemoryConfig,
    feature_hw: tuple[int, int],
    is_backward: bool = False,
) -> MemoryBank:
    """Make an empty bank for one object: a `Sam2Bank` if network and settings are SAM 2's."""
    budget = config.token_budget(feature_hw)
    is_sam2 = config.policy is MemoryPolicy.FIFO and budget is None and network.config.follows_sam2
    make = Sam2Bank if is_sam2 else MemoryBank
    grid = memory_grid(network, feature_hw, config.pool)
    return make(config, budget, network.pointer_tokens, grid, is_backward=is_backward)


def make_entries(
    memory: Tensor,
    features: ImageFeatures,
    masks: ObjectMasks,
    banks: list[MemoryBank],
    frame: int,
    is_conditioning: list[bool],
    distractors: Sequence[float | None] | None = None,
) -> list[MemoryEntry]:
    """Make a memory entry for each object on a frame, to be submitted to its bank.

    Args:
        memory: (O, memory_dim, H, W), or latents (O, N, memory_dim).
        features: of the image(s), B = O or 1.
        masks: of the frame, at least as fine as ``features.s16``.
        banks: of the objects, for novelty.
        frame: its index.
        is_conditioning: prompted or pinned, per object.
        distractors: `MemoryEntry.distractor_overlap` per object.
    """
    config = banks[0].config
    covered = coverage(masks.logits, features.size_hw)
    details = covered if config.keeps_details and config.pool > 1 else None
    compressed = compress_memory(memory, details, config.pool, banks[0].max_tokens)
    descriptors = object_descriptors(features.s16, masks.logits)
    shapes = mask_shapes(masks.logits)
    entries = []
    ious, logits = masks.predicted_iou.tolist(), masks.object_logit.tolist()
    for i, bank in enumerate(banks):
        presence = object_presence(logits[i])
        others = [e.descriptor for e in bank.readable() if e.frame != frame]
        novel = novelty(descriptors[i], others)
        scores = FrameScores(ious[i], presence, ious[i] * presence, novel)
        tokens, locations = compressed[i]
        is_object = bank.grid.shows_object(covered[i], locations)
        looks = masks.pointer[i], descriptors[i], scores, shapes[i]
        entry = MemoryEntry(frame, tokens, locations, is_object, *looks, is_conditioning[i])
        entries.append(replace(entry, distractor_overlap=distractors[i]) if distractors else entry)
    return entries


def read_memory(
    network: TinySam2, bank: MemoryBank, frame: int, feature_hw: tuple[int, int]
) -> ObjectMemory:
    """Return what a frame reads from a bank, as the network takes it."""
    entries = bank.readable(frame)
    tokens = torch.cat([e.tokens for e in entries])
    locations = torch.cat([e.locations for e in entries])
    grid = bank.grid
    time_index = torch.cat(
        [
            torch.full((len(e.tokens),), _time_code(e, steps), device=tokens.device)
            for e, steps in zip(entries, bank.steps_back(entries, frame), strict=True)
        ]
    )
    # SAM 2 reads no pointers of frames that the propagation has not reached.
    pointers = bank.pointers_behind(frame) if network.config.follows_sam2 else bank.pointers
    ages = torch.tensor([abs(frame - f) for f in pointers], device=tokens.device)
    return ObjectMemory(
        tokens=tokens,
        xy=grid.xy[locations],
        time_index=time_index,
        key_bias=grid.key_bias[locations],
        pointers=_stacked(list(pointers.values()), network.config.dim, tokens),
        pointer_age=_pointer_age(network, ages, bank.config.max_pointers),
        code=None if grid.code is None else grid.code[locations],
        group=_key_group(network, bank, entries, feature_hw),
    )


def _stacked(pointers: list[Tensor], dim: int, like: Tensor) -> Tensor:
    return torch.stack(pointers) if pointers else like.new_zeros(0, dim)


def memory_grid(network: TinySam2, feature_hw: tuple[int, int], pool: int) -> MemoryGrid:
    """Return the positions of the tokens of a stored frame.

    Args:
        network: whose memory it is.
        feature_hw: (H, W).
        pool: side of the pooling windows, see `compress_memory`.
    """
    device, dim = network.time_code.device, network.config.memory_dim
    if network.spatial_perceiver is None:
        grid = MemoryGrid.of(feature_hw, pool, device)
        code = sine_code_2d(grid.xy, feature_hw, dim) if network.config.follows_sam2 else None
        return replace(grid, code=code)
    size_hw = network.spatial_perceiver.window_grid, network.spatial_perceiver.window_grid
    nowhere = (
        0,
        0,
        0,
        len(network.spatial_perceiver.global_latents),
    )  # global latents have no position
    xy = grid_xy(*size_hw, device=device)
    code = F.pad(sine_code_2d(xy, size_hw, dim), nowhere)
    each = torch.arange(len(code), device=device)
    return MemoryGrid(
        size_hw, F.pad(xy, nowhere), torch.zeros(len(code), device=device), each, code
    )


def _key_group(
    network: TinySam2, bank: MemoryBank, entries: list[MemoryEntry], feature_hw: tuple[int, int]
) -> Tensor | None:
    """Number the 2 x 2 blocks of locations whose keys are merged: (n,), None to merge none.

    As in EfficientTAM, nothing is merged while one frame is remembered.  Neither are tokens that
    were pooled already.
    """
    height, width = feature_hw
    if network.config.key_pooling is KeyPooling.NONE or bank.config.pool > 1:
        return None
    if sum(len(e.tokens) for e in entries) <= height * width:
        return None
    blocks = [e.locations // width // 2 * width + e.locations % width // 2 for e in entries]
    return torch.cat([block + i * height * width for i, block in enumerate(blocks)])


def _pointer_age(network: TinySam2, frames: Tensor, max_pointers: int) -> Tensor:
    """Scale the number of frames (p,) since each pointer, for its temporal code."""
    if network.config.follows_sam2:
        return frames / max(1, max_pointers - 1)
    return (frames / max_pointers).clamp(max=4.0)


def _time_code(entry: MemoryEntry, steps_back: int) -> int:
    """Return an entry's temporal code: 0 for one step back, the last for conditioning frames."""
    return MAX_TIME_CODES - 1 if entry.is_conditioning else min(steps_back, MAX_TIME_CODES - 1) - 1


def attended_tokens(memory: ObjectMemory, pointer_tokens: int) -> int:
    """Count the tokens that one object reads, pointers included."""
    return len(memory.tokens) + pointer_tokens * len(memory.pointers)
