"""Each pixel of a label map belongs to the mask that is most trusted there."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.core import edits
from app.core.document import Document, FrameMask, Origin
from app.core.masks import RleMask
from app.export.labels import label_map
from app.export.selection import Selection
from app.media.source import open_source

SIZE_HW = (2, 4)
FULL = RleMask.encode(np.ones(SIZE_HW, dtype=np.bool_))


def selection_of(folder: Path, *rows: FrameMask) -> Selection:
    document = Document()
    for object_id, row in enumerate(rows, 1):
        document.apply(edits.add_object(document))
        document.apply(edits.set_masks(document, {(object_id, 0): row}, "Put"))
    Image.new("RGB", SIZE_HW[::-1]).save(folder / "image.png")
    return Selection(document, open_source(folder / "image.png"), range(1))


def tracked(confidence: float, is_verified: bool = False) -> FrameMask:
    return FrameMask(FULL, Origin.TRACKED, confidence, is_verified)


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [
        (tracked(0.3), tracked(0.9), 20),
        (tracked(0.9), tracked(0.3), 10),
        (tracked(0.5), tracked(0.5), 10),
        (tracked(0.3, is_verified=True), tracked(0.9), 10),
        (tracked(0.9), tracked(0.3, is_verified=True), 20),
        (tracked(1.0), FrameMask(FULL, Origin.PAINTED), 20),
        (tracked(0.1, is_verified=True), FrameMask(FULL, Origin.PAINTED), 10),
    ],
)
def test_an_overlap_goes_to_the_most_trusted_mask(
    tmp_path: Path, first: FrameMask, second: FrameMask, winner: int
) -> None:
    labels, overlaps = label_map(selection_of(tmp_path, first, second), 0, {1: 10, 2: 20})
    assert (labels == winner).all()
    assert overlaps == FULL.area


def test_objects_without_a_label_are_left_out(tmp_path: Path) -> None:
    labels, overlaps = label_map(selection_of(tmp_path, tracked(0.9), tracked(0.1)), 0, {2: 20})
    assert (labels == 20).all()
    assert overlaps == 0
