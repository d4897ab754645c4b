import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.core import edits
from app.core.document import Document
from app.core.errors import ExportError
from app.core.masks import RleMask
from app.core.palette import davis_palette
from app.export.registry import ExportReport, export
from app.export.selection import Existing, ExportOptions
from tests.unit.export.scene import (
    FRAME_COUNT,
    SIZE_HW,
    add_object,
    open_frames,
    rectangle,
    set_mask,
    two_objects,
)

SEQUENCE = "my_clip"


def run(
    document: Document, tmp_path: Path, frames: range | None = None, **options: object
) -> tuple[ExportReport, Path]:
    chosen = ExportOptions(frame_names="{frame:05d}", **options)
    with open_frames(tmp_path) as source:
        report = export(document, source, "davis", tmp_path / "out", frames, chosen)
    return report, tmp_path / "out" / "Annotations" / "480p" / SEQUENCE


def labels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def objects_of(tmp_path: Path) -> list[tuple[int, str]]:
    mapping = json.loads((tmp_path / "out" / f"{SEQUENCE}.objects.json").read_text())
    return [(entry["label"], entry["name"]) for entry in mapping["objects"]]


def test_tree_is_what_the_evaluator_reads(tmp_path: Path) -> None:
    report, folder = run(two_objects(), tmp_path)
    assert [f.name for f in sorted(folder.iterdir())] == [
        f"{i:05d}.png" for i in range(FRAME_COUNT)
    ]
    assert (tmp_path / "out/ImageSets/2017/val.txt").read_text() == f"{SEQUENCE}\n"
    with Image.open(folder / "00000.png") as image:
        assert image.mode == "P"
        assert image.size == SIZE_HW[::-1]
        palette = image.getpalette()
    assert palette[:12] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]
    assert palette[:9] == davis_palette().ravel()[:9].tolist()
    first = labels(folder / "00000.png")
    assert (first[10, 10], first[30, 12], first[0, 0]) == (1, 2, 0)
    assert report.warnings == ()
    assert all(path.exists() for path in report.paths)


def test_lost_object_leaves_background(tmp_path: Path) -> None:
    _, folder = run(two_objects(), tmp_path)
    assert np.unique(labels(folder / "00003.png")).tolist() == [0, 2]


def test_range_keeps_source_frame_numbers(tmp_path: Path) -> None:
    document = two_objects()
    document.apply(edits.set_range(document, 2, 4))
    _, folder = run(document, tmp_path)
    assert sorted(f.stem for f in folder.iterdir()) == ["00002", "00003", "00004"]
    mapping = json.loads((tmp_path / "out" / f"{SEQUENCE}.objects.json").read_text())
    assert mapping["frames"][0] == {
        "file": "00002",
        "source_frame_index": 2,
        "pts_seconds": pytest.approx(2 / 24),
    }


def test_pixels_are_object_numbers_also_where_objects_were_deleted(tmp_path: Path) -> None:
    document = two_objects()
    document.apply(edits.remove_object(document, 1))
    set_mask(document, add_object(document, "never seen"), 0, RleMask.empty(SIZE_HW))
    report, folder = run(document, tmp_path)
    assert objects_of(tmp_path) == [(2, "red ball")]
    assert np.unique(labels(folder / "00000.png")).tolist() == [0, 2]
    assert "gaps" in report.warnings[0]


def test_official_numbers_have_no_gap(tmp_path: Path) -> None:
    document = two_objects()
    document.apply(edits.remove_object(document, 1))
    report, folder = run(document, tmp_path, official_ids=True)
    assert objects_of(tmp_path) == [(1, "red ball")]
    assert np.unique(labels(folder / "00000.png")).tolist() == [0, 1]
    assert report.warnings == ()


def test_a_late_object_keeps_its_number_with_a_warning(tmp_path: Path) -> None:
    document = two_objects()
    late = add_object(document, "late")
    set_mask(document, late, 2, rectangle(0, 40, 10, 60))
    report, folder = run(document, tmp_path)
    assert labels(folder / "00002.png")[5, 50] == late
    assert "would not score “late”" in report.warnings[1]


