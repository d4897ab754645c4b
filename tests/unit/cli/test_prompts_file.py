import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.cli.prompts_file import ObjectPrompts, read_prompts
from app.core.errors import UsageError
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt

SIZE_HW = (40, 60)
FRAME_COUNT = 10


def read(folder: Path, content: object) -> list[ObjectPrompts]:
    path = folder / "prompts.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_prompts(path, FRAME_COUNT, SIZE_HW)


def one_prompt(**prompt: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"objects": [{"id": 1, "name": "dog", "prompts": [{"frame": 0, **prompt}]}]}


def write_mask(path: Path, labels: np.ndarray) -> None:
    Image.fromarray(labels.astype(np.uint8)).save(path)


def test_points_boxes_and_masks_are_read(tmp_path: Path) -> None:
    labels = np.zeros(SIZE_HW)
    labels[3:6, 4:9] = 255
    write_mask(tmp_path / "m.png", labels)
    prompts = [
        {"frame": 0, "points": [[4.5, 6, 1], [0, 0, 0]], "box": [0, 0, 60, 40]},
        {"frame": 9, "mask": "m.png"},
    ]
    (dog,) = read(tmp_path, {"objects": [{"id": 5, "category": "animal", "prompts": prompts}]})
    assert (dog.object_id, dog.name, dog.category) == (5, None, "animal")
    points = (PointPrompt(4.5, 6), PointPrompt(0, 0, False))
    assert dog.prompts[0] == FramePrompts(points, BoxPrompt(0, 0, 60, 40))
    mask = dog.prompts[9].mask
    assert mask is not None
    assert mask.box_xyxy == (4, 3, 9, 6)


