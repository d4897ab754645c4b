"""Propagation of objects through a clip from memory alone, and traces of the mask decoder.

Student and teacher propagate in the same way, so that their traces can be compared.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tinysam2.inference.memory_access import make_bank, make_entries, read_memory
from tinysam2.memory.bank import MemoryBank
from tinysam2.model.decoder.mask_decoder import DecodedMasks
from tinysam2.model.decoder.predictions import ObjectMasks, Segmentation
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.matcher import LOGIT_SCALE
from tinysam2.model.network import TinySam2


@dataclass(frozen=True, slots=True)
class DecoderTrace:
    """Input and output of a mask decoder for O objects.

    Attributes:
        conditioned: (O, dim, H, W) features from memory attention, or from the image alone.
        decoded: the masks that were computed, with all tokens.
        matched: (O, H, W) logits of the coarse mask from matching; None without memory or
            without a matcher.
    """

    conditioned: Tensor
    decoded: DecodedMasks
    matched: Tensor | None = None


@contextmanager
def capture_decoder(network: TinySam2) -> Iterator[list[DecoderTrace]]:
    """Collect a trace of each call of a network's mask decoder within the context."""
    traces: list[DecoderTrace] = []
    matched: list[Tensor] = []

    def match(_: nn.Module, evidence: tuple[Tensor]) -> None:
        matched.append(LOGIT_SCALE * evidence[0][:, 0])

    def record(_: nn.Module, given: tuple[Tensor, ...], decoded: DecodedMasks) -> None:
        traces.append(DecoderTrace(given[0], decoded, matched.pop() if matched else None))

    hooks = [network.mask_decoder.register_forward_hook(record)]
    if network.matcher is not None:
        hooks.append(network.matcher.evidence_proj.register_forward_pre_hook(match))
    try:
        yield traces
    finally:
        for hook in hooks:
            hook.remove()


def propagate(
    network: TinySam2,
    features: Sequence[ImageFeatures],
    first: Segmentation,
    is_in_use: bool = False,
) -> Generator[tuple[Segmentation, ObjectMasks], Segmentation | None]:
    """Propagate the objects of the first frame's prediction through the other frames.

    Args:
        network: with its own memory settings.
        features: of each frame, for all objects.
        first: prediction on the first frame.
        is_in_use: submit memory as the tracker does: empty masks of absent objects, and masks given
            to a network of SAM 2's kind unchanged.  A student in training must not lose its memory.

    Yields:
        The prediction from memory on the second frame and those after it, and the masks that are
        remembered, which SAM's decoder completed where it is set to.  A better prediction
        that is sent back is remembered in their place, as a frame that the user prompted.
    """
    size_hw, count = features[0].size_hw, len(first.object_logit)
    banks = [make_bank(network, network.config.memory, size_hw) for _ in range(count)]
    remembered, is_prompted = first.best(), True
    for t in range(1, len(features)):
        _submit(network, features[t - 1], remembered, banks, t - 1, is_prompted, is_in_use)
        memories = [read_memory(network, bank, t, size_hw) for bank in banks]
        prediction = network.segment_remembered(features[t], memories)
        masks = network.refined(features[t], prediction.best())
        corrected = yield prediction, masks
        remembered = masks if corrected is None else corrected.best()
        is_prompted = corrected is not None


def _submit(
    network: TinySam2,
    features: ImageFeatures,
    masks: ObjectMasks,
    banks: list[MemoryBank],
    frame: int,
    is_prompted: bool,
    is_in_use: bool,
) -> None:
    """Encode a frame's memory and submit it to the banks."""
    is_hardened = is_prompted
    if is_in_use:
        masks = masks.without_absent()
        is_hardened = is_prompted and not network.config.follows_sam2
    flags = torch.full((len(banks),), is_hardened, device=masks.logits.device)
    memory = network.encode_memory(features, masks.logits, masks.object_logit, flags)
    conditioning = [is_prompted] * len(banks)
    entries = make_entries(memory.float(), features, masks, banks, frame, conditioning)
    for bank, entry in zip(banks, entries, strict=True):
        bank.submit(entry)
