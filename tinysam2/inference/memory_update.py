"""Encodes the memory of a frame and submits it to the objects' banks."""

import torch

from tinysam2.inference.frame_prediction import Reading
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.memory_access import make_entries
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.object_state import ObjectState
from tinysam2.inference.results import memory_event
from tinysam2.memory.bank import MemoryEvent
from tinysam2.memory.entry import Decision
from tinysam2.model.decoder.predictions import ObjectMasks
from tinysam2.model.image_features import ImageFeatures


def submit_frame(
    predictor: FramePredictor,
    frame: int,
    features: ImageFeatures,
    masks: ObjectMasks,
    objects: dict[int, ObjectState],
    readings: list[Reading] | None = None,
) -> dict[int, MemoryEvent]:
    """Encode a frame's memory and submit it to each object's bank.

    Args:
        predictor: whose network encodes.
        frame: its index.
        features: of its image.
        masks: of the objects, in their order.
        objects: by id.
        readings: how each mask was read from memory; None for prompted masks.
    """
    network = predictor.network
    binary = [
        _is_hardened(o.prompts.get(frame), network.config.follows_sam2) for o in objects.values()
    ]
    conditioning = [frame in o.prompts or frame in o.pinned for o in objects.values()]
    binarize = torch.tensor(binary, device=masks.logits.device)
    with predictor.precision():
        memory = network.encode_memory(features, masks.logits, masks.object_logit, binarize)
    banks = [o.bank for o in objects.values()]
    read = readings or [Reading(0)] * len(banks)
    distractors = [each.distractor_overlap for each in read]
    entries = make_entries(memory.float(), features, masks, banks, frame, conditioning, distractors)
    events = {}
    for (i, tracked), entry, each in zip(objects.items(), entries, read, strict=True):
        bank = tracked.bank
        decided = bank.submit(entry, frame in tracked.banned)
        if decided[0] is Decision.PROMPTED and frame not in tracked.prompts:
            decided = (Decision.PINNED, "pinned by the user, always kept", decided[2])
        locations = features.size_hw
        events[i] = memory_event(bank, frame, entry.scores, decided, each.tokens, locations)
    return events


def _is_hardened(prompt: ObjectPrompt | None, follows_sam2: bool) -> bool:
    """Return whether a mask is binarized before it is encoded; SAM 2 keeps given masks."""
    return prompt is not None and (prompt.mask is None or not follows_sam2)
