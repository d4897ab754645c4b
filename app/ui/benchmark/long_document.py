"""A long document without a video behind it."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from app.core import edits
from app.core.document import Document, FrameMask, Origin
from app.core.masks import RleMask
from app.core.memory import MemoryDecision, MemoryRecord, MemoryScores
from app.media.cache import DEFAULT_CACHE_BYTES
from app.media.frames import FrameSource, Pixels, SourceFingerprint, check_frame_index

SIZE_HW = (720, 1280)
OBJECTS = 3
VARIANTS = 60
"""Masks of an object that differ; they recur, so that the document fits any memory."""
RADIUS_PX = 90


class PlainSource(FrameSource):
    """Frames of one color, which take no time to decode.

    Args:
        frame_count: number of frames.
    """

    def __init__(self, frame_count: int) -> None:
        self.path = Path("synthetic")
        self.name = "synthetic"
        self.size_hw = SIZE_HW
        self.frame_rate = Fraction(25)
        self.notice = ""
        self._frame_count = frame_count

    def __len__(self) -> int:
        """Number of frames."""
        return self._frame_count

    def __getitem__(self, frame_index: int) -> Pixels:
        """Return a gray frame, see `FrameSource`."""
        check_frame_index(frame_index, self._frame_count)
        return np.full((*SIZE_HW, 3), 90, np.uint8)

    def bgra(self, frame_index: int) -> Pixels:
        """Return a gray frame, see `FrameSource`."""
        check_frame_index(frame_index, self._frame_count)
        return np.full((*SIZE_HW, 4), (90, 90, 90, 255), np.uint8)

    def timestamp_s(self, frame_index: int) -> float:
        """Seconds from the start to this frame."""
        return float(frame_index / self.frame_rate)

    def fingerprint(self) -> SourceFingerprint:
        """Return what identifies the source."""
        return SourceFingerprint(self._frame_count, "", 0, "")

    def frame_table(self) -> bytes:
        """Return nothing: the source is never reopened."""
        return b""

    def clone(self, cache_bytes: int = DEFAULT_CACHE_BYTES) -> "PlainSource":
        """Return another one; nothing is cached."""
        return PlainSource(self._frame_count)

    def close(self) -> None:
        """Do nothing; there are no files."""


def long_document(frame_count: int) -> Document:
    """Return a document whose `OBJECTS` objects have a tracked mask on every frame."""
    document = Document()
    for number in range(OBJECTS):
        document.apply(edits.add_object(document))
        object_id = document.objects[number].object_id
        rows = [_row(number, variant) for variant in range(VARIANTS)]
        masks = {(object_id, frame): rows[frame % VARIANTS][0] for frame in range(frame_count)}
        records = {(object_id, frame): rows[frame % VARIANTS][1] for frame in range(frame_count)}
        document.apply(edits.set_masks(document, masks, "Track", records))
    return document


def _row(number: int, variant: int) -> tuple[FrameMask, MemoryRecord]:
    """Return a disk that moves, of a quality that rises and falls, and what memory made of it."""
    height, width = SIZE_HW
    rows, columns = np.ogrid[:height, :width]
    x = width * (number + 1) / (OBJECTS + 1) + variant - VARIANTS / 2
    is_inside = (columns - x) ** 2 + (rows - height / 2) ** 2 <= RADIUS_PX**2
    quality = 0.7 + 0.25 * float(np.cos(2 * np.pi * variant / VARIANTS))
    is_kept = variant % 10 == 0
    decision = MemoryDecision.KEPT if is_kept else MemoryDecision.REFUSED
    scores = MemoryScores(quality, 1.0, quality, 0.2)
    record = MemoryRecord(decision, "", scores, bank=(0,))
    return FrameMask(RleMask.encode(is_inside), Origin.TRACKED, quality), record
