"""A small source and document with what makes exports go wrong: overlaps, gaps, late objects."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from app.core import edits
from app.core.document import Document, FrameMask, Origin
from app.core.masks import RleMask
from app.media.frames import FrameSource
from app.media.source import open_source

SIZE_HW = (40, 61)
FRAME_COUNT = 6
RATE = Fraction(24)


def rectangle(top: int, left: int, bottom: int, right: int) -> RleMask:
    bitmap = np.zeros(SIZE_HW, dtype=np.bool_)
    bitmap[top:bottom, left:right] = True
    return RleMask.encode(bitmap)


def open_frames(folder: Path, count: int = FRAME_COUNT) -> FrameSource:
    """Write a folder of frames named ``my clip`` and open it."""
    frames = folder / "my clip"
    frames.mkdir()
    for number in range(count):
        pixels = np.full((*SIZE_HW, 3), 20 * number, dtype=np.uint8)
        Image.fromarray(pixels).save(frames / f"{number:03d}.png")
    return open_source(frames)


def add_object(document: Document, name: str, category: str = "object") -> int:
    edit = edits.add_object(document, name, category)
    document.apply(edit)
    return int(edit.changes[0].key)


def set_mask(
    document: Document,
    object_id: int,
    frame: int,
    mask: RleMask,
    confidence: float | None = 0.9,
    is_verified: bool = False,
) -> None:
    origin = Origin.PAINTED if confidence is None else Origin.TRACKED
    row = FrameMask(mask, origin, confidence, is_verified)
    document.apply(edits.set_masks(document, {(object_id, frame): row}, "Set"))


def two_objects() -> Document:
    """Return a dog on all frames but 3, where it is lost, and a red ball on all that rolls."""
    document = Document()
    dog = add_object(document, "dog", "animal")
    ball = add_object(document, "red ball", "toy")
    for frame in range(FRAME_COUNT):
        empty = RleMask.empty(SIZE_HW)
        set_mask(document, dog, frame, empty if frame == 3 else rectangle(5, 5, 25, 20))
        set_mask(document, ball, frame, rectangle(28, 10 + frame, 38, 20 + frame), 0.5)
    return document
