"""Removes the small faults of one mask; needs no model, and so does not wait for torch."""

from app.core.masks import RleMask
from app.tracking.backend import MaskFault
from tinysam2.inference.mask_parts import fill_holes, remove_specks, small_area

SMALL_FRACTION = 0.02


def clean_mask(mask: RleMask, fault: MaskFault) -> RleMask:
    """Remove the specks or the holes of a mask.

    They are small when their area is at most `SMALL_FRACTION` of the object's, or what SAM 2 takes
    for a hole in a frame of this size.
    """
    max_px = max(small_area(mask.size_hw), round(SMALL_FRACTION * mask.area))
    act = fill_holes if fault is MaskFault.HOLES else remove_specks
    return RleMask.encode(act(mask.decode(), max_px))
