"""What a memory encoder is given: frames that the network itself tracks, and variations."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tinysam2.inference.preprocess import resize_logits
from tinysam2.model.memory_encoder import MemoryEncoder, mask_probability
from tinysam2.model.network import TinySam2
from tinysam2.training.prompts import draw_prompt
from tinysam2.training.tracking.propagation import propagate
from tinysam2.training.tracking.rollout import FIRST_MASK_FRACTION, predict_prompted

OTHER_MASK, SWAPPED_HARD = 0.3, 0.1
"""Fractions of samples with the mask of another clip, and thresholded where it is not in use."""
FLIPPED_FEATURES, FLIPPED_MASK, UPSIDE_DOWN_MASK = 0.5, 0.35, 0.15
"""Fractions flipped left to right, and of masks top to bottom."""


@dataclass(frozen=True, slots=True)
class TrackedFrame:
    """A frame of B clips with an object in each, as the tracker encodes it for memory.

    Attributes:
        features: (B, dim, H, W) at stride 16.
        mask_logits: (B, h, w) at the resolution in use: that of the input on the prompted frame,
            else stride 4.
        is_hard: (B,) bool, whether the mask is thresholded.
    """

    features: Tensor
    mask_logits: Tensor
    is_hard: Tensor

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the memory map."""
        height, width = self.features.shape[-2:]
        return height, width


@torch.no_grad()
def track(
    network: TinySam2, images: Tensor, masks: Tensor, generator: torch.Generator
) -> list[TrackedFrame]:
    """Prompt the first frames, mostly by the true masks, and track the others as in use.

    Args:
        network: in eval mode.
        images: (B, T, 3, H, W) normalized.
        masks: (B, T, H, W) bool, of the objects.
        generator: draws the prompts.

    Returns:
        The T frames.
    """
    flat = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    features = network.encode_image(flat).of_frames(images.shape[1])
    prompt = draw_prompt(masks[:, 0], generator, FIRST_MASK_FRACTION, max_corrections=3)
    _, first = predict_prompted(network, features[0], masks[:, 0], prompt, generator)
    tracked = [found for _, found in propagate(network, features, first, is_in_use=True)]
    remembered = [found.without_absent().logits for found in (first.best(), *tracked)]
    remembered[0] = resize_logits(remembered[0], features[0].input_hw)
    return [
        TrackedFrame(frame.s16, logits, torch.full((len(logits),), t == 0, device=logits.device))
        for t, (frame, logits) in enumerate(zip(features, remembered, strict=True))
    ]


def vary(frame: TrackedFrame, generator: torch.Generator) -> TrackedFrame:
    """Pair the features of a frame with masks that may be others, flip them, and swap thresholds.

    The encoders are to agree on any mask, also where it does not fit the image.
    """
    count, device = len(frame.features), frame.features.device

    def drawn(fraction: float) -> Tensor:
        return torch.rand(count, generator=generator, device=device) < fraction

    others = torch.randperm(count, generator=generator, device=device)
    rows = torch.where(drawn(OTHER_MASK), others, torch.arange(count, device=device))
    masks = _flipped(frame.mask_logits[rows], drawn(FLIPPED_MASK), -1)
    return replace(
        frame,
        features=_flipped(frame.features, drawn(FLIPPED_FEATURES), -1),
        mask_logits=_flipped(masks, drawn(UPSIDE_DOWN_MASK), -2),
        is_hard=frame.is_hard ^ drawn(SWAPPED_HARD),
    )


def _flipped(maps: Tensor, is_flipped: Tensor, axis: int) -> Tensor:
    return torch.where(is_flipped.view(-1, *[1] * (maps.ndim - 1)), maps.flip(axis), maps)


def encode(encoder: MemoryEncoder, frame: TrackedFrame) -> Tensor:
    """Encode a frame's memory (B, memory_dim, H, W), float32, as if every object were present.

    For absent ones both encoders add the same code.
    """
    mask_hw = encoder.mask_hw(frame.size_hw)
    probability = mask_probability(frame.mask_logits, mask_hw, frame.is_hard)
    memory: Tensor = encoder(frame.features, probability, torch.ones_like(frame.is_hard))
    return memory.float()