def test_highest_official_number_is_on_the_first_image(tmp_path: Path) -> None:
    document = two_objects()
    late = add_object(document, "late")
    set_mask(document, late, 2, rectangle(0, 40, 10, 60))
    report, folder = run(document, tmp_path, official_ids=True)
    assert objects_of(tmp_path) == [(1, "dog"), (2, "late"), (3, "red ball")]
    assert labels(folder / "00000.png").max() == 3
    assert labels(folder / "00002.png")[5, 50] == 2
    assert "“late”" in report.warnings[0]


def test_official_sequence_starts_where_annotation_does(tmp_path: Path) -> None:
    document = Document()
    only = add_object(document, "only")
    for frame in (2, 3, 5):
        set_mask(document, only, frame, rectangle(0, 0, 9, 9))
    report, folder = run(document, tmp_path, official_ids=True)
    assert sorted(f.stem for f in folder.iterdir()) == ["00002", "00003", "00004", "00005"]
    assert "starts at frame 2" in report.warnings[0]


def test_overlap_goes_to_the_more_certain_mask(tmp_path: Path) -> None:
    document = Document()
    sure, unsure, drawn = (add_object(document, name) for name in ("sure", "unsure", "drawn"))
    for frame in range(FRAME_COUNT):
        set_mask(document, unsure, frame, rectangle(0, 0, 20, 20), 0.4)
        set_mask(document, sure, frame, rectangle(0, 10, 20, 30), 0.8)
    set_mask(document, drawn, 0, rectangle(0, 15, 20, 40), None)
    report, folder = run(document, tmp_path)
    first, second = labels(folder / "00000.png"), labels(folder / "00001.png")
    assert first[5, [5, 12, 17, 35]].tolist() == [unsure, sure, drawn, drawn]
    assert second[5, [5, 12, 17, 35]].tolist() == [unsure, sure, sure, 0]
    assert "overlap on 6 of the frames" in report.warnings[0]


def test_equally_certain_overlap_goes_to_the_first_object(tmp_path: Path) -> None:
    document = Document()
    for name in ("first", "second"):
        set_mask(document, add_object(document, name), 0, rectangle(0, 0, 20, 20 + len(name)))
    _, folder = run(document, tmp_path)
    assert labels(folder / "00000.png")[5, 5] == 1


def test_too_short_a_sequence_is_refused(tmp_path: Path) -> None:
    report, _ = run(two_objects(), tmp_path, range(2))
    assert "needs 3 frames" in report.warnings[0]


def test_more_objects_than_labels_are_refused(tmp_path: Path) -> None:
    document = Document()
    for number in range(254):
        set_mask(document, add_object(document, str(number)), 0, rectangle(0, 0, 2, 2))
    with pytest.raises(ExportError, match="253"):
        run(document, tmp_path)
    assert not (tmp_path / "out").exists()


def test_images_come_along_when_wanted(tmp_path: Path) -> None:
    report, _ = run(two_objects(), tmp_path, with_images=True)
    images = tmp_path / "out" / "JPEGImages" / "480p" / SEQUENCE
    assert images in report.paths
    assert [f.name for f in sorted(images.iterdir())] == [
        f"{i:05d}.jpg" for i in range(FRAME_COUNT)
    ]
    assert labels(images / "00003.jpg").mean() == pytest.approx(60, abs=1)


def test_second_sequence_joins_the_first(tmp_path: Path) -> None:
    run(two_objects(), tmp_path)
    (tmp_path / "my clip").rename(tmp_path / "other")
    run(two_objects(), tmp_path, existing=Existing.REPLACE)
    (tmp_path / "third").mkdir()
    with open_frames(tmp_path / "third") as source:
        source.name = "other"
        export(two_objects(), source, "davis", tmp_path / "out")
    assert (tmp_path / "out/ImageSets/2017/val.txt").read_text() == f"{SEQUENCE}\nother\n"
    assert len(list((tmp_path / "out/Annotations/480p").iterdir())) == 2
