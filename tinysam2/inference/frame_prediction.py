"""Predicts the masks of a frame from prompts, from memory, or from both."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.memory_access import attended_tokens, read_memory
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.object_state import ObjectState
from tinysam2.inference.preprocess import resize_logits
from tinysam2.memory.bank import MemoryBank
from tinysam2.memory.mask_shape import distractor_overlap
from tinysam2.model.decoder.predictions import ObjectMasks, Segmentation
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.memory_attention import ObjectMemory


@dataclass(frozen=True, slots=True)
class Reading:
    """How an object's mask on a frame was read from memory.

    Attributes:
        tokens: number of memory tokens that were read.
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
    """Predict the prompted masks of a frame from its image (H, W, 3) alone."""
    size_hw = (image.shape[0], image.shape[1])
    prompts = [o.prompts[frame] for o in objects.values()]
    found = [predictor.predict_masks(features, p, size_hw) for p in prompts]
    whole = (
        features.input_hw
    )  # Given masks have the input's resolution, predicted ones a quarter of it.
    return ObjectMasks.joined([replace(f, logits=resize_logits(f.logits, whole)) for f in found])


def predict_from_memory(
    predictor: FramePredictor,
    frame: int,
    features: ImageFeatures,
    image: NDArray[np.uint8],
    objects: dict[int, ObjectState],
) -> tuple[ObjectMasks, list[Reading]]:
    """Predict masks from the objects' memories; also returns what each object read.

    A lost object gets an empty mask.  Clicks and a box on the frame correct the prediction.
    """
    network, size_hw = predictor.network, features.size_hw
    memories = [read_memory(network, o.bank, frame, size_hw) for o in objects.values()]
    with predictor.precision():
        found = network.segment_remembered(features, memories)
    masks = predictor.refine(features, found.best().without_absent())
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


def _distractor_overlap(found: Segmentation, row: int, bank: MemoryBank) -> float | None:
    """Compare an object's masks if its policy needs that and there are several."""
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
    """Correct a tracked mask by a prompt; a lost object has no mask to start from."""
    network = predictor.network
    is_lost = float(found.object_logit) <= 0 and not network.config.follows_sam2
    with predictor.precision():
        conditioned = network.condition(features, [memory])
    previous = None if is_lost else found.logits
    size_hw = (image.shape[0], image.shape[1])
    return predictor.predict_masks(features, prompt, size_hw, conditioned, previous)
