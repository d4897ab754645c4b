"""Masks of other tools come to the right frames and objects; what is wrong is one sentence."""

import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.core import edits
from app.core.document import Document, Origin
from app.core.errors import ExportError
from app.core.masks import RleMask
from app.core.palette import davis_palette
from app.export.reading.matching import FrameMatcher
from app.export.reading.opening import read_masks
from app.export.reading.source import ChoiceError, FrameRef
from app.export.registry import export
from app.export.rle import compressed_rle, decode_counts
from app.media.source import open_source
from tests.unit.export.scene import (
    SIZE_HW,
    BlankFrames,
    imported,
    open_frames,
    rectangle,
    set_mask,
    two_objects,
    update,
)

HEIGHT, WIDTH = SIZE_HW
SQUARE = rectangle(2, 5, 12, 15)
POLYGON = [[5, 2, 15, 2, 15, 12, 5, 12]]


@pytest.fixture
def source() -> BlankFrames:
    return BlankFrames(SIZE_HW, 10)


def masks_of(document: Document) -> dict[tuple[int, int], RleMask]:
    return {
        (tracked.object_id, frame): row.mask
        for frame in range(10)
        for tracked, row in document.masks_on(frame)
    }


def names_of(document: Document) -> dict[int, tuple[str, str]]:
    return {tracked.object_id: (tracked.name, tracked.category) for tracked in document.objects}


