"""A preview says what an export would take and lose, and leaves nothing behind."""

import tempfile
from pathlib import Path

import pytest

from app.core import edits
from app.core.document import Document
from app.core.masks import RleMask
from app.export.preview import ExportPreview, preview_steps
from app.export.registry import FORMATS, export
from app.export.selection import ExportOptions
from app.media.frames import FrameSource
from tests.unit.export.scene import (
    SIZE_HW,
    BlankFrames,
    add_object,
    open_frames,
    rectangle,
    set_mask,
    two_objects,
)


def preview(document: Document, tmp_path: Path, *names: str, **options: object) -> ExportPreview:
    with open_frames(tmp_path) as source:
        return preview_of(document, source, *names, **options)


def preview_of(
    document: Document, source: FrameSource, *names: str, **options: object
) -> ExportPreview:
    steps = preview_steps(document, source, names, range(len(source)), ExportOptions(**options))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_every_format_has_an_estimate_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = preview(two_objects(), tmp_path, *FORMATS)
    assert set(found.size_bytes) == set(FORMATS)
    assert None not in found.size_bytes.values()
    assert found.size_bytes["coco"]
    assert [path.name for path in tmp_path.iterdir()] == ["my clip"]


def test_the_estimate_of_a_short_clip_is_what_the_export_takes(tmp_path: Path) -> None:
    found = preview(two_objects(), tmp_path, "coco").size_bytes["coco"]
    (tmp_path / "my clip").rename(tmp_path / "other")
    with open_frames(tmp_path) as source:
        (path,) = export(two_objects(), source, "coco", tmp_path / "out").paths
    assert found == path.stat().st_size


def test_what_is_missing_lost_or_not_verified_is_counted(tmp_path: Path) -> None:
    document = two_objects()
    document.apply(edits.clear_masks(document, 2, [0, 1]))
    document.apply(edits.set_verified(document, 1, 0, True))
    warnings = preview(document, tmp_path, "coco").warnings
    assert "“dog” is lost on 1 of 6 frames." in warnings
    assert "“red ball” has no mask on 2 of 6 frames." in warnings
    assert "8 of 9 masks are not verified." in warnings
    (tmp_path / "my clip").rename(tmp_path / "other")
    warnings = preview(document, tmp_path, "coco", verified_only=True).warnings
    assert "8 masks that were not verified are left out." in warnings


def test_overlaps_count_for_formats_that_cannot_hold_them(tmp_path: Path) -> None:
    document = Document()
    for name in ("under", "over"):
        set_mask(document, add_object(document, name), 0, rectangle(0, 0, 10, 10))
    warnings = preview(document, tmp_path, "davis", "yolo").warnings
    assert any("overlap on about 1 of the frames: “DAVIS 2017 masks”" in text for text in warnings)
    assert any(text.startswith("“YOLO segmentation (lossy)” does not keep") for text in warnings)
    (tmp_path / "my clip").rename(tmp_path / "other")
    assert not any("overlap" in text for text in preview(document, tmp_path, "coco").warnings)


def test_a_format_that_cannot_hold_the_objects_says_so(tmp_path: Path) -> None:
    document = Document()
    document.apply(edits.add_object(document, object_id=300))
    set_mask(document, 300, 0, rectangle(0, 0, 2, 2))
    found = preview(document, tmp_path, "davis", "coco")
    assert found.size_bytes["davis"] is None
    assert found.size_bytes["coco"]
    assert any("253" in text for text in found.warnings)


def test_an_object_on_one_of_many_frames_has_an_estimate() -> None:
    document, source = Document(), BlankFrames(SIZE_HW, 100)
    set_mask(document, add_object(document, "seen once"), 50, rectangle(0, 0, 9, 9))
    for name in FORMATS:
        found = preview_of(document, source, name, official_ids=True)
        assert found.size_bytes[name] is not None
        assert not any("no mask to export" in text for text in found.warnings)


def test_nothing_to_export_is_a_warning(tmp_path: Path) -> None:
    document = Document()
    set_mask(document, add_object(document, "empty"), 0, RleMask.empty(SIZE_HW))
    found = preview(document, tmp_path, "coco")
    assert found == ExportPreview({}, ("There is no mask to export.",))
