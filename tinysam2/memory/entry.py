"""Memory entries and decisions, which bank and policies share."""

from dataclasses import dataclass, replace
from enum import StrEnum

import torch
from torch import Tensor

from tinysam2.memory.mask_shape import MaskShape
from tinysam2.memory.scores import FrameScores


class Decision(StrEnum):
    """The decision on a frame that was submitted to the bank."""

    PROMPTED = "prompted"
    KEPT = "kept"
    REPLACED = "replaced"
    REFUSED = "refused"
    PINNED = "pinned"
    BANNED = "banned"


BankDecision = tuple[Decision, str, int | None]
"""The decision, its reason in words, and the frame that left."""


@dataclass(frozen=True, slots=True)
class MemoryEntry:
    """One remembered frame of one object.

    Attributes:
        tokens: (n, memory_dim) surviving tokens.
        locations: (n,) long, their indices in the bank's `MemoryGrid`.
        is_object: (n,) bool, whether each shows the object, at least in part.
        pointer: (dim,) object pointer.
        descriptor: unit vector of the object's appearance, see `object_descriptors`.
        shape: where its mask is and how large.
        is_conditioning: prompted or pinned; such an entry never leaves.
        distractor_overlap: see `tinysam2.memory.mask_shape.distractor_overlap`; None if the policy
            does not need it or the decoder predicted one mask only.
    """

    frame: int
    tokens: Tensor
    locations: Tensor
    is_object: Tensor
    pointer: Tensor
    descriptor: Tensor
    scores: FrameScores
    shape: MaskShape
    is_conditioning: bool
    distractor_overlap: float | None = None

    def thinned(self, kept: Tensor) -> "MemoryEntry":
        """Return the same with the tokens that ``kept`` (n,) bool selects."""
        return replace(
            self,
            tokens=self.tokens[kept],
            locations=self.locations[kept],
            is_object=self.is_object[kept],
        )

    def to(self, device: torch.device) -> "MemoryEntry":
        """Return the entry with its tensors on a device."""
        return replace(
            self,
            tokens=self.tokens.to(device),
            locations=self.locations.to(device),
            is_object=self.is_object.to(device),
            pointer=self.pointer.to(device),
            descriptor=self.descriptor.to(device),
        )
