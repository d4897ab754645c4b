"""Cleans up masks at video size before they are returned; memory keeps the original ones."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinysam2.inference.mask_parts import SAM2_HOLE_FRACTION, holes, small_area, specks
from tinysam2.inference.object_state import ObjectState
from tinysam2.inference.preprocess import resize_logits
from tinysam2.model.decoder.predictions import ObjectMasks

TOUCHED_LOGIT = 0.1  # SAM 2: of filled holes, and negative of dropped specks
SUPPRESSED_LOGIT = -10.0  # SAM 2: where another object won


def at_video_size(masks: ObjectMasks, image: NDArray[np.uint8]) -> Tensor:
    """Resize logits to the size of the video frame; the result is on the CPU."""
    return resize_logits(masks.logits.float(), (image.shape[0], image.shape[1])).cpu()


@dataclass(frozen=True, slots=True)
class MaskCleanup:
    """Which small faults of tracked masks are removed.

    Attributes:
        fill_holes_px: background of up to this area, enclosed by the object, is filled; 0 for none.
        drop_specks_px: parts of up to this area are dropped, never the largest; 0 for none.
    """

    fill_holes_px: int = 0
    drop_specks_px: int = 0

    def __post_init__(self) -> None:
        if min(self.fill_holes_px, self.drop_specks_px) < 0:
            raise ValueError(f"areas must be at least 0, got {self}")

    @staticmethod
    def of_fraction(
        size_hw: tuple[int, int], fraction: float = SAM2_HOLE_FRACTION
    ) -> "MaskCleanup":
        """Make one whose areas are a fraction of the frame's (height, width)."""
        area = small_area(size_hw, fraction)
        return MaskCleanup(area, area)

    def clean(self, logits: Tensor) -> Tensor:
        """Return mask logits (H, W) float32 on the CPU without small holes and specks."""
        mask = (logits > 0).numpy().astype(np.uint8)
        x, y, width, height = cv2.boundingRect(mask)
        box = np.s_[y : y + height, x : x + width]
        cleaned = logits.clone()
        if not width:
            return cleaned
        part, values = mask[box], cleaned.numpy()[box]  # a view: written through
        if self.fill_holes_px:
            filled = holes(part, self.fill_holes_px)
            values[filled] = TOUCHED_LOGIT
            part = part | filled
        if self.drop_specks_px:
            values[specks(part, self.drop_specks_px)] = -TOUCHED_LOGIT
        return cleaned


def finish_tracked(logits: Tensor, bias: float, cleanup: MaskCleanup | None) -> Tensor:
    """Add the bias to a mask (H, W) that memory alone predicted, and clean it."""
    return logits + bias if cleanup is None else cleanup.clean(logits + bias)


def finish_masks(
    frame: int,
    objects: dict[int, ObjectState],
    logits: dict[int, Tensor],
    is_exclusive: bool,
) -> Tensor:
    """Stack masks of video size (H, W); mask prompts stay exact."""
    prompts = {i: o.prompts.get(frame) for i, o in objects.items()}
    given = {i: None if p is None else p.exact_logits() for i, p in prompts.items()}
    rows = [logits[i] if exact is None else exact for i, exact in given.items()]
    stacked = torch.stack(rows)
    if is_exclusive:
        return without_overlap(stacked, [exact is not None for exact in given.values()])
    return stacked


def without_overlap(logits: Tensor, is_given: list[bool]) -> Tensor:
    """Leave every pixel to the object of the highest logit.

    Args:
        logits: (O, H, W).
        is_given: (O,) whether the user drew the mask; it stays, and wins against the others.
    """
    given = torch.tensor(is_given)[:, None, None]
    rank = torch.where(given & (logits > 0), float("inf"), logits)
    is_winner = torch.arange(len(logits))[:, None, None] == rank.argmax(0)
    return torch.where(is_winner | given, logits, logits.clamp(max=SUPPRESSED_LOGIT))
