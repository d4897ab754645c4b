import json
from pathlib import Path

import pytest

from app.core.errors import ExportError
from app.export.reading import read_masks
from app.export.registry import export
from tests.unit.export.scene import FRAME_COUNT, SIZE_HW, open_frames, rectangle, two_objects

NAMES = {1: ("dog", "animal"), 2: ("red ball", "toy")}


@pytest.mark.parametrize(
    ("format_name", "what"),
    [
        ("davis", "."),
        ("davis", "Annotations/480p/my_clip"),
        ("coco", "my_clip.coco.json"),
        ("youtube_vis", "my_clip.youtube_vis.json"),
    ],
)
def test_every_export_can_be_read_back(tmp_path: Path, format_name: str, what: str) -> None:
    document = two_objects()
    with open_frames(tmp_path) as source:
        export(document, source, format_name, tmp_path / "out", range(1, FRAME_COUNT))
    found = read_masks(tmp_path / "out" / what)
    assert found.names == NAMES
    frames = dict(found.frames)
    assert list(frames) == [1, 2, 3, 4, 5]
    for frame, masks in frames.items():
        assert masks == {i: document.mask(i, frame).mask for i in ((2,) if frame == 3 else (1, 2))}


def coco_file(tmp_path: Path, **annotation: object) -> Path:
    height, width = SIZE_HW
    image = {"id": 9, "file_name": "frame_000007.png", "height": height, "width": width}
    content = {
        "images": [image],
        "categories": [{"id": 1, "name": "thing"}],
        "annotations": [{"id": 1, "image_id": 9, "category_id": 1, **annotation}],
    }
    (tmp_path / "file.json").write_text(json.dumps(content))
    return tmp_path / "file.json"


def test_polygons_and_plain_runs_of_other_tools_are_read(tmp_path: Path) -> None:
    polygon = [[5, 2, 15, 2, 15, 12, 5, 12]]
    path = coco_file(tmp_path, segmentation=polygon, attributes={"track_id": 4})
    assert dict(read_masks(path).frames) == {7: {4: rectangle(2, 5, 12, 15)}}
    height, width = SIZE_HW
    runs = {"size": [height, width], "counts": [0, 3 * height, (width - 3) * height]}
    path = coco_file(tmp_path, segmentation=runs, track_id=4)
    assert dict(read_masks(path).frames) == {7: {4: rectangle(0, 0, height, 3)}}


def test_files_without_tracks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="tracked objects"):
        read_masks(coco_file(tmp_path, segmentation=[[0, 0, 9, 0, 9, 9]]))


def test_masks_of_another_size_are_refused(tmp_path: Path) -> None:
    runs = {"size": [2, 2], "counts": [0, 4]}
    with pytest.raises(ExportError, match="tracked objects"):
        read_masks(coco_file(tmp_path, segmentation=runs, track_id=1))


def test_what_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "masks.json").write_text("{")
    with pytest.raises(ExportError, match="as JSON"):
        read_masks(tmp_path / "masks.json")
    with pytest.raises(ExportError, match="as JSON"):
        read_masks(tmp_path / "missing.json")


def test_tree_of_several_sequences_asks_for_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "Annotations" / "480p" / name).mkdir(parents=True)
    with pytest.raises(ExportError, match="2 sequences"):
        read_masks(tmp_path)
