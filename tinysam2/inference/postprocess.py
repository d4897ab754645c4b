"""Cleans up masks at video size before they are returned; memory keeps the original ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinysam2.inference.object_state import ObjectState

TOUCHED_LOGIT = 0.1  # SAM 2: of filled holes, and negative of dropped specks
SUPPRESSED_LOGIT = -10.0  # SAM 2: where another object won
SAM2_HOLE_FRACTION = 8 / 256**2  # SAM 2's video predictor fills holes of 8 of 256 x 256 pixels


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
        area = round(fraction * size_hw[0] * size_hw[1])
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
            holes = _holes(part, self.fill_holes_px)
            values[holes] = TOUCHED_LOGIT
            part = part | holes
        if self.drop_specks_px:
            values[_specks(part, self.drop_specks_px)] = -TOUCHED_LOGIT
        return cleaned


def drop_islands(
    mask: NDArray[np.bool_],
    positive_xy: Sequence[tuple[float, float]],
    box_xyxy: tuple[float, float, float, float] | None = None,
    kept: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Drop the parts of a predicted mask that no prompt asks for.

    Args:
        mask: (H, W).
        positive_xy: positive clicks in pixels.
        box_xyxy: box prompt in pixels.
        kept: (H, W) mask that the prediction refines.

    Returns:
        (H, W): the 8-connected parts of ``mask`` that touch a positive click, the box or ``kept``;
        all of it if there is none of these, or nothing touches any.
    """
    count, labels, _, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    is_wanted = np.zeros(count, dtype=np.bool_)
    for point in positive_xy:
        is_wanted[labels[pixel_of(point, mask.shape)]] = True
    if box_xyxy is not None:
        x0, y0, x1, y1 = (max(0, int(v)) for v in box_xyxy)
        is_wanted[labels[y0 : y1 + 1, x0 : x1 + 1]] = True
    if kept is not None:
        is_wanted[labels[kept]] = True
    is_wanted[0] = False  # the background
    if not is_wanted.any():
        return mask
    found: NDArray[np.bool_] = is_wanted[labels]
    return found


def merge_at_clicks(
    before: NDArray[np.bool_],
    predicted: NDArray[np.bool_],
    points_xy: Sequence[tuple[float, float]],
    labels: Sequence[int | bool],
) -> NDArray[np.bool_]:
    """Change a mask only where clicks contradict it, as a prediction says.

    A decoder redraws the whole mask and may lose what was right before.

    Args:
        before: (H, W) mask that the clicks correct.
        predicted: (H, W) mask that was predicted from the clicks and ``before``, and obeys them.
        points_xy: K clicks in pixels.
        labels: K numbers, 1 inside, 0 outside.

    Returns:
        (H, W): ``before`` with the 4-connected parts of the difference that contain a click.

    Source:
        Progressive Merge of FocalClick (Chen et al. 2022, arXiv:2204.02574).
    """
    merged = before.copy()
    for point, label in zip(points_xy, labels, strict=True):
        pixel = pixel_of(point, before.shape)
        if merged[pixel] != bool(label):
            changed = predicted & ~merged if label else merged & ~predicted
            _, parts = cv2.connectedComponents(changed.view(np.uint8), connectivity=4)
            if parts[pixel]:
                merged[parts == parts[pixel]] = bool(label)
    return merged


def pixel_of(point: tuple[float, float], shape: Sequence[int]) -> tuple[int, int]:
    """Return row and column of the pixel that a point (x, y) lies in, or of the nearest one."""
    row, column = int(point[1]), int(point[0])
    return min(max(row, 0), shape[0] - 1), min(max(column, 0), shape[1] - 1)


def finish_masks(
    frame: int,
    objects: dict[int, ObjectState],
    logits: dict[int, Tensor],
    cleanup: MaskCleanup | None,
    is_exclusive: bool,
) -> Tensor:
    """Stack masks of video size (H, W); mask prompts stay exact, and prompted masks unchanged."""
    prompts = {i: o.prompts.get(frame) for i, o in objects.items()}
    given = {i: None if p is None else p.exact_logits() for i, p in prompts.items()}
    rows = []
    for i, exact in given.items():
        found = logits[i] if exact is None else exact
        if cleanup is not None and prompts[i] is None:
            found = cleanup.clean(found)
        rows.append(found)
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


def fill_holes(mask: NDArray[np.bool_], max_px: int) -> NDArray[np.bool_]:
    """Fill the background of up to an area that a mask (H, W) encloses."""
    return mask | _holes(mask.view(np.uint8), max_px)


def remove_specks(mask: NDArray[np.bool_], max_px: int) -> NDArray[np.bool_]:
    """Remove the parts of a mask (H, W) of up to an area, never the largest."""
    return mask & ~_specks(mask.view(np.uint8), max_px)


def _holes(mask: NDArray[np.uint8], max_px: int) -> NDArray[np.bool_]:
    """Find the small parts of the background from which no way leads around the object."""
    background = np.pad(1 - mask, 1, constant_values=1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(background, connectivity=4)
    is_small = stats[:, cv2.CC_STAT_AREA] <= max_px
    is_small[[0, labels[0, 0]]] = False  # the object and what is around it
    found: NDArray[np.bool_] = is_small[labels][1:-1, 1:-1]
    return found


def _specks(mask: NDArray[np.uint8], max_px: int) -> NDArray[np.bool_]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    is_small = areas <= max_px
    is_small[0] = False  # the background
    if len(areas) > 1:
        is_small[1 + areas[1:].argmax()] = False  # whatever its area
    found: NDArray[np.bool_] = is_small[labels]
    return found
