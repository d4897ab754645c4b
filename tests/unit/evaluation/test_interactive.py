import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tests.unit.tinysam2.toys import toy_model
from tinysam2.evaluation.interactive import (
    MAX_CLICKS,
    ClickedObject,
    click_images,
    object_rows,
    read_images,
    summarize_clicks,
)
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.model.image_features import ImageFeatures

Pixels = NDArray[np.uint8]
SIZE_HW = (40, 60)


def labels_of(*boxes: tuple[int, int, int, int]) -> Pixels:
    """Draw objects 1, 2, ... from their top, bottom, left and right."""
    labels = np.zeros(SIZE_HW, np.uint8)
    for value, (top, bottom, left, right) in enumerate(boxes, start=1):
        labels[top:bottom, left:right] = value
    return labels


def write_still(path: Path, labels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (SIZE_HW[1], SIZE_HW[0])).save(f"{path}.jpg")
    Image.fromarray(labels).save(f"{path}.png")


class Painter:
    """Predicts ``masks[n - 1]`` from ``n`` clicks, the last one from then on."""

    def __init__(self, *masks: Pixels) -> None:
        self.masks = masks
        self.prompts: list[ObjectPrompt] = []
        self.previous: list[NDArray[np.bool_] | None] = []

    def predict(
        self,
        features: ImageFeatures,
        prompt: ObjectPrompt,
        size_hw: tuple[int, int],
        previous: Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        self.prompts.append(prompt)
        self.previous.append(None if previous is None else previous[0].numpy() > 0)
        mask = self.masks[min(len(prompt.labels), len(self.masks)) - 1] > 0
        logits = torch.where(torch.from_numpy(mask), 3.0, -3.0)[None]
        return logits, torch.ones(1)


def click_with(painter: Painter, root: Path, patch: pytest.MonkeyPatch) -> list[ClickedObject]:
    patch.setattr(
        FramePredictor,
        "predict_logits",
        lambda _, *words, **named: painter.predict(*words, **named),
    )
    found = click_images(toy_model(), read_images(root, "all"))
    return [one for objects in found for one in objects]


def test_clicks_correct_until_nothing_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = labels_of((10, 30, 10, 50))
    write_still(tmp_path / "set" / "a", whole)
    half = labels_of((10, 30, 10, 30))
    painter = Painter(half, whole)
    (found,) = click_with(painter, tmp_path / "set", monkeypatch)
    assert found.ious == (0.5, 1.0)
    assert (found.iou_after(1), found.iou_after(5)) == (0.5, 1.0)
    assert (found.clicks_to(0.5), found.clicks_to(0.9)) == (1, 2)
    assert painter.prompts[1].labels == (1, 1)  # all clicks so far
    assert painter.prompts[1].points_xy[0] == painter.prompts[0].points_xy[0]
    assert painter.previous[0] is None
    assert np.array_equal(painter.previous[1], half > 0)
    assert 30 <= painter.prompts[1].points_xy[1][0] < 50


def test_obeyed_clicks_are_counted_after_each_click(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = labels_of((10, 30, 10, 50))
    write_still(tmp_path / "set" / "a", whole)
    left, right, both_and_more = (
        labels_of((10, 30, 10, 28)),
        labels_of((10, 30, 29, 50)),
        labels_of((10, 30, 5, 60)),
    )
    painter = Painter(left, right, *[both_and_more] * 3, whole)
    (found,) = click_with(painter, tmp_path / "set", monkeypatch)
    signs = [prompt.labels for prompt in painter.prompts]
    assert signs == [(1, 1, 1, 0, 0, 0)[:n] for n in range(1, 7)]
    assert found.obeyed == (
        (True,),  # on the object's innermost point
        (False, True),  # the first click's place was given up for the second's
        (True, True, True),
        (True, True, True, False),  # negative clicks without effect
        (True, True, True, False, False),
        (True, True, True, True, True, True),
    )
    assert found.obeyed_fraction == pytest.approx((1 + 0.5 + 1 + 0.75 + 0.6 + 1) / 6)
    assert found.obeyed_newest_fraction == pytest.approx(4 / 6)


def test_each_object_is_clicked_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = labels_of((10, 30, 5, 25), (10, 30, 30, 50))
    write_still(tmp_path / "set" / "a", both)
    painter = Painter(np.where(both == 1, both, 0), both)
    click_with(painter, tmp_path / "set", monkeypatch)
    starts = [len(p.labels) == 1 for p in painter.prompts]
    assert sum(starts) == 2
    assert [mask is None for mask in painter.previous] == starts


def test_object_that_is_never_found_takes_all_clicks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_still(tmp_path / "set" / "a", labels_of((10, 30, 10, 50)))
    (found,) = click_with(Painter(labels_of((10, 30, 10, 42))), tmp_path / "set", monkeypatch)
    assert len(found.ious) == found.clicks_to(0.85) == MAX_CLICKS
    assert found.iou_after(5) == pytest.approx(0.8)


def test_clicking_ends_when_no_figure_can_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_still(tmp_path / "set" / "a", labels_of((10, 30, 10, 50)))
    (found,) = click_with(Painter(labels_of((10, 30, 10, 48))), tmp_path / "set", monkeypatch)
    assert len(found.ious) == 5
    assert found.clicks_to(0.9) == 1


def test_void_counts_neither_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = labels_of((10, 30, 10, 30))
    labels[:, 30:] = 255
    write_still(tmp_path / "set" / "a", labels)
    (found,) = click_with(Painter(labels_of((10, 30, 10, 60))), tmp_path / "set", monkeypatch)
    assert found.ious == (1.0,)


def test_specks_and_backgrounds_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_still(tmp_path / "set" / "a", labels_of((0, 40, 0, 46), (0, 3, 57, 60), (20, 30, 48, 58)))
    found = click_with(Painter(labels_of()), tmp_path / "set", monkeypatch)
    assert [one.object_id for one in found] == [3]


def entry(path: str, split: str = "val", **changes: str) -> dict[str, Any]:
    dataset = path.split("/")[1]
    row = {"type": "image", "dataset": dataset, "path": path, "split": split, "kind": "instance"}
    return {**row, **changes}


def test_index_says_what_there_is_to_click_on(tmp_path: Path) -> None:
    entries = [
        entry("images/one/a"),
        entry("images/one/b", split="train"),
        entry("images/two/c", kind="parts"),
        entry("images/two/d", kind="semantic-cc"),
        entry("images/one/e", kind="binary"),
        entry("video/surf", type="video"),
    ]
    (tmp_path / "images" / "one").mkdir(parents=True)
    (tmp_path / "index.json").write_text(json.dumps({"entries": entries}))

    def names(root: Path, split: str, most: int | None = None) -> list[str]:
        return [p.still.path.stem for p in read_images(root, split, most)]

    assert names(tmp_path / "images", "val") == ["a", "e", "c"]
    assert names(tmp_path / "images", "all", 1) == ["a", "c"]
    assert names(tmp_path / "images" / "one", "val") == ["a", "e"]
    assert names(tmp_path, "train") == ["b"]
    with pytest.raises(ValueError, match="'test'"):
        read_images(tmp_path, "test")


def test_labels_of_another_size_are_refused(tmp_path: Path) -> None:
    write_still(tmp_path / "set" / "a", np.ones((9, 9), np.uint8))
    with pytest.raises(ValueError, match="size of its image"):
        list(click_images(toy_model(), read_images(tmp_path / "set", "val")))


def test_report_averages_over_objects() -> None:
    results = [
        ClickedObject(
            "one", "a", 1, (0.2, 0.4, 0.86, 0.88, 0.95), tuple((True,) * n for n in range(1, 6))
        ),
        ClickedObject("one", "a", 2, (1.0,), ((True,),)),
        ClickedObject(
            "two", "b", 1, (0.0,) * MAX_CLICKS, tuple((False,) * n for n in range(1, 21))
        ),
    ]
    summary = summarize_clicks(results)
    assert summary["datasets"]["one"] == pytest.approx(
        {"IoU@1": 0.6, "IoU@3": 0.93, "IoU@5": 0.975, "NoC@85": 2, "NoC@90": 3}
        | {"obeyed": 1, "obeyed_newest": 1, "objects": 2}
    )
    assert summary["datasets"]["two"]["obeyed"] == summary["datasets"]["two"]["obeyed_newest"] == 0
    assert summary["overall"]["obeyed"] == pytest.approx(2 / 3)  # each object counts the same
    assert summary["overall"]["NoC@90"] == pytest.approx((5 + 1 + 20) / 3)
    assert [row["object"] for row in object_rows(results)] == [1, 2, 1]
    with pytest.raises(ValueError, match="must show an object"):
        summarize_clicks([])
