import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from app.core import edits
from app.core.document import Document
from app.core.masks import RleMask
from app.export.registry import export
from app.export.rle import decode_segmentation
from app.export.selection import ExportOptions
from app.media.source import open_source
from tests.unit.export.scene import (
    FRAME_COUNT,
    SIZE_HW,
    add_object,
    open_frames,
    rectangle,
    set_mask,
    two_objects,
)

pytestmark = pytest.mark.filterwarnings(
    # WORKAROUND(https://github.com/ppwwyyxx/cocoapi): decoding converts in a way NumPy 2 dislikes.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def run(document: Document, tmp_path: Path, name: str = "coco") -> Path:
    with open_frames(tmp_path) as source:
        return export(document, source, name, tmp_path / "out").paths[0]


def average_precision(truth: Path, results: list[dict[str, Any]], kind: str) -> float:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(truth))
        evaluation = COCOeval(coco, coco.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


@pytest.mark.parametrize("kind", ["segm", "bbox"])
def test_pycocotools_finds_the_export_equal_to_itself(tmp_path: Path, kind: str) -> None:
    path = run(two_objects(), tmp_path)
    annotations = json.loads(path.read_text())["annotations"]
    assert average_precision(path, annotations, kind) == 1


def test_other_masks_score_less(tmp_path: Path) -> None:
    path = run(two_objects(), tmp_path)
    annotations = json.loads(path.read_text())["annotations"]
    for annotation in annotations:
        shifted = np.roll(coco_mask.decode(annotation["segmentation"]), 5, axis=0)
        coded = coco_mask.encode(np.asfortranarray(shifted))
        annotation["segmentation"]["counts"] = coded["counts"].decode()
    assert average_precision(path, annotations, "segm") < 0.5


def test_masks_decode_exactly_and_absent_ones_are_left_out(tmp_path: Path) -> None:
    document = two_objects()
    content = json.loads(run(document, tmp_path).read_text())
    found = [(a["track_id"], a["image_id"] - 1) for a in content["annotations"]]
    assert sorted(found) == sorted((i, f) for i in (1, 2) for f in range(6) if (i, f) != (1, 3))
    for annotation in content["annotations"]:
        row = document.mask(annotation["track_id"], annotation["image_id"] - 1)
        decoded = coco_mask.decode(annotation["segmentation"]).astype(bool)
        assert np.array_equal(decoded, row.mask.decode())
        assert annotation["area"] == decoded.sum()
        assert annotation["score"] == row.confidence
        box = coco_mask.toBbox(annotation["segmentation"]).tolist()
        assert annotation["bbox"] == box


def test_overlapping_objects_keep_all_their_pixels(tmp_path: Path) -> None:
    document = Document()
    for name in ("under", "over"):
        set_mask(document, add_object(document, name), 0, rectangle(0, 0, 10, 10))
    content = json.loads(run(document, tmp_path).read_text())
    assert [a["area"] for a in content["annotations"]] == [100, 100]


def test_cvat_finds_frames_labels_and_tracks(tmp_path: Path) -> None:
    content = json.loads(run(two_objects(), tmp_path).read_text())
    assert [i["file_name"] for i in content["images"]] == [
        f"{number:03d}.png" for number in range(FRAME_COUNT)
    ]
    assert content["categories"] == [{"id": 1, "name": "animal"}, {"id": 2, "name": "toy"}]
    for number, annotation in enumerate(content["annotations"], 1):
        assert annotation["id"] == number
        assert annotation["iscrowd"] == 0
        assert annotation["segmentation"]["size"] == list(SIZE_HW)
        assert annotation["attributes"] == {"track_id": annotation["track_id"], "keyframe": True}


@pytest.mark.parametrize("name", ["{:06d}.jpg", "{:05d}.jpg", "shot {}.png"])
def test_images_of_a_folder_are_named_by_their_files(tmp_path: Path, name: str) -> None:
    with open_frames(tmp_path, name=name) as source:
        (path,) = export(two_objects(), source, "coco", tmp_path / "out").paths
    found = [image["file_name"] for image in json.loads(path.read_text())["images"]]
    assert found == [name.format(number) for number in range(FRAME_COUNT)]


def test_chosen_names_of_images_are_kept(tmp_path: Path) -> None:
    options = ExportOptions(frame_names="{frame:06d}")
    with open_frames(tmp_path) as source:
        (path,) = export(two_objects(), source, "coco", tmp_path / "out", options=options).paths
    assert json.loads(path.read_text())["images"][1]["file_name"] == "000001.png"


def test_frames_without_names_are_named_as_cvat_does(tmp_path: Path) -> None:
    Image.new("RGB", SIZE_HW[::-1]).save(tmp_path / "alone.png")
    with open_source(tmp_path / "alone.png") as source:
        (path,) = export(two_objects(), source, "coco", tmp_path / "out").paths
    (image,) = json.loads(path.read_text())["images"]
    assert image["file_name"] == "frame_000000.png"


def test_polygons_decode_to_the_mask_without_its_holes(tmp_path: Path) -> None:
    document = two_objects()
    bitmap = rectangle(5, 5, 25, 20).decode()
    bitmap[30:33, 40] = bitmap[2, 50] = True
    filled = bitmap.copy()
    bitmap[8:12, 8:12] = False
    set_mask(document, 1, 0, RleMask.encode(bitmap))
    with open_frames(tmp_path) as source:
        options = ExportOptions(polygons=True)
        (path,) = export(document, source, "coco", tmp_path / "out", options=options).paths
    first = next(a for a in json.loads(path.read_text())["annotations"] if a["track_id"] == 1)
    assert len(first["segmentation"]) == 3
    assert np.array_equal(decode_segmentation(first["segmentation"], SIZE_HW).decode(), filled)


def test_range_keeps_source_frame_numbers(tmp_path: Path) -> None:
    document = two_objects()
    document.apply(edits.set_range(document, 4, None))
    content = json.loads(run(document, tmp_path).read_text())
    assert [i["file_name"] for i in content["images"]] == ["004.png", "005.png"]
    assert content["images"][0]["pts_seconds"] == pytest.approx(4 / 24)
    assert {a["image_id"] for a in content["annotations"]} == {i["id"] for i in content["images"]}


def test_youtube_vis_has_a_slot_for_every_frame(tmp_path: Path) -> None:
    document = two_objects()
    content = json.loads(run(document, tmp_path, "youtube_vis").read_text())
    (video,) = content["videos"]
    assert video["file_names"][1] == "my_clip/001.jpg"
    assert (video["length"], video["height"], video["width"]) == (FRAME_COUNT, *SIZE_HW)
    dog, ball = content["annotations"]
    assert (dog["id"], dog["category_id"], dog["iscrowd"]) == (1, 1, 0)
    assert (ball["id"], ball["category_id"], ball["iscrowd"]) == (2, 2, 0)
    for annotation in (dog, ball):
        for column in ("segmentations", "areas", "bboxes"):
            assert len(annotation[column]) == video["length"]
    assert dog["segmentations"][3] is dog["areas"][3] is dog["bboxes"][3] is None
    decoded = coco_mask.decode(ball["segmentations"][2]).astype(bool)
    assert np.array_equal(decoded, document.mask(2, 2).mask.decode())
