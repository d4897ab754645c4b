import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.tinysam2.training.labeling.bright import class_boxes, row, write_index
from tinysam2.training.labeling.entries import boxes_of_objects, read_entries


def test_what_is_labeled_or_held_out_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "done").mkdir()
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "done/00000.png")
    write_index(
        tmp_path,
        row("image", "images/a", class_boxes((1, 2, 3, 4))),
        row("unlabelled", "images/b"),
        row("image", "done/00000"),
        row("video", "done"),
        row("video", "video/goat", dataset="davis"),
        {**row("image", "images/val"), "split": "val"},
        {**row("video", "video/surf", [class_boxes((1, 2, 3, 4)), []]), "split": "train"},
    )
    image, plain, clip = read_entries(tmp_path)
    assert image.boxes is not None
    assert image.boxes[0][0].box_xyxy == (1, 2, 3, 4)
    assert (plain.path, plain.boxes, plain.is_clip) == ("images/b", None, False)
    assert clip.is_clip
    assert clip.boxes is not None
    assert [len(frame) for frame in clip.boxes] == [1, 0]


def test_datasets_are_chosen_by_name(tmp_path: Path) -> None:
    rows = [row("image", "a"), row("image", "b", dataset="field")]
    (tmp_path / "index.json").write_text(json.dumps({"entries": rows}))
    assert [entry.path for entry in read_entries(tmp_path, ["field"])] == ["b"]
    with pytest.raises(ValueError, match="no dataset 'sea'"):
        read_entries(tmp_path, ["field", "sea"])


@pytest.mark.parametrize("text", ["[1]", '[{"type": "image"}]', "no json"])
def test_an_index_of_another_layout_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(ValueError, match=r"index\.json must list images and clips"):
        read_entries(tmp_path)


@pytest.mark.parametrize("path", ["../a", "/a"])
def test_labels_cannot_be_written_outside_of_their_folder(tmp_path: Path, path: str) -> None:
    write_index(tmp_path, row("image", path))
    with pytest.raises(ValueError, match="must be relative"):
        read_entries(tmp_path)


def test_boxes_of_a_class_are_one_object_of_a_clip(tmp_path: Path) -> None:
    frames = [
        class_boxes((0, 0, 9, 9), names="b"),
        class_boxes((0, 0, 9, 9), (20, 0, 29, 9), names="ab"),
        [],
        class_boxes((0, 0, 9, 9), (20, 0, 29, 9), names="bb"),
    ]
    write_index(tmp_path, row("video", "surf", frames))
    (clip,) = read_entries(tmp_path)
    assert clip.boxes is not None
    ids, usable = boxes_of_objects(clip.boxes)
    assert ids == {"b": 1, "a": 2}
    assert [[box.name for box in boxes] for boxes in usable] == [["b"], ["a", "b"], [], []]