def test_one_label_of_several_can_be_chosen(tmp_path: Path) -> None:
    labels = np.zeros(SIZE_HW)
    labels[0, 0], labels[1, 1:3] = 1, 2
    write_mask(tmp_path / "m.png", labels)
    (dog,) = read(tmp_path, one_prompt(mask="m.png", label=2))
    mask = dog.prompts[0].mask
    assert mask is not None
    assert mask.area == 2
    with pytest.raises(UsageError, match=r"several labels \(1, 2\)"):
        read(tmp_path, one_prompt(mask="m.png"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{\n  oops", "not valid JSON: .* in line 2"),
        ([], "must hold"),
        ({"objects": []}, "names no object"),
        ({"objects": [{"id": 0, "prompts": []}]}, "whole number from 1 to 2147483647, got 0"),
        ({"objects": [{"id": 2**31, "prompts": []}]}, "to 2147483647, got 2147483648"),
        ({"objects": [{"id": 1, "prompts": []}]}, "object 1 has no prompts"),
        ({"objects": [{"id": 1, "name": 3, "prompts": []}]}, "must be text"),
        ({"objects": [{"id": 1, "prmpts": []}]}, "unknown entry 'prmpts'"),
        (one_prompt(), r"object 1 \(dog\), frame 0: there are no points, no box and no mask"),
        (one_prompt(frame=10), r"\(dog\): there is no frame 10, the video has the frames 0 to 9"),
        (one_prompt(frame=-1), "there is no frame -1"),
        (one_prompt(frame=1.5), "whole number, got 1.5"),
        (one_prompt(points=[[60, 5, 1]]), r"frame 0: the point \(60, 5\) is outside .* 60 x 40"),
        (one_prompt(points=[[5, -0.5, 1]]), "is outside the frame"),
        (one_prompt(points=[[5, 5]]), r"must be \[x, y, 1 or 0\], got \[5, 5\]"),
        (one_prompt(points=[[5, 5, 2]]), "a point must be"),
        (one_prompt(points=[["5", 5, 1]]), "a point must be"),
        (one_prompt(points=[[5, 5, 0]]), "at least one point must be on the object"),
        (one_prompt(box=[5, 5, 5, 9]), r"the box \[5, 5, 5, 9\] is empty"),
        (one_prompt(box=[5, 5, 61, 9]), r"corner \(61, 9\) is outside"),
        (one_prompt(box=[5, 5, 9]), "a box must be"),
        (one_prompt(mask="none.png"), r"none\.png cannot be read: it does not exist"),
        (one_prompt(mask="text.png"), r"text\.png cannot be read: it is not an image"),
        (one_prompt(mask="small.png"), r"small\.png has 6 x 4 pixels, the video 60 x 40"),
        (one_prompt(mask="blank.png"), "has no pixel of the object"),
        (one_prompt(mask="m.png", box=[0, 0, 1, 1]), "a mask stands alone"),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, content: object, sentence: str) -> None:
    (tmp_path / "text.png").write_text("no image")
    write_mask(tmp_path / "small.png", np.ones((4, 6)))
    write_mask(tmp_path / "blank.png", np.zeros(SIZE_HW))
    with pytest.raises(UsageError, match=sentence):
        read(tmp_path, content)


def test_an_id_or_frame_given_twice_is_refused(tmp_path: Path) -> None:
    prompt = {"frame": 0, "points": [[1, 1, 1]]}
    twice = {"objects": [{"id": 1, "prompts": [prompt, prompt]}]}
    with pytest.raises(UsageError, match="object 1: frame 0 is given twice"):
        read(tmp_path, twice)
    same_id = {"objects": [{"id": 1, "prompts": [prompt]}] * 2}
    with pytest.raises(UsageError, match="the id 1 is given to two objects"):
        read(tmp_path, same_id)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json cannot be read: No such file"):
        read_prompts(tmp_path / "none.json", FRAME_COUNT, SIZE_HW)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[" * 100_000, "nested too deeply"),
        (
            '{"objects": [{"id": 1, "prompts": [{"frame": 0, "box": [0, 0, 1'
            + "0" * 400
            + ", 5]}]}]}",
            "a box must",
        ),
        (
            '{"objects": [{"id": 1, "prompts": [{"frame": 0, "mask": "m.png", "label": [1]}]}]}',
            "label must be",
        ),
        (
            '{"objects": [{"id": 1, "name": "half \\ud83d", "prompts": [{"frame": 0}]}]}',
            "cannot be stored",
        ),
        (
            '{"objects": [{"id": 1, "prompts": [{"frame": 0, "points": [[NaN, 1, 1]]}]}]}',
            "a point must",
        ),
        ('{"objects": [{"id": ' + "9" * 5000 + "}]}", "nested too deeply"),
    ],
)
def test_hostile_files_end_in_a_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=sentence):
        read_prompts(path, 3, SIZE_HW)


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    content = {"objects": [{"id": 1, "prompts": [{"frame": 0, "points": [[1, 1, 1]]}]}]}
    path.write_text(json.dumps(content), encoding="utf-8-sig")
    assert len(read_prompts(path, 3, SIZE_HW)) == 1


def test_the_object_of_a_cut_out_is_what_can_be_seen(tmp_path: Path) -> None:
    height, width = SIZE_HW
    image = Image.new("RGBA", (width, height), (200, 0, 0, 0))
    image.paste((200, 0, 0, 255), (0, 0, 4, 3))
    image.save(tmp_path / "m.png")
    path = tmp_path / "prompts.json"
    path.write_text('{"objects": [{"id": 1, "prompts": [{"frame": 0, "mask": "m.png"}]}]}')
    [found] = read_prompts(path, 3, SIZE_HW)
    mask = found.prompts[0].mask
    assert mask is not None
    assert mask.area == 12


def test_a_mask_that_is_no_file_or_claims_too_many_pixels_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")  # reading it would never end
    with pytest.raises(UsageError, match=r"pipe\.png cannot be read: it is no file"):
        read(tmp_path, one_prompt(mask="pipe.png"))
    Image.new("1", (30_000, 30_000)).save(tmp_path / "large.png")
    with pytest.raises(UsageError, match=r"large\.png cannot be read: .* exceeds limit"):
        read(tmp_path, one_prompt(mask="large.png"))


@pytest.mark.parametrize(
    "prompt",
    [
        {"box": [0, 0, 10**400, 1]},
        {"mask": "m.png", "label": [[1, 2, 3]] * 99},
        {"mask": "x" * 999},
    ],
)
def test_long_values_are_cut_in_the_sentence(tmp_path: Path, prompt: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, one_prompt(**prompt))
    assert len(refused.value.sentence) < len(str(tmp_path)) + 420
