"""Frames that are read, and what is found on them."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tinysam2.memory.bank import MemoryEvent
from tinysam2.memory.scores import FrameScores


class Frames(Protocol):
    """Images by index, read when asked for: from any thread, never from two at once."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        """Return (H, W, 3) uint8 RGB."""
        ...


@dataclass(frozen=True, slots=True)
class FramePrediction:
    """A predicted mask at the size of the image.

    Attributes:
        mask_logits: (H, W) float32 on the CPU.
        confidence: predicted IoU in [0, 1].
    """

    mask_logits: NDArray[np.float32]
    confidence: float


@dataclass(frozen=True, slots=True)
class TrackStep:
    """The result of tracking one frame.

    Attributes:
        object_ids: rows of ``mask_logits`` and ``masks``.
        mask_logits: (O, H, W) float32 at video resolution, before the sigmoid; > 0 is object.
        scores: by object id.
        memory_events: by object id.
    """

    frame_index: int
    object_ids: tuple[int, ...]
    mask_logits: NDArray[np.float32]
    scores: dict[int, FrameScores]
    memory_events: dict[int, MemoryEvent]

    @property
    def masks(self) -> NDArray[np.bool_]:
        """The masks (O, H, W) at video resolution, computed at each access."""
        return self.mask_logits > 0
