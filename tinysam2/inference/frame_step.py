"""The work of one frame: predicts the objects' masks, then submits them to their memory banks."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from tinysam2.config import full_bank_tokens
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.memory_access import attended_tokens, make_entries, read_memory
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.object_state import ObjectState
from tinysam2.inference.preprocess import resize_logits
from tinysam2.memory.bank import MemoryBank, MemoryEvent
from tinysam2.memory.entry import BankDecision, Decision
from tinysam2.memory.mask_shape import distractor_overlap
from tinysam2.memory.scores import FrameScores
from tinysam2.model.decoder.predictions import ObjectMasks, Segmentation
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.memory_attention import ObjectMemory
from tinysam2.model.memory_encoder import coverage


@dataclass(frozen=True, slots=True)
class Reading:
    """What an object's mask on a frame was predicted from, for its memory event and entry.

    Attributes:
        tokens: number of memory tokens that were attended to.
        distractor_overlap: see `tinysam2.memory.entry.MemoryEntry`.
    """

    tokens: int
    distractor_overlap: float | None = None


def predict_from_prompts(
    predictor: FramePredictor,
    frame: int,
    features: ImageFeatures,
    image: NDArray[np.uint8],
    objects: dict[int, ObjectState],
) -> ObjectMasks:
    """Predict objects' masks from their prompts on a frame and its image (H, W, 3) alone."""
    size_hw = (image.shape[0], image.shape[1])
    prompts = [o.prompts[frame] for o in objects.values()]
    found = [predictor.predict_masks(features, p, size_hw) for p in prompts]
    # Mask prompts have the resolution of the network's input, predicted masks a quarter of it.
    input_hw = features.input_hw
    return ObjectMasks.joined([replace(f, logits=resize_logits(f.logits, input_hw)) for f in found])


@torch.inference_mode()
def match_memory(
    predictor: FramePredictor, frame: int, features: ImageFeatures, objects: dict[int, ObjectState]
) -> list[ObjectMemory]:
    """Read objects' memories and match a frame with them, in the order of ``objects``."""
    network, size_hw = predictor.network, features.size_hw
    memories = [read_memory(network, o.bank, frame, size_hw) for o in objects.values()]
    with predictor.precision():
        return network.match(features, memories)


def predict_from_memory(
    predictor: FramePredictor,
    frame: int,
    features: ImageFeatures,
    image: NDArray[np.uint8],
    objects: dict[int, ObjectState],
    memories: list[ObjectMemory] | None = None,
) -> tuple[ObjectMasks, list[Reading]]:
    """Predict objects' masks from their memories; also returns what each object read.

    A lost object gets an empty mask.  Clicks and a box on the frame correct the prediction.
    Memories are read and matched with the frame here unless they are given.
    """
    network = predictor.network
    memories = memories or match_memory(predictor, frame, features, objects)
    with predictor.precision():
        found = network.segment_remembered(features, memories)
    masks = _completed(predictor, frame, features, found.best().without_absent(), objects)
    if any(o.has_correction(frame) for o in objects.values()):
        rows = masks.split()
        for i, (tracked, memory) in enumerate(zip(objects.values(), memories, strict=True)):
            if tracked.has_correction(frame):
                prompt = tracked.prompts[frame]
                rows[i] = _correct(predictor, features, image, prompt, memory, rows[i])
        masks = ObjectMasks.joined(rows)
    distractors = [_distractor_overlap(found, i, o.bank) for i, o in enumerate(objects.values())]
    counts = [attended_tokens(m, network.pointer_tokens) for m in memories]
    return masks, [Reading(*each) for each in zip(counts, distractors, strict=True)]


