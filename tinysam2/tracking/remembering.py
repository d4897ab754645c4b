"""Between network and bank: making memory entries and laying out what an object may read.

Inference and training go through the same functions, so that a network is trained on the memory
it will have.
"""

import math

import torch
from torch import Tensor

from tinysam2.config import MemoryConfig
from tinysam2.memory.bank import MemoryBank
from tinysam2.memory.compression import pool_memory, pooled_positions
from tinysam2.memory.entry import MemoryEntry
from tinysam2.memory.quality import FrameScores, novelty, object_descriptors, object_presence
from tinysam2.memory.shape import mask_shapes
from tinysam2.network import MAX_TIME_CODES, ImageFeatures, ObjectMasks, ObjectMemory, TinySam2


def make_bank(network: TinySam2, config: MemoryConfig, feature_hw: tuple[int, int]) -> MemoryBank:
    """Make the empty bank of one object."""
    return MemoryBank(config, config.token_budget(feature_hw), network.pointer_tokens)


def make_entries(
    memory: Tensor,
    features: ImageFeatures,
    masks: ObjectMasks,
    banks: list[MemoryBank],
    frame: int,
    is_fixed: list[bool],
) -> list[MemoryEntry]:
    """Make one object's candidate entry each from a frame's memory maps.

    Args:
        memory: (O, memory_dim, H, W).
        features: of the picture(s), B = O or 1.
        masks: of the frame, at least as fine as ``features.s16``.
        banks: of the objects, for novelty.
        frame: its index.
        is_fixed: prompted or pinned, per object.
    """
    tokens = pool_memory(memory, banks[0].config.pool)
    cells = torch.arange(tokens.shape[1], device=tokens.device)
    descriptors = object_descriptors(features.s16, masks.logits)
    shapes = mask_shapes(masks.logits)
    entries = []
    ious, logits = masks.predicted_iou.tolist(), masks.object_logit.tolist()
    for i, bank in enumerate(banks):
        presence = object_presence(logits[i])
        others = [e.descriptor for e in bank.readable() if e.frame != frame]
        novel = novelty(descriptors[i], others)
        scores = FrameScores(ious[i], presence, ious[i] * presence, novel)
        looks = masks.pointer[i], descriptors[i]
        entries.append(MemoryEntry(frame, tokens[i], cells, *looks, scores, shapes[i], is_fixed[i]))
    return entries


def read_memory(bank: MemoryBank, frame: int, feature_hw: tuple[int, int]) -> ObjectMemory:
    """Lay out a bank for the network, as seen from a frame."""
    pool = bank.config.pool
    entries = bank.readable()
    tokens = torch.cat([e.tokens for e in entries])
    grid = pooled_positions(feature_hw, pool).to(tokens.device)
    xy = grid[torch.cat([e.cells for e in entries])]
    loose = sorted(abs(frame - e.frame) for e in entries if not e.is_fixed)
    time_index = torch.cat(
        [
            torch.full((len(e.tokens),), _time_code(e, frame, loose), device=tokens.device)
            for e in entries
        ]
    )
    ages = [abs(frame - f) / bank.config.max_pointers for f in bank.pointers]
    return ObjectMemory(
        tokens=tokens,
        xy=xy,
        time_index=time_index,
        key_bias=tokens.new_full((len(tokens),), math.log(pool * pool)),
        pointers=torch.stack(list(bank.pointers.values())),
        pointer_age=torch.tensor(ages, device=tokens.device, dtype=torch.float32).clamp(max=4.0),
    )


def _time_code(entry: MemoryEntry, frame: int, loose: list[int]) -> int:
    """Rank among unprompted frames by distance, the nearest 0; prompted frames share the last."""
    if entry.is_fixed:
        return MAX_TIME_CODES - 1
    return min(loose.index(abs(frame - entry.frame)), MAX_TIME_CODES - 2)


def attended_tokens(memory: ObjectMemory, pointer_tokens: int) -> int:
    """Count the tokens that one object reads, pointers included."""
    return len(memory.tokens) + pointer_tokens * len(memory.pointers)
