"""What official readers refuse or misread is named with its file; exports pass."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.core.document import Table
from app.core.errors import ExportError, UsageError
from app.export.checks.folder import check, data_sets
from app.export.registry import export
from app.export.selection import ExportOptions
from app.media.source import open_source
from tests.unit.export.scene import (
    SIZE_HW,
    add_object,
    imported,
    open_frames,
    rectangle,
    set_mask,
    two_objects,
)

ROOTS = {"davis": ".", "davis_2016": "davis_2016", "youtube_vos": "youtube_vos"}
FILES = {"coco": "my_clip.coco.json", "youtube_vis": "my_clip.youtube_vis.json"}


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., Path]:
    def run(*names: str) -> Path:
        options = ExportOptions(with_images=True)
        with open_frames(tmp_path) as source:
            for name in names:
                export(two_objects(), source, name, tmp_path / "out", options=options)
        return tmp_path / "out" / {**ROOTS, **FILES}[names[0]]

    return run


def reasons(path: Path) -> list[str]:
    return [f"{finding.path.name}: {finding.reason}" for finding in check(data_sets(path))]


def paint(path: Path, *values: int, mode: str = "L", size_hw: tuple[int, int] = SIZE_HW) -> None:
    pixels = np.zeros(size_hw, dtype=np.uint8)
    for place, value in enumerate(values):
        pixels[place] = value
    Image.fromarray(pixels).convert(mode).save(path)


@pytest.mark.parametrize("name", [*ROOTS, *FILES])
def test_exports_pass(exported: Callable[[str], Path], name: str) -> None:
    assert reasons(exported(name)) == []


def test_youtube_vos_leaves_out_what_has_no_pixel_of_its_own(tmp_path: Path) -> None:
    document = two_objects()
    set_mask(document, add_object(document, "collar"), 1, rectangle(6, 6, 9, 9), 0.1)
    with open_frames(tmp_path) as source:
        options = ExportOptions(with_images=True)
        report = export(document, source, "youtube_vos", tmp_path / "out", options=options)
    assert reasons(tmp_path / "out" / "youtube_vos") == []
    assert report.warnings[0] == "“collar” has no pixel of its own and is left out."


def test_frames_with_spaces_in_their_names_are_in_the_lists_of_davis_2016(tmp_path: Path) -> None:
    options = ExportOptions(with_images=True)
    with open_frames(tmp_path, name="frame {}.png") as source:
        export(two_objects(), source, "davis_2016", tmp_path / "out", options=options)
        (folder,) = (tmp_path / "out/davis_2016/Annotations/480p").iterdir()
        assert len(imported(folder, source).document.of_object(Table.MASKS, 1)) == 6
    assert reasons(tmp_path / "out" / "davis_2016") == []


def test_names_that_are_the_same_without_spaces_are_refused(tmp_path: Path) -> None:
    folder = open_frames(tmp_path, 1, "a b.png").path
    Image.new("RGB", SIZE_HW[::-1]).save(folder / "a_b.png")
    with open_source(folder) as source, pytest.raises(ExportError, match="have the same name"):
        export(two_objects(), source, "davis_2016", tmp_path / "out")


def test_faults_of_davis_trees_are_named(exported: Callable[[str], Path]) -> None:
    root = exported("davis")
    images, masks = (root / kind / "480p" / "my_clip" for kind in ("JPEGImages", "Annotations"))
    (masks / "001.png").unlink()
    paint(masks / "002.png", 1, mode="RGB")
    paint(masks / "003.png", 1, size_hw=(10, 10))
    (masks / "004.png").write_bytes(b"no image")
    paint(masks / "005.png", 1, 4, 255)
    (root / "ImageSets/2017/train.txt").write_text("missing\n../../etc\n")
    found = reasons(root)
    for sentence in (
        "001.png: it is missing",
        "002.png: it cannot be read as a label image: 002.png is a color image",
        "003.png: it cannot be read as a label image: it is 10 x 10 pixels",
        "004.png: it cannot be read as a label image",
        "005.png: object 4 appears first here and is not scored: the first image counts 2",
        "missing: it is missing: the evaluator lists its frames by it; "
        "an export with --images has it",
        "train.txt: '../../etc' is no name",
    ):
        assert any(sentence in each for each in found), (sentence, found)
    for file in images.glob("*.jpg"):
        file.rename(file.with_suffix(".jpeg"))
    assert any("its images must be *.jpg" in each for each in reasons(root))


def test_gaps_and_short_sequences_of_davis_are_named(exported: Callable[[str], Path]) -> None:
    root = exported("davis")
    masks = root / "Annotations" / "480p" / "my_clip"
    for number in range(2, 6):
        (masks / f"{number:03d}.png").unlink()
        (root / "JPEGImages" / "480p" / "my_clip" / f"{number:03d}.jpg").unlink()
    for number in range(2):
        paint(masks / f"{number:03d}.png", 1, 3)
    found = reasons(root)
    assert "my_clip: object 2 has no pixel; it is counted and scores 1" in found
    assert "my_clip: it has 2 frames; the evaluator needs 3" in found
    assert "val.txt: it is missing: it lists the sequences of a split" in reasons_without_lists(
        root
    )


def reasons_without_lists(root: Path) -> list[str]:
    (root / "ImageSets/2017/val.txt").unlink()
    return reasons(root)


def test_faults_of_davis_2016_are_named(exported: Callable[[str], Path]) -> None:
    root = exported("davis_2016")
    masks = root / "Annotations" / "480p" / "my_clip"
    paint(masks / "000.png", 1)
    (masks / "001.png").unlink()
    found = reasons(root)
    assert "000.png: it has the value 1; masks are 0 and 255" in found
    assert "001.png: it is missing: line 2 of val.txt names it" in found


def test_faults_of_youtube_vos_are_named(exported: Callable[[str], Path]) -> None:
    root = exported("youtube_vos")
    masks = root / "Annotations" / "my_clip"
    paint(masks / "000.png", 2, 9)
    (masks / "004.png").unlink()
    (root / "Annotations" / "other").mkdir()
    found = reasons(root)
    assert "000.png: it has object 9, which meta.json does not name" in found
    assert "000.png: object 1 has no pixel on its first frame" in found
    assert "004.png: it is missing: meta.json names it" in found
    assert "other: meta.json does not name it: it is not read" in found
    (root / "meta.json").write_text("{}")
    assert "meta.json: it cannot be read: 'videos' is missing" in reasons(root)


COCO_FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "id 0 makes the evaluator score nothing": lambda c: c["annotations"][0].update(id=0),
    "this id is there twice": lambda c: c["annotations"][1].update(id=1),
    "there is no category 77": lambda c: c["annotations"][0].update(category_id=77),
    "there is no image 77": lambda c: c["annotations"][0].update(image_id=77),
    "'iscrowd' is missing": lambda c: c["annotations"][0].pop("iscrowd"),
    "'iscrowd' 1 makes it": lambda c: c["annotations"][0].update(iscrowd=1),
    "'area' is missing": lambda c: c["annotations"][0].pop("area"),
    "area is 2000, the mask has 300": lambda c: c["annotations"][0].update(area=2000),
    "'bbox' is missing": lambda c: c["annotations"][0].pop("bbox"),
    "polygons or runs": lambda c: c["annotations"][0].update(segmentation=None),
    "'images' is missing": lambda c: c.pop("images"),
    "id 1 is twice in 'images'": lambda c: c["images"][1].update(id=1),
}


@pytest.mark.parametrize("sentence", COCO_FAULTS)
def test_faults_of_coco_are_named(exported: Callable[[str], Path], sentence: str) -> None:
    path = exported("coco")
    content = json.loads(path.read_text())
    COCO_FAULTS[sentence](content)
    path.write_text(json.dumps(content))
    found = reasons(path)
    assert any(sentence in each for each in found), found


def test_faults_of_youtube_vis_are_named(exported: Callable[[str], Path]) -> None:
    path = exported("youtube_vis")
    content = json.loads(path.read_text())
    content["annotations"][0]["segmentations"].pop()
    content["annotations"][1].pop("areas")
    path.write_text(json.dumps(content))
    found = reasons(path)
    assert any("annotation 1: 'segmentations' must list 6 frames" in each for each in found)
    assert any("annotation 2: 'areas' is missing" in each for each in found)


def test_all_data_sets_of_a_folder_are_checked(exported: Callable[..., Path]) -> None:
    """Several exports in one folder, and files beside them that are no data sets."""
    root = exported("davis", "youtube_vos", "coco")
    (root / "my_clip.memory.json").write_text("[]")
    assert reasons(root) == []
    assert [kind for kind, _ in data_sets(root)] == ["davis", "json", "youtube_vos"]
    (root / "youtube_vos" / "meta.json").write_text("{}")
    content = json.loads((root / "my_clip.coco.json").read_text())
    content["annotations"][0].pop("iscrowd")
    (root / "my_clip.coco.json").write_text(json.dumps(content))
    found = reasons(root)
    assert any("my_clip.coco.json" in each and "'iscrowd' is missing" in each for each in found)
    assert any(each.startswith("meta.json") for each in found), found


def test_json_files_that_are_no_annotations_are_left_out(exported: Callable[..., Path]) -> None:
    """As a memory report beside a COCO file; but what cannot be read is named."""
    folder = exported("coco").parent
    (folder / "my_clip.memory.json").write_text("[]")
    (folder / "other").mkdir()
    (folder / "other" / "settings.json").write_text("{}")
    assert reasons(folder) == []
    (folder / "cut_off.json").write_text('{"images": [')
    assert [each.split(":")[0] for each in reasons(folder)] == ["cut_off.json"]


def test_hidden_files_and_folders_are_left_out(exported: Callable[..., Path]) -> None:
    """As macOS leaves them on disks of others, and notebooks beside what they open."""
    folder = exported("coco").parent
    (folder / "._my_clip.coco.json").write_bytes(b"\0\5\x16\7")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "cut_off.json").write_text("{")
    (folder / "folder.json").mkdir()
    assert reasons(folder) == []


def test_other_programs_may_have_a_meta_json(exported: Callable[..., Path]) -> None:
    folder = exported("davis")
    (folder / "meta.json").write_text('{"classes": []}')
    (folder / "project").mkdir()
    (folder / "project" / "meta.json").write_text('{"classes": []}')
    assert [kind for kind, _ in data_sets(folder)] == ["davis"]


def test_a_damaged_meta_json_is_named(exported: Callable[..., Path]) -> None:
    folder = exported("youtube_vos")
    (folder / "meta.json").write_text("{}")
    assert any("'videos' is missing" in each for each in reasons(folder))


def test_json_files_are_found_whatever_the_case_of_their_suffix(tmp_path: Path) -> None:
    (tmp_path / "INSTANCES.JSON").write_text('{"images": [], "annotations": []}')
    assert any("categories" in each for each in reasons(tmp_path))


def test_a_subfolder_that_cannot_be_read_is_named(
    exported: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``lost+found`` on a disk of Linux; the others are checked."""
    folder = exported("davis")
    (folder / "lost+found").mkdir()
    list_folder = Path.iterdir

    def refuse(path: Path) -> Iterator[Path]:
        if path.name == "lost+found":
            raise PermissionError(13, "Permission denied")
        return list_folder(path)

    monkeypatch.setattr(Path, "iterdir", refuse)

    found = data_sets(folder)
    assert [(kind, path.name) for kind, path in found][1:] == [("unreadable", "lost+found")]
    assert not any(finding.is_error for finding in check(found[1:]))
    with pytest.raises(UsageError, match="cannot be read"):
        data_sets(folder / "lost+found")


def test_a_file_without_annotations_is_named_where_it_is_alone(tmp_path: Path) -> None:
    (tmp_path / "instances.json").write_text('{"images": [], "categories": []}')
    assert any("annotations" in each for each in reasons(tmp_path))


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data set"):
        data_sets(tmp_path)
    with pytest.raises(UsageError, match="no data set"):
        data_sets(tmp_path / "missing")
