"""COCO's ways of writing a mask, and label maps drawn from masks."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinysam2.datasets.samples import VOID, Pixels

MAX_OBJECTS = VOID - 1
"""Most objects of a label map."""


def decode(segmentation: list[Any] | dict[str, Any], size_hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Decode polygons, plain or compressed column-major run lengths into (H, W) bool.

    Raises:
        ValueError: the run lengths are those of an image of another size.
    """
    # Here, so that other data is read where pycocotools is not installed.
    from pycocotools import mask as coco_mask

    if isinstance(segmentation, list):
        coded = coco_mask.merge(coco_mask.frPyObjects(segmentation, *size_hw))
    elif isinstance(segmentation["counts"], list):
        coded = coco_mask.frPyObjects(segmentation, *size_hw)
    else:
        coded = segmentation
    with warnings.catch_warnings():
        # WORKAROUND(https://github.com/ppwwyyxx/cocoapi): it ignores NumPy 2's copy argument.
        warnings.simplefilter("ignore", DeprecationWarning)
        mask: NDArray[np.bool_] = coco_mask.decode(coded).astype(np.bool_)
    if mask.shape != size_hw:
        raise ValueError(f"mask must be {size_hw}, got {mask.shape}")
    return mask


def draw_labels(
    objects: Iterable[tuple[int, NDArray[np.bool_]]], size_hw: tuple[int, int]
) -> Pixels:
    """Draw ids and masks, large ones first, so that what lies on them is seen: (H, W) ids."""
    labels = np.zeros(size_hw, np.uint8)
    for value, mask in sorted(objects, key=lambda item: -int(item[1].sum())):
        labels[mask] = value
    return labels