def json_file(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def coco(tmp_path: Path, *annotations: dict[str, Any], **content: object) -> Path:
    image = {"id": 9, "file_name": "frame_000007.png", "height": HEIGHT, "width": WIDTH}
    listed = [
        {"id": number, "image_id": 9, "category_id": 1, "segmentation": POLYGON, **each}
        for number, each in enumerate(annotations, 1)
    ]
    categories = [{"id": 1, "name": "thing"}]
    values = {"images": [image], "categories": categories, "annotations": listed, **content}
    return json_file(tmp_path / "file.json", values)


def label_image(folder: Path, name: str, labels: object, mode: str | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros(SIZE_HW, dtype=np.uint8)
    for value, (top, left, bottom, right) in dict(labels).items():  # type: ignore[call-overload]
        pixels[top:bottom, left:right] = value
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(folder / f"{name}.png")


def test_polygons_and_plain_runs_of_other_tools_are_read(
    tmp_path: Path, source: BlankFrames
) -> None:
    runs = {"size": list(SIZE_HW), "counts": [0, 3 * HEIGHT, (WIDTH - 3) * HEIGHT]}
    path = coco(tmp_path, {"attributes": {"track_id": 4}}, {"track_id": "x", "segmentation": runs})
    document = imported(path, source).document
    assert masks_of(document) == {(4, 7): SQUARE, (5, 7): rectangle(0, 0, HEIGHT, 3)}
    assert names_of(document) == {4: ("object 4", "thing"), 5: ("object x", "thing")}
    assert document.mask(4, 7).origin is Origin.IMPORTED


def test_annotations_without_track_ids_are_numbered_in_each_category(
    tmp_path: Path, source: BlankFrames
) -> None:
    path = coco(tmp_path, {}, {"segmentation": [[20, 20, 30, 20, 30, 30]]})
    found = read_masks(path, SIZE_HW, "clip")
    assert list(found.names.values()) == [("thing 1", "thing"), ("thing 2", "thing")]
    assert "no track ids" in found.notes[0]
    assert len(imported(path, source).document.objects) == 2


def test_the_parts_of_an_object_are_united(tmp_path: Path, source: BlankFrames) -> None:
    part = {"track_id": 1, "segmentation": [[0, 30, 9, 30, 9, 39, 0, 39]]}
    document = imported(coco(tmp_path, {"track_id": 1}, part), source).document
    assert document.mask(1, 7).mask.area == SQUARE.area + 81


def youtube_vis(tmp_path: Path) -> Path:
    videos = [
        {"id": n, "width": WIDTH, "height": HEIGHT, "length": 2, "file_names": files}
        for n, files in ((1, ["a/00000.jpg", "a/00005.jpg"]), (2, ["b/00002.jpg", "b/00003.jpg"]))
    ]
    annotations = [
        {
            "id": 10 * n,
            "video_id": n,
            "category_id": 1,
            "segmentations": [None, compressed_rle(rectangle(n, n, 9, 9))],
        }
        for n in (1, 2)
    ]
    content = {"videos": videos, "categories": [{"id": 1, "name": "thing"}]}
    return json_file(tmp_path / "several.json", {**content, "annotations": annotations})


def test_one_of_several_videos_is_chosen_by_name(tmp_path: Path, source: BlankFrames) -> None:
    path = youtube_vis(tmp_path)
    with pytest.raises(ChoiceError, match="2 videos: “a”, “b”") as error:
        read_masks(path, SIZE_HW, "clip")
    assert error.value.choices == ["a", "b"]
    assert masks_of(imported(path, source, "a").document) == {(10, 5): rectangle(1, 1, 9, 9)}
    source.name = "b"
    assert masks_of(imported(path, source).document) == {(20, 3): rectangle(2, 2, 9, 9)}


def test_trees_of_several_sequences_ask_for_one(tmp_path: Path, source: BlankFrames) -> None:
    for name in ("one", "two"):
        label_image(tmp_path / "Annotations" / "480p" / name, "00001", {3: (0, 0, 9, 9)})
    with pytest.raises(ChoiceError, match="2 videos"):
        read_masks(tmp_path, SIZE_HW, "clip")
    assert masks_of(imported(tmp_path, source, "two").document) == {(3, 1): rectangle(0, 0, 9, 9)}


def test_one_image_stands_for_its_folder_or_for_those_of_all_objects(
    tmp_path: Path, source: BlankFrames
) -> None:
    report = export(two_objects(), source, "sam2", tmp_path)
    tree = imported(report.paths[0] / "002" / "00000.png", source).document
    assert [tracked.name for tracked in tree.objects] == ["dog", "red ball"]
    sequence = tmp_path / "Annotations" / "480p" / "002"  # named like an object's folder
    label_image(sequence, "00001", {3: (0, 0, 9, 9)})
    label_image(sequence.with_name("003"), "00001", {4: (0, 0, 9, 9)})
    alone = imported(sequence / "00001.png", source).document
    assert masks_of(alone) == {(3, 1): rectangle(0, 0, 9, 9)}


def test_images_of_objects_may_have_their_suffix_in_capitals(
    tmp_path: Path, source: BlankFrames
) -> None:
    label_image(tmp_path / "tree" / "002", "00001", {1: (0, 0, 9, 9)})
    file = tmp_path / "tree" / "002" / "00001.png"
    file.rename(file.with_suffix(".PNG"))
    assert masks_of(imported(tmp_path / "tree", source).document) == {(2, 1): rectangle(0, 0, 9, 9)}


def test_white_alone_is_the_object_as_in_davis_2016(tmp_path: Path, source: BlankFrames) -> None:
    label_image(tmp_path / "masks", "00000", {})
    label_image(tmp_path / "masks", "00001", {255: (0, 0, 9, 9)})
    found = read_masks(tmp_path / "masks", SIZE_HW, "clip")
    assert [masks for _, masks in found.frames] == [{}, {1: rectangle(0, 0, 9, 9)}]
    assert "DAVIS 2016" in found.notes[0]
    label_image(tmp_path / "masks", "00002", {3: (0, 0, 9, 9)})
    with pytest.raises(ExportError, match=r"00002.png has object numbers"):
        imported(tmp_path / "masks", source)


def test_void_is_no_object(tmp_path: Path, source: BlankFrames) -> None:
    label_image(tmp_path / "masks", "00001", {7: (0, 0, 9, 9), 255: (20, 20, 30, 30)})
    assert masks_of(imported(tmp_path / "masks", source).document) == {
        (7, 1): rectangle(0, 0, 9, 9)
    }


def test_colors_are_objects(tmp_path: Path, source: BlankFrames) -> None:
    pixels = np.zeros((*SIZE_HW, 3), dtype=np.uint8)
    pixels[:9, :9] = davis_palette()[2]
    pixels[20:30, 20:30] = (10, 200, 30)
    (tmp_path / "masks").mkdir()
    Image.fromarray(pixels).save(tmp_path / "masks" / "00004.png")
    document = imported(tmp_path / "masks", source).document
    assert masks_of(document) == {
        (2, 4): rectangle(0, 0, 9, 9),
        (3, 4): rectangle(20, 20, 30, 30),
    }
    assert document.object(3).name == "#0ac81e"
    noise = np.random.default_rng(0).integers(0, 255, (*SIZE_HW, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "masks" / "00005.png")
    with pytest.raises(ExportError, match="looks like a photo"):
        imported(tmp_path / "masks", source)


def test_frames_are_matched_by_name_first(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in (1, 2, 10):
        Image.new("RGB", SIZE_HW[::-1]).save(frames / f"{number:05d}.jpg")
    label_image(tmp_path / "masks", "00001", {1: (0, 0, 9, 9)})
    label_image(tmp_path / "masks", "img_10", {1: (0, 0, 5, 5)})
    label_image(tmp_path / "masks", "00003", {1: (0, 0, 3, 3)})
    with open_source(frames) as source:
        session = imported(tmp_path / "masks", source)
        plan = update(session, tmp_path / "masks")
        assert FrameMatcher(source).find(FrameRef("00002", 0)) == 1
        assert FrameMatcher(source).find(FrameRef(None, 3)) is None
    assert masks_of(session.document) == {
        (1, 0): rectangle(0, 0, 9, 9),
        (1, 2): rectangle(0, 0, 5, 5),
    }
    assert (plan.matched_frames, plan.missed_frames) == (2, ("00003",))


def test_masks_of_no_frame_are_refused(tmp_path: Path, source: BlankFrames) -> None:
    label_image(tmp_path / "masks", "00099", {1: (0, 0, 9, 9)})
    with pytest.raises(ExportError, match=r"No frame of .*“00099”"):
        imported(tmp_path / "masks", source)


def test_an_update_replaces_and_keeps_what_is_protected(tmp_path: Path) -> None:
    document = two_objects()
    document.apply(edits.set_verified(document, 1, 0, True))
    changed = two_objects()
    for frame in range(3):
        set_mask(changed, 1, frame, rectangle(0, 0, 4, 4))
    with open_frames(tmp_path) as source:
        export(document, source, "coco", tmp_path / "old")
        (path,) = export(changed, source, "coco", tmp_path / "new").paths
        session = imported(tmp_path / "old" / path.name, source)
        session.execute(edits.set_verified(session.document, 1, 0, True))
        plan = update(session, path)
    dog = plan.objects[0]
    assert (dog.object_id, dog.mask_count, dog.replaced, dog.kept) == (1, 5, 4, 1)
    assert len(session.document.objects) == 2
    assert session.document.mask(1, 0).mask == rectangle(5, 5, 25, 20)
    assert session.document.mask(1, 1).mask == rectangle(0, 0, 4, 4)
    session.history.undo()
    assert session.document.mask(1, 1).mask == rectangle(5, 5, 25, 20)


def test_objects_whose_number_is_taken_get_the_next(tmp_path: Path) -> None:
    with open_frames(tmp_path) as source:
        (path,) = export(two_objects(), source, "coco", tmp_path / "out").paths
        session = imported(path, source)
        update(session, path, is_update=False)
    assert [o.object_id for o in session.document.objects] == [1, 2, 3, 4]


def test_objects_without_names_are_named_by_the_number_that_they_get(
    tmp_path: Path, source: BlankFrames
) -> None:
    label_image(tmp_path / "masks", "00001", {1: (0, 0, 9, 9)})
    session = imported(tmp_path / "masks", source)
    update(session, tmp_path / "masks", is_update=False)
    assert [o.name for o in session.document.objects] == ["object 1", "object 2"]


def test_labelme_shapes_of_other_tools_are_read(tmp_path: Path, source: BlankFrames) -> None:
    shapes = [
        {"label": "cat", "points": [[5, 2], [15, 2], [15, 12], [5, 12]]},
        {"label": "cat", "points": [[20, 20], [30, 30]], "shape_type": "rectangle"},
        {"label": "dot", "points": [[1, 1]], "shape_type": "point"},
    ]
    content = {"shapes": shapes, "imageHeight": HEIGHT, "imageWidth": WIDTH, "imagePath": "x.jpg"}
    path = json_file(tmp_path / "labelme" / "00003.json", content)
    document = imported(path.parent, source).document
    assert masks_of(document) == {(1, 3): SQUARE, (2, 3): rectangle(20, 20, 30, 30)}
    assert names_of(document) == {1: ("cat 1", "cat"), 2: ("cat 2", "cat")}
    found = read_masks(path, SIZE_HW, "clip")
    list(found.frames)
    assert found.notes == ["Shapes of type 'point' are left out."]


def test_labelme_files_are_found_beside_their_frames_and_by_one_of_them(
    tmp_path: Path, source: BlankFrames
) -> None:
    folder = export(two_objects(), source, "labelme", tmp_path).paths[0]
    photo = np.random.default_rng(0).integers(0, 255, (*SIZE_HW, 3), np.uint8)
    Image.fromarray(photo).save(folder / "00000.png")
    (folder / "notes.json").write_text("[1]")
    one = imported(folder / "00002.json", source).document
    assert len(masks_of(one)) == 11
    (folder / "notes.json").unlink()
    assert masks_of(imported(folder, source).document) == masks_of(one)


def test_cvat_images_are_read(tmp_path: Path, source: BlankFrames) -> None:
    (tmp_path / "cvat.xml").write_text(
        f"""<annotations><version>1.1</version>
        <image id="0" name="dir/frame_000003.png" width="{WIDTH}" height="{HEIGHT}">
          <polygon label="cat" points="5.0,2.0;15.0,2.0;15.0,12.0;5.0,12.0"/>
          <box label="dog" xtl="20" ytl="20" xbr="30" ybr="30"/>
          <mask label="cat" rle="0, 4" left="1" top="30" width="2" height="2"/>
        </image></annotations>"""
    )
    document = imported(tmp_path / "cvat.xml", source).document
    assert masks_of(document) == {
        (1, 3): SQUARE,
        (2, 3): rectangle(20, 20, 30, 30),
        (3, 3): rectangle(30, 1, 32, 3),
    }


def test_boxes_of_cvat_are_turned_clockwise(tmp_path: Path, source: BlankFrames) -> None:
    box = 'label="dog" xtl="10" ytl="18" xbr="30" ybr="22"'
    (tmp_path / "cvat.xml").write_text(
        f"""<annotations><image id="0" name="3.png" width="{WIDTH}" height="{HEIGHT}">
          <box {box} rotation="90.0"/><box {box} rotation="45"/></image></annotations>"""
    )
    turned = masks_of(imported(tmp_path / "cvat.xml", source).document)
    assert turned[1, 3] == rectangle(10, 18, 30, 22)
    bitmap = turned[2, 3].decode()
    assert (bitmap[14, 14], bitmap[25, 25], bitmap[14, 25], bitmap[25, 14]) == (1, 1, 0, 0)


def test_shapes_of_cvat_that_are_left_out_are_named(tmp_path: Path) -> None:
    (tmp_path / "cvat.xml").write_text(
        f"""<annotations><image id="0" name="3.png" width="{WIDTH}" height="{HEIGHT}">
          <ellipse label="cat" cx="5" cy="5" rx="3" ry="2"/>
          <ellipse label="cat" cx="9" cy="9" rx="3" ry="2"/></image>
        <image id="1" name="4.png" width="{WIDTH}" height="{HEIGHT}">
          <box label="dog" xtl="2" ytl="2" xbr="8" ybr="8"/></image>
        <track id="7" label="dog"><points frame="5" points="1,1;2,2"/></track></annotations>"""
    )
    _, *notes = read_masks(tmp_path / "cvat.xml", SIZE_HW, "clip").notes
    assert notes == [f"Shapes of type '{kind}' are left out." for kind in ("ellipse", "points")]


def test_sav_of_the_data_set_has_every_fourth_frame(tmp_path: Path, source: BlankFrames) -> None:
    content = {
        "video_id": "sav_000001",
        "video_frame_count": 8.0,
        "video_height": float(HEIGHT),
        "video_width": float(WIDTH),
        "masklet": [[compressed_rle(SQUARE)], [compressed_rle(RleMask.empty(SIZE_HW))]],
        "masklet_id": [7],
    }
    document = imported(json_file(tmp_path / "sav_000001_manual.json", content), source).document
    assert masks_of(document) == {(7, 0): SQUARE}
    content["masklet"] = content["masklet"][::-1]
    document = imported(json_file(tmp_path / "sav_000001_manual.json", content), source).document
    assert masks_of(document) == {(7, 4): SQUARE}


GOOD = {"track_id": 1}
BAD_COCO = {
    "int_name": ({"categories": [{"id": 1, "name": 5}]}, "name of a category must be a text"),
    "list_category": ({"categories": [{"id": 1, "name": ["x"]}]}, "must be a text"),
    "minus_frame": (
        {"images": [{"id": 9, "file_name": "a", "height": 40, "width": 61, "frame_index": -3}]},
        "frame_index must be",
    ),
    "no_images": ({"images": 5}, "'images' must be a list"),
    "other_size": ({"images": [{"id": 9, "file_name": "a", "height": 4, "width": 6}]}, "6 x 4"),
}
BAD_ANNOTATION = {
    "polygon_1e9": ({"segmentation": [[0, 0, 1e9, 0, 1e9, 1e9]]}, "near the image"),
    "polygon_nan": ({"segmentation": [[0, 0, float("nan"), 0, 9, 9]]}, "near the image"),
    "polygon_text": ({"segmentation": [["0", 0, 1, 0, 9, 9]]}, "3 or more points"),
    "short_rle": ({"segmentation": {"size": [40, 61], "counts": [1, 2, 3]}}, "add up to 2440"),
    "huge_rle": ({"segmentation": {"size": [40, 61], "counts": [10**12]}}, "add up to"),
    "minus_rle": ({"segmentation": {"size": [40, 61], "counts": [-1, 2441]}}, "at least 0"),
    "other_rle": ({"segmentation": {"size": [2, 2], "counts": [0, 4]}}, r"must be \[40, 61\]"),
    "bad_text": ({"segmentation": {"size": [40, 61], "counts": "\u1234~~"}}, "compressed runs"),
    "endless_text": ({"segmentation": {"size": [40, 61], "counts": "o" * 99}}, "compressed runs"),
    "no_segmentation": ({"segmentation": None}, "polygons or runs"),
    "list_track": ({"track_id": [1]}, "track id"),
    "no_category": ({"category_id": 77}, "77 is missing"),
}


@pytest.mark.parametrize("case", BAD_COCO)
def test_a_bad_coco_file_is_one_sentence(tmp_path: Path, source: BlankFrames, case: str) -> None:
    content, sentence = BAD_COCO[case]
    with pytest.raises(ExportError, match=sentence):
        imported(coco(tmp_path, GOOD, **content), source)


@pytest.mark.parametrize("case", BAD_ANNOTATION)
def test_a_bad_annotation_is_one_sentence(tmp_path: Path, source: BlankFrames, case: str) -> None:
    values, sentence = BAD_ANNOTATION[case]
    with pytest.raises(ExportError, match=sentence):
        imported(coco(tmp_path, {**GOOD, **values}), source)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.json", b"{", "cannot be read as JSON"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.json", b"\xff\xfe{}", "cannot be read as JSON"),
        ("a.json", b"9" * 5000, "cannot be read as JSON"),
        ("a.json", b"[]", "no mask"),
        ("a.json", b"{}", "'annotations' is missing"),
        ("a.xml", b'<?xml version="1.0" encoding="utg-8"?><annotations/>', "unknown encoding"),
        (
            "a.xml",
            b"<!DOCTYPE a [<!ENTITY b 'c'>]><annotations/>",
            "document types",
        ),
        ("a.xml", b"<html/>", "no annotations"),
        ("a.xml", b"<annotations>", "no XML"),
        ("a.txt", b"1 1001 1 40 61", "line 1 must be"),
        ("a.txt", b"1 1001 1 4 6 0", "6 x 4"),
        ("a.txt", "é".encode(), "cannot be read as MOTS text"),
        ("a.zip", b"PK", "no zip file"),
        ("00000.png", b"no image", "cannot be read as label images"),
    ],
)
def test_a_bad_file_is_one_sentence(
    tmp_path: Path, source: BlankFrames, name: str, data: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ExportError, match=sentence) as error:
        imported(tmp_path / name, source)
    assert "\n" not in str(error.value)


def test_what_is_not_there_or_no_file_is_one_sentence(tmp_path: Path, source: BlankFrames) -> None:
    with pytest.raises(ExportError, match="does not exist"):
        imported(tmp_path / "missing.json", source)
    with pytest.raises(ExportError, match="holds no masks"):
        imported(tmp_path, source)
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    with pytest.raises(ExportError, match="no JSON file"):
        imported(tmp_path / "empty.zip", source)


def test_the_size_of_an_image_is_checked_before_it_is_decoded(
    tmp_path: Path, source: BlankFrames
) -> None:
    Image.new("1", (30_000, 5_000)).save(tmp_path / "00000.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ExportError, match="30000 x 5000 pixels, but the video is 61 x 40"):
            imported(tmp_path, source)


def test_counts_decode_as_pycocotools_encodes_them() -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        size_hw = random.integers(1, 40, 2)
        mask = RleMask.encode(random.random(tuple(size_hw)) < random.random())
        coded = compressed_rle(mask)
        runs = decode_counts(coded["counts"])
        values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
        assert np.array_equal(values.reshape(size_hw[::-1]).T, mask.decode())
