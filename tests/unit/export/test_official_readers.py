"""Exports are what official readers and public format descriptions ask for."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from app.core.document import Document
from app.core.masks import RleMask
from app.export.checks.folder import check, data_sets
from app.export.registry import export
from app.export.selection import ExportOptions
from tests.unit.evaluation.tracked import ScriptedTracker
from tests.unit.export.scene import (
    FRAME_COUNT,
    SIZE_HW,
    add_object,
    open_frames,
    rectangle,
    set_mask,
    two_objects,
)
from tinysam2.datasets.sequences import read_sequences
from tinysam2.evaluation.report import summarize
from tinysam2.evaluation.runner import score_sequence
from tinysam2.inference.results import TrackStep

pytestmark = pytest.mark.filterwarnings(
    # WORKAROUND(https://github.com/ppwwyyxx/cocoapi): decoding converts in a way NumPy 2 dislikes.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def late_and_lost() -> Document:
    """Return objects 1, 3 and 4: lost for a while, in every frame, appearing late."""
    document = two_objects()
    removed = add_object(document, "removed")
    assert removed == 3
    set_mask(document, 3, 0, rectangle(0, 30, 4, 40))
    late = add_object(document, "late")
    for frame in range(2, FRAME_COUNT):
        set_mask(document, late, frame, rectangle(0, 45, 6, 55))
    return document


@pytest.mark.parametrize("official", [True, False])
def test_an_export_scored_against_itself_is_perfect(tmp_path: Path, official: bool) -> None:
    options = ExportOptions(with_images=True, official_ids=official)
    with open_frames(tmp_path) as source:
        export(late_and_lost(), source, "davis", tmp_path / "out", options=options)
    (sequence,) = read_sequences(tmp_path / "out", "val")
    result = score_sequence(ScriptedTracker(sequence, lambda labels, _: labels), sequence)
    objects = summarize([result])["sequences"]["my_clip"]["objects"]
    if official:  # the late object gets a number below the highest one, and so is counted
        assert sorted(objects) == ["1", "2", "3", "4"]
        assert list(check(data_sets(tmp_path / "out"))) == []
        late = next(i for i in range(1, 5) if not (sequence.labels(0) == i).any())
        objects.pop(str(late))  # is not prompted, so that no tracker can find it
    else:
        assert sorted(objects) == ["1", "2", "3"]
        assert [finding.is_error for finding in check(data_sets(tmp_path / "out"))] == [False]
    assert all(row["J&F"] == 1 for row in objects.values())


class CopyingTracker(ScriptedTracker):
    """Predict the annotated masks, also of objects that are not on the first frame."""

    def propagate(self) -> Iterator[TrackStep]:
        numbers = np.unique([self.sequence.labels(i) for i in self.sequence.annotations])
        self.prompts = {int(number): None for number in numbers if number}
        return super().propagate()


def test_a_copy_of_an_export_scores_one_for_every_object(tmp_path: Path) -> None:
    options = ExportOptions(with_images=True, official_ids=True)
    with open_frames(tmp_path) as source:
        export(late_and_lost(), source, "davis", tmp_path / "out", options=options)
    (sequence,) = read_sequences(tmp_path / "out", "val")
    tracker = CopyingTracker(sequence, lambda labels, _: labels)
    objects = summarize([score_sequence(tracker, sequence)])["sequences"]["my_clip"]["objects"]
    assert {number: row["J&F"] for number, row in objects.items()} == dict.fromkeys("1234", 1)


CVAT_SHAPE = {
    "frame": int, "keyframe": int, "outside": int, "occluded": int, "rle": str,
    "left": int, "top": int, "width": int, "height": int, "z_order": int,
}  # fmt: skip


def test_cvat_xml_follows_the_description_of_version_1_1(tmp_path: Path) -> None:
    document = late_and_lost()
    with open_frames(tmp_path) as source:
        (path,) = export(document, source, "cvat", tmp_path / "out").paths
    root = ET.parse(path).getroot()
    assert (root.tag, root.findtext("version")) == ("annotations", "1.1")
    labels = {label.findtext("name") for label in root.iter("label")}
    tracks = root.findall("track")
    assert [int(track.get("id", "")) for track in tracks] == [1, 2, 3, 4]
    for track in tracks:
        assert track.get("label") in labels
        shapes = [{k: kind(mask.attrib[k]) for k, kind in CVAT_SHAPE.items()} for mask in track]
        assert [set(mask.attrib) for mask in track] == [set(CVAT_SHAPE)] * len(shapes)
        frames = [shape["frame"] for shape in shapes]
        assert frames == sorted(set(frames))
        visible = {shape["frame"] for shape in shapes if not shape["outside"]}
        for frame in range(FRAME_COUNT):
            row = document.mask(int(track.get("id", "")), frame)
            assert (frame in visible) == bool(row and row.mask.area)
        for shape in shapes:
            assert decoded(shape).sum() > 0
        # A mask is shown until the next shape: each gap starts with a shape that is outside.
        outside = {shape["frame"] for shape in shapes if shape["outside"]}
        after = {frame + 1 for frame in visible} - visible - {FRAME_COUNT}
        assert outside == after


def decoded(shape: dict[str, Any]) -> np.ndarray:
    runs = [int(run) for run in shape["rle"].split(", ")]
    assert sum(runs) == shape["width"] * shape["height"]
    assert shape["left"] + shape["width"] <= SIZE_HW[1]
    assert shape["top"] + shape["height"] <= SIZE_HW[0]
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs)


def test_youtube_vis_follows_its_description(tmp_path: Path) -> None:
    document = late_and_lost()
    with open_frames(tmp_path) as source:
        (path,) = export(document, source, "youtube_vis", tmp_path / "out").paths
    content = json.loads(path.read_text())
    (video,) = content["videos"]
    assert {"id", "width", "height", "length", "file_names"} <= set(video)
    categories = {category["id"] for category in content["categories"]}
    assert min(categories) == 1
    for number, annotation in enumerate(content["annotations"], 1):
        assert annotation["id"] == number
        assert annotation["video_id"] == video["id"]
        assert annotation["category_id"] in categories
        assert annotation["iscrowd"] == 0
        for key in ("segmentations", "areas", "bboxes"):
            assert len(annotation[key]) == video["length"] == len(video["file_names"])
        for coded, area in zip(annotation["segmentations"], annotation["areas"], strict=True):
            assert (coded is None) == (area is None)
            if coded is not None:
                assert coded["size"] == [video["height"], video["width"]]
                assert int(coco_mask.area(coded)) == area


def test_masks_per_object_hold_overlaps_and_start_with_their_first_pixel(tmp_path: Path) -> None:
    document = Document()
    for name, start in (("under", 0), ("over", 2)):
        object_id = add_object(document, name)
        for frame in range(start, FRAME_COUNT):
            empty = RleMask.empty(SIZE_HW)
            mask = empty if frame == 4 else rectangle(0, 0, 9, 9)
            set_mask(document, object_id, frame, mask)
    with open_frames(tmp_path) as source:
        report = export(document, source, "sam2", tmp_path / "out")
    tree = report.paths[0]
    stems = {place.name: sorted(f.stem for f in place.iterdir()) for place in tree.iterdir()}
    assert stems == {
        "001": [f"{n:03d}" for n in range(6)],
        "002": [f"{n:03d}" for n in range(2, 6)],
    }
    assert "“over” appears after the first frame." in report.warnings
