"""What several export formats share: objects, label maps and file names."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.core.document import Document, FrameMask, Table, TrackedObject

Labels = NDArray[np.uint8]


def objects_with_masks(document: Document, frames: Sequence[int]) -> list[TrackedObject]:
    """List, in display order, the objects that have a pixel somewhere in these frames."""
    return [
        tracked
        for tracked in document.objects
        if any(
            frame in frames and row.mask.area > 0
            for frame, row in document.of_object(Table.MASKS, tracked.object_id).items()
        )
    ]


def label_map(
    document: Document, frame: int, labels: Mapping[int, int], size_hw: tuple[int, int]
) -> tuple[Labels, int]:
    """Assign each pixel of a frame to one object.

    Where masks overlap, one that a person drew or verified wins, then the one with the higher
    confidence, then the object that comes first in the list.

    Args:
        document: the annotations.
        frame: source frame.
        labels: the value to write for each object id; other objects are left out.
        size_hw: height and width of the frame.

    Returns:
        (H, W) uint8 with 0 for background, and the number of pixels in more than one mask.
    """
    label_of_pixel = np.zeros(size_hw, dtype=np.uint8)
    claims = np.zeros(size_hw, dtype=np.uint8)
    rows = [(o, row) for o, row in document.masks_on(frame) if o.object_id in labels]
    for tracked, row in sorted(reversed(rows), key=lambda item: _trust(item[1])):
        bitmap = row.mask.decode()
        label_of_pixel[bitmap] = labels[tracked.object_id]
        claims += bitmap
    return label_of_pixel, int(np.count_nonzero(claims > 1))


def _trust(row: FrameMask) -> float:
    return math.inf if row.is_verified or row.confidence is None else row.confidence


def file_stem(name: str) -> str:
    """Turn the name of a source into one that is safe in file names and lists."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "video"


def trailing_number(stem: str) -> int | None:
    """Return the frame number at the end of a file's stem, if there is one."""
    digits = stem[len(stem.rstrip("0123456789")) :]
    return int(digits) if digits else None


def frame_digits(frames: Sequence[int], at_least: int) -> int:
    """Return the number of digits with which file names of these frames sort by number."""
    return max(at_least, len(str(max(frames))))


def listed(names: Iterable[str]) -> str:
    """Join names, quoted, for use in a sentence."""
    return ", ".join(f"“{name}”" for name in names)
