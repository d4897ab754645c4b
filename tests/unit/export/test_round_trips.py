"""Masks that are exported, imported and exported again give the same files, byte for byte."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import edits
from app.core.document import Document, FrameMask, Origin, Table
from app.core.masks import Bitmap, RleMask
from app.export.registry import FORMATS, export
from app.export.selection import ExportOptions
from tests.unit.export.scene import BlankFrames, content, imported

OVERLAPPING = ("sam2", "coco", "coco_results", "youtube_vis", "sav", "cvat", "cvat_coco", "labelme")
FLAT = ("davis", "youtube_vos", "mots_png", "mots_txt")
LOSSLESS = (*OVERLAPPING, *FLAT, "davis_2016")
MANY = ("sam2", "coco", "youtube_vis", "sav", "cvat", "labelme", "mots_png", "mots_txt")

NAMES = st.text(
    st.characters(
        codec="utf-8",
        exclude_categories=("Cc", "Cs", "Zl", "Zp"),
        exclude_characters="\ufffe\uffff",
    ),
    min_size=1,
    max_size=12,
)
FEW = settings(
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
MODEL = st.sampled_from((Origin.TRACKED, Origin.PROMPT))
PERSON = st.sampled_from((Origin.PAINTED, Origin.IMPORTED))
DETAILS = st.one_of(  # origin, confidence, whether verified
    st.tuples(MODEL, st.floats(0, 1), st.booleans()),
    st.tuples(PERSON, st.none(), st.booleans()),
)
KINDS = st.sampled_from(("none", "none", "empty", "full", "pixel", "ring", "random", "stripes"))


def drawn(kind: str, seed: int, size_hw: tuple[int, int]) -> Bitmap:
    bitmap = np.zeros(size_hw, dtype=np.bool_)
    random = np.random.default_rng(seed)
    if kind == "full":
        bitmap[:] = True
    elif kind == "pixel":
        bitmap[random.integers(size_hw[0]), random.integers(size_hw[1])] = True
    elif kind == "ring":
        bitmap[:] = True
        bitmap[1:-1, 1:-1] = False
    elif kind == "random":
        bitmap = random.random(size_hw) < 0.4
    elif kind == "stripes":
        bitmap[:, ::2] = True
    return bitmap


@st.composite
def clips(draw: st.DrawFn) -> tuple[Document, BlankFrames, range]:
    """Draw objects with gaps, late starts, holes, single pixels, full and empty masks, overlaps."""
    size_hw = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    count = draw(st.integers(1, 6))
    document = Document()
    for object_id in draw(st.lists(st.integers(1, 253), min_size=1, max_size=4, unique=True)):
        name, category = draw(NAMES), draw(NAMES)
        document.apply(edits.add_object(document, name, category, object_id))
        for frame in range(count):
            bitmap = drawn(kind := draw(KINDS), draw(st.integers(0, 2**16)), size_hw)
            if kind != "none":
                put(document, object_id, frame, bitmap, draw(DETAILS))
    if not any(row.mask.area for row in document.rows(Table.MASKS).values()):
        put(document, document.objects[0].object_id, 0, drawn("full", 0, size_hw))
    first = draw(st.integers(0, count - 1))
    frames = range(first, count, draw(st.integers(1, 2)))
    if not any(document.mask(o.object_id, f) for o in document.objects for f in frames):
        frames = range(count)
    return document, BlankFrames(size_hw, count), frames


def put(
    document: Document,
    object_id: int,
    frame: int,
    bitmap: Bitmap,
    details: tuple[Origin, float | None, bool] = (Origin.IMPORTED, None, False),
) -> None:
    mask = RleMask.encode(bitmap)
    row = FrameMask(mask, *details)
    document.apply(edits.set_masks(document, {(object_id, frame): row}, "Put"))


def check_round_trip(document: Document, source: BlankFrames, frames: range, name: str) -> Document:
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        path = export(document, source, name, first, frames).paths[0]
        session = imported(path, source)
        export(session.document, source, name, second, frames)
        assert content(first) == content(second)
    return session.document


def without_overlaps(document: Document) -> Document:
    """Give each pixel to the first object that has it: what a label map can hold."""
    flat, claimed = Document(), dict[int, Bitmap]()
    for tracked in document.objects:
        flat.apply(edits.add_object(flat, tracked.name, tracked.category, tracked.object_id))
        for frame, row in sorted(document.of_object(Table.MASKS, tracked.object_id).items()):
            bitmap = row.mask.decode()
            bitmap &= ~claimed.setdefault(frame, np.zeros_like(bitmap))
            claimed[frame] |= bitmap
            put(flat, tracked.object_id, frame, bitmap)
    return flat


def has_pixels(document: Document, frames: range) -> bool:
    return any(
        row.mask.area and frame in frames for (_, frame), row in document.rows(Table.MASKS).items()
    )


@pytest.mark.parametrize("name", LOSSLESS)
@given(clip=clips())
@settings(FEW, max_examples=20)
def test_round_trip(name: str, clip: tuple[Document, BlankFrames, range]) -> None:
    document, source, frames = clip
    if name in FLAT:
        document = without_overlaps(document)
    if has_pixels(document, frames):
        check_round_trip(document, source, frames, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSLESS)
@given(clip=clips())
@settings(FEW, max_examples=200, derandomize=False)
def test_many_round_trips(name: str, clip: tuple[Document, BlankFrames, range]) -> None:
    document, source, frames = clip
    if name in FLAT:
        document = without_overlaps(document)
    if has_pixels(document, frames):
        check_round_trip(document, source, frames, name)


@pytest.mark.parametrize("name", OVERLAPPING)
@given(clip=clips())
@settings(FEW, max_examples=10)
def test_every_pixel_and_identity_comes_back(
    name: str, clip: tuple[Document, BlankFrames, range]
) -> None:
    document, source, _ = clip
    back = check_round_trip(document, source, range(len(source)), name)
    for (object_id, frame), row in document.rows(Table.MASKS).items():
        found = back.mask(object_id, frame)
        assert (found.mask if found else RleMask.empty(source.size_hw)) == row.mask
        if found and name != "coco_results":
            assert back.object(object_id).name == document.object(object_id).name
            assert back.object(object_id).category == document.object(object_id).category
            assert is_kept(name, row, found)


def is_kept(name: str, row: FrameMask, found: FrameMask) -> bool:
    """Whether a mask came back as imported, with what its format holds about it."""
    if found.origin is not Origin.IMPORTED:
        return False
    if name == "coco":
        return (found.exported_origin, found.confidence, found.is_verified) == (
            row.origin,
            row.confidence,
            row.is_verified,
        )
    was_tracked = name == "sav" and row.origin is Origin.TRACKED
    return found.exported_origin is (Origin.TRACKED if was_tracked else Origin.IMPORTED)


def many_objects(count: int) -> tuple[Document, BlankFrames]:
    size_hw = 20, 20
    document = Document()
    for object_id in range(1, count + 1):
        document.apply(edits.add_object(document, None, f"kind {object_id % 12}", object_id))
        bitmap = np.zeros(size_hw, dtype=np.bool_)
        bitmap[divmod(object_id, 20)] = True
        put(document, object_id, object_id % 3, bitmap)
    return document, BlankFrames(size_hw, 3)


@pytest.mark.parametrize("name", MANY)
def test_three_hundred_objects_come_back(name: str) -> None:
    document, source = many_objects(300)
    back = check_round_trip(document, source, range(3), name)
    assert len(back.objects) == 300


@pytest.mark.parametrize("name", ["davis", "youtube_vos"])
def test_253_objects_come_back(name: str) -> None:
    document, source = many_objects(253)
    back = check_round_trip(document, source, range(3), name)
    assert [o.object_id for o in back.objects] == list(range(1, 254))


@pytest.mark.parametrize("name", LOSSLESS)
def test_names_of_a_template_lead_back_to_their_frames(name: str, tmp_path: Path) -> None:
    document, source = many_objects(3)
    options = ExportOptions(frame_names="{name}_{frame:04d}")
    path = export(document, source, name, tmp_path, options=options).paths[0]
    back = imported(path, source).document
    frames = {frame for _, frame in document.rows(Table.MASKS)}
    assert {frame for _, frame in back.rows(Table.MASKS)} == frames
    assert name in FORMATS