def _completed(
    predictor: FramePredictor,
    frame: int,
    features: ImageFeatures,
    found: ObjectMasks,
    objects: dict[int, ObjectState],
) -> ObjectMasks:
    """Complete the masks of the objects for which that is due, and all that clicks correct.

    The latter are not noted, and nothing counts as changed there: tracking does not depend on what
    was clicked before, nor the mask of a click on what was tracked last.
    """
    if not predictor.network.completes_masks:
        return found
    rows, states = found.split(), list(objects.values())
    covered = coverage(found.logits, features.size_hw)
    image = features.s16[0]
    is_clicked = [each.has_correction(frame) for each in states]
    changed = [
        not o.has_correction(frame) and o.completion.has_changed(frame, image, c)
        for o, c in zip(states, covered, strict=True)
    ]
    due = [
        i for i, o in enumerate(states) if is_clicked[i] or changed[i] or o.completion.is_due(frame)
    ]
    if not due:
        return found
    given = ObjectMasks.joined([rows[i] for i in due])
    has_changed = torch.tensor([changed[i] for i in due], device=covered.device)
    tried = predictor.refine(features, given, has_changed)
    is_completed = (tried.logits != given.logits).flatten(1).any(1).tolist()
    for i, row, was_completed in zip(due, tried.split(), is_completed, strict=True):
        rows[i] = row
        if not is_clicked[i]:
            states[i].completion.note(frame, was_completed, image if changed[i] else None)
    return ObjectMasks.joined(rows)


def _distractor_overlap(found: Segmentation, row: int, bank: MemoryBank) -> float | None:
    """Compare an object's candidate masks, if its policy needs that and there are several."""
    masks = found.logits[row] > 0
    chosen = int(found.predicted_iou[row].argmax())
    if not bank.policy.needs_distractor_overlap or len(masks) < 2 or not masks[chosen].any():
        return None
    return distractor_overlap(masks.cpu().numpy(), chosen)


def _correct(
    predictor: FramePredictor,
    features: ImageFeatures,
    image: NDArray[np.uint8],
    prompt: ObjectPrompt,
    memory: ObjectMemory,
    found: ObjectMasks,
) -> ObjectMasks:
    """Correct a tracked mask by a prompt; the empty mask of a lost object is not a mask prompt."""
    network = predictor.network
    is_lost = float(found.object_logit) <= 0 and not network.config.follows_sam2
    with predictor.precision():
        conditioned = network.condition(features, [memory])
    previous = None if is_lost else found.logits
    size_hw = (image.shape[0], image.shape[1])
    return predictor.predict_masks(features, prompt, size_hw, previous, conditioned)


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
        predictor: holds the network.
        frame: index of the frame.
        features: of the frame's image.
        masks: of the objects, in the order of ``objects``.
        objects: by id.
        readings: what each mask was predicted from; None for prompted masks.
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
        size_hw = features.size_hw
        events[i] = _memory_event(bank, frame, entry.scores, decided, each.tokens, size_hw)
    return events


def _is_hardened(prompt: ObjectPrompt | None, follows_sam2: bool) -> bool:
    """Return whether a mask is binarized before it is encoded; in SAM 2, mask prompts are not."""
    return prompt is not None and (prompt.mask is None or not follows_sam2)


def _memory_event(
    bank: MemoryBank,
    frame: int,
    scores: FrameScores,
    decided: BankDecision,
    attended: int,
    feature_hw: tuple[int, int],
) -> MemoryEvent:
    """Describe a bank after it decided on a frame."""
    decision, reason, evicted = decided
    shown = bank.shown_tokens()
    return MemoryEvent(
        frame=frame,
        decision=decision,
        reason=reason,
        scores=scores,
        bank=tuple(sorted(bank.entries)),
        evicted=evicted,
        recent=None if bank.recent is None else bank.recent.frame,
        tokens_stored=bank.tokens_stored,
        tokens_attended=attended,
        tokens_full_sam2=full_bank_tokens(feature_hw),
        tokens={f: len(each.locations) for f, each in shown.items()},
        survivors={f: each.survivors for f, each in shown.items()},
        pool=bank.grid.pool,
        averaged={f: each.averaged for f, each in shown.items()},
        policy=bank.config.policy,
        thresholds=bank.policy.thresholds,
    )
