import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.core.document import Document
from app.core.errors import ExportError
from app.export.format import ExportReport
from app.export.registry import FORMATS, export
from app.media.frames import FrameSource
from tests.unit.export.scene import SIZE_HW, open_frames, rectangle, set_mask, two_objects


@pytest.fixture
def source(tmp_path: Path) -> FrameSource:
    return open_frames(tmp_path)


def test_unknown_format_is_refused_with_the_choice(source: FrameSource, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"“dvais”.*davis") as refusal:
        export(two_objects(), source, "dvais", tmp_path / "out")
    assert "\n" not in str(refusal.value)


def test_nothing_to_export_is_reported(source: FrameSource, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no mask on frames 0 to 5"):
        export(Document(), source, "coco", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_frames_outside_the_source_are_refused(source: FrameSource, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="Frames 3 to 9 are not in my clip"):
        export(two_objects(), source, "coco", tmp_path / "out", range(3, 10))


def test_folder_that_cannot_be_made_is_reported(source: FrameSource, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExportError, match="cannot be written"):
        export(two_objects(), source, "coco", tmp_path / "file" / "out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_folder_that_may_not_be_written_is_reported(source: FrameSource, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(ExportError, match="cannot be written"):
        export(two_objects(), source, "coco", tmp_path / "out")


def test_failure_leaves_the_earlier_export(
    source: FrameSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_half_way(
        document: Document, source: FrameSource, out_dir: Path, frames: range
    ) -> ExportReport:
        (out_dir / "half").write_text("half")
        raise OSError(28, "No space left on device")

    out = tmp_path / "deep" / "out"
    monkeypatch.setitem(FORMATS, "bad", replace(FORMATS["coco"], name="bad", write=fail_half_way))
    with pytest.raises(ExportError, match="No space left"):
        export(two_objects(), source, "bad", out)
    assert not (tmp_path / "deep").exists()
    (path,) = export(two_objects(), source, "coco", out).paths
    before = path.read_bytes()
    with pytest.raises(ExportError):
        export(two_objects(), source, "bad", out)
    assert list(out.iterdir()) == [path]
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", FORMATS)
def test_exporting_again_replaces_and_leaves_the_rest(
    source: FrameSource, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    first = export(two_objects(), source, name, out)
    second = export(two_objects(), source, name, out, range(1, 4))
    assert first.paths == second.paths
    assert all(path.exists() for path in second.paths)
    assert (out / "notes.txt").read_text() == "mine"
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    for folder in filter(Path.is_dir, second.paths):
        assert [f.stem for f in sorted(folder.iterdir())] == ["00001", "00002", "00003"]


def test_source_size_masks_of_full_frames_survive(source: FrameSource, tmp_path: Path) -> None:
    document = two_objects()
    set_mask(document, 1, 0, rectangle(0, 0, *SIZE_HW))
    for name in FORMATS:
        assert export(document, source, name, tmp_path / name).paths
    assert np.prod(SIZE_HW) == document.mask(1, 0).mask.area
