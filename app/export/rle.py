"""COCO's codings of one mask: runs in column order, their compressed text, and polygons.

Decoding takes nothing for granted: what a file says is checked before memory is taken for it, and
before it reaches C code.
"""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from app.core.errors import shown
from app.core.masks import Bitmap, RleMask

MAX_POLYGON_NUMBERS = 200_000
_MAX_COUNT_BITS = 35  # of a run; more than any mask has pixels


def compressed_rle(mask: RleMask) -> dict[str, Any]:
    """Encode a mask as pycocotools does: column-major runs, compressed to text."""
    coded = coco_mask.encode(np.asfortranarray(mask.decode(), dtype=np.uint8))
    return {"size": [int(n) for n in coded["size"]], "counts": coded["counts"].decode("ascii")}


def box_xywh(mask: RleMask) -> list[float]:
    """Return the bounding box as x, y, width, height; zeros for an empty mask."""
    x0, y0, x1, y1 = mask.box_xyxy or (0, 0, 0, 0)
    return [float(x0), float(y0), float(x1 - x0), float(y1 - y0)]


def outlines(mask: RleMask) -> list[NDArray[np.int64]]:
    """Trace the outlines of a mask's parts between its pixels and others; holes are filled.

    Returns:
        For each part, (N, 2) corners x, y from 0 to width and height; N is 4 or more.
    """
    x0, y0, x1, y1 = mask.box_xyxy or (0, 0, 0, 0)
    if x1 == x0:
        return []
    part = mask.decode()[y0:y1, x0:x1].astype(np.uint8)
    doubled = part.repeat(2, axis=0).repeat(2, axis=1)  # so that thin parts have two sides
    contours, _ = cv2.findContours(doubled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [(c.reshape(-1, 2).astype(np.int64) + 1) // 2 + (x0, y0) for c in contours]


def decode_segmentation(segmentation: Any, size_hw: tuple[int, int]) -> RleMask:  # noqa: ANN401 - as in JSON
    """Decode polygons, or column-major runs, plain or compressed.

    Args:
        segmentation: a value of a JSON file, not checked yet.
        size_hw: height and width of the mask in pixels, checked already.

    Raises:
        ValueError: it is none of these, or not of this size.
    """
    if isinstance(segmentation, list):
        return decode_polygons(segmentation, size_hw)
    if not isinstance(segmentation, dict):
        raise ValueError(f"segmentation must be polygons or runs, got {shown(segmentation)}")
    if segmentation.get("size") != list(size_hw):
        raise ValueError(
            f"size of a mask must be {list(size_hw)}, got {shown(segmentation.get('size'))}"
        )
    counts = segmentation.get("counts")
    runs = decode_counts(counts) if isinstance(counts, str) else counts
    return mask_of_counts(runs, size_hw)


def decode_counts(text: str) -> list[int]:
    """Decode the compressed text of runs.

    Raises:
        ValueError: it is not such a text.

    Source:
        cocodataset/cocoapi, ``rleFrString`` in ``common/maskApi.c``: groups of 5 bits, lowest
        first; the fourth run and those after it are differences from the run two before.
    """
    counts: list[int] = []
    value = shift = 0
    for code in text.encode("ascii", "replace"):
        bits = code - 48
        if not 0 <= bits < 64 or shift > _MAX_COUNT_BITS:
            raise ValueError("counts must be the text of compressed runs")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("counts must be the text of compressed runs, this one ends early")
    return counts


def checked_counts(counts: Any, pixel_count: int) -> NDArray[np.int64]:  # noqa: ANN401 - as in JSON
    """Check that runs cover an image exactly.

    Raises:
        ValueError: they are no list of whole numbers, negative, or add up to something else.
    """
    if not isinstance(counts, list) or not all(type(count) is int for count in counts):
        raise ValueError("counts must be a list of whole numbers or a text")
    if any(not 0 <= count <= pixel_count for count in counts) or sum(counts) != pixel_count:
        raise ValueError(f"runs must be at least 0 and add up to {pixel_count} pixels")
    return np.array(counts, dtype=np.int64)


def mask_of_counts(counts: Any, size_hw: tuple[int, int]) -> RleMask:  # noqa: ANN401 - as in JSON
    """Decode column-major runs, background first.

    Raises:
        ValueError: they do not cover the image exactly.
    """
    height, width = size_hw
    runs = checked_counts(counts, height * width)
    values = np.arange(len(runs)) % 2 == 1
    columns = np.repeat(values, runs).reshape(width, height)
    return RleMask.encode(np.ascontiguousarray(columns.T))


def decode_polygons(polygons: Any, size_hw: tuple[int, int]) -> RleMask:  # noqa: ANN401 - as in JSON
    """Fill polygons, each a flat list x0, y0, x1, y1, ...; their union is the mask.

    Raises:
        ValueError: they are not polygons, or lie far outside the image.
    """
    if not isinstance(polygons, list) or not polygons:
        raise ValueError("segmentation must hold a polygon")
    for polygon in polygons:
        _check_polygon(polygon, size_hw)
    coded = coco_mask.merge(coco_mask.frPyObjects(polygons, *size_hw))
    return decode_segmentation(
        {"size": list(size_hw), "counts": coded["counts"].decode("ascii")}, size_hw
    )


def _check_polygon(polygon: Any, size_hw: tuple[int, int]) -> None:  # noqa: ANN401 - as in JSON
    is_list = isinstance(polygon, list) and all(type(value) in (int, float) for value in polygon)
    if not is_list or len(polygon) < 6 or len(polygon) % 2:
        raise ValueError("a polygon must be a list of 3 or more points x, y")
    if len(polygon) > MAX_POLYGON_NUMBERS:
        raise ValueError(f"a polygon must have at most {MAX_POLYGON_NUMBERS // 2} points")
    most = 2 * max(size_hw)
    if not all(math.isfinite(value) and -most <= value <= 2 * most for value in polygon):
        raise ValueError(f"points of a polygon must be near the image, {size_hw[1]} x {size_hw[0]}")


def fill_points(points: Sequence[tuple[float, float]], size_hw: tuple[int, int]) -> Bitmap:
    """Fill one polygon of (x, y) points.

    Raises:
        ValueError: they are not a polygon near the image.
    """
    flat = [coordinate for point in points for coordinate in point]
    return decode_polygons([flat], size_hw).decode()
