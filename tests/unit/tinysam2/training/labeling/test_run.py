"""Labeling a folder: what is written, what the dataset reader makes of it, and resuming."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.tinysam2.toys import toy_network
from tests.unit.tinysam2.training.labeling.bright import (
    DOUBTFUL,
    SURE,
    BrightPredictor,
    class_boxes,
    rectangle,
    row,
    write_image,
    write_index,
)
from tinysam2.checkpoints.native import save_checkpoint
from tinysam2.datasets.registry import DataRow, read_data
from tinysam2.datasets.samples import VOID, Clip, DatasetPart, StillFile
from tinysam2.training.data.aspect_ratios import Shapes
from tinysam2.training.data.clips import RealClips
from tinysam2.training.labeling import labeler
from tinysam2.training.labeling.config import LabelConfig, Method
from tinysam2.training.labeling.label_maps import BoxCriteria, LabelMap
from tinysam2.training.labeling.run import LabelStep, label_folder

BOX, OTHER = (10, 10, 39, 39), (50, 20, 69, 39)


@pytest.fixture
def predictors(monkeypatch: pytest.MonkeyPatch) -> list[BrightPredictor]:
    """Segment what is bright; the list fills with the predictors that are made."""
    made: list[BrightPredictor] = []

    def make(*_: object) -> BrightPredictor:
        made.append(BrightPredictor())
        return made[-1]

    monkeypatch.setattr(labeler, "load_image_model", lambda *_, **__: None)
    monkeypatch.setattr(labeler, "FramePredictor", make)
    return made


@pytest.fixture
def config(tmp_path: Path) -> LabelConfig:
    return LabelConfig(tmp_path / "data", tmp_path / "labels", workers=0)


def write_stills(root: Path, *grays: int) -> None:
    rows = []
    for i, gray in enumerate(grays):
        write_image(root / f"images/{i}", (BOX, gray))
        rows.append(row("image", f"images/{i}", class_boxes(BOX)))
    write_index(root, *rows)


def read_labels(config: LabelConfig) -> tuple[list[StillFile], list[Clip]]:
    found: list[DatasetPart] = read_data((DataRow(config.out, "index"),))
    stills = [still for part in found for still in part.stills]
    return stills, [clip for part in found for clip in part.clips]  # type: ignore[return-value]


def test_stills_are_read_back_with_their_images(
    config: LabelConfig, predictors: list[BrightPredictor]
) -> None:
    write_stills(config.data, SURE, DOUBTFUL, SURE)
    *_, last = label_folder(config)
    assert last == LabelStep(done=3, total=3, stills=2, kept=2, refused=1)
    stills, clips = read_labels(config)
    assert [still.path.name for still in stills] == ["0.jpg", "2.jpg"]
    assert not clips
    np.testing.assert_array_equal(stills[1].labels(), rectangle(BOX))
    assert stills[1].path.samefile(config.data / "images/2.jpg")
    with Image.open(stills[1].mask) as label_map:
        assert label_map.mode == "P"
        assert label_map.getpalette()[3:9] == [128, 0, 0, 0, 128, 0]  # type: ignore[index]
    assert len(predictors) == 1
    assert len(set(predictors[0].keys)) == 3  # no image is taken for another one


def write_clip(root: Path) -> None:
    """Write a clip of two objects, of which one is doubtful at frame 1 and absent at frame 3."""
    frames = []
    for i in range(5):
        gray = DOUBTFUL if i == 1 else SURE
        objects = [(BOX, SURE)] if i == 3 else [(OTHER, gray), (BOX, SURE)]
        write_image(root / f"video/surf/{i:05d}", *objects)
        names = "b" if i == 3 else "ab"
        frames.append(class_boxes(*(box for box, _ in objects), names=names))
    write_index(root, row("video", "video/surf", frames))


@pytest.mark.usefixtures("predictors")
def test_objects_of_a_clip_keep_their_ids_and_doubtful_frames_are_left_out(
    config: LabelConfig,
) -> None:
    write_clip(config.data)
    *_, last = label_folder(config)
    assert last == LabelStep(done=1, total=1, clips=1, frames=4, kept=7, refused=2)
    _, (clip,) = read_labels(config)
    assert [still.path.stem for still in clip] == ["00000", "00002", "00003", "00004"]  # type: ignore[attr-defined]
    for frame, still in enumerate(clip):
        expected = rectangle(BOX) * 2
        if frame != 2:
            expected = expected + rectangle(OTHER)
        np.testing.assert_array_equal(still.labels(), expected)
    clips = RealClips((DataRow(config.out, "index"),), Shapes(64, 0), 3)
    assert clips[0].shape == (3, 4, 64, 64)


@pytest.mark.usefixtures("predictors")
def test_one_frame_is_no_clip(config: LabelConfig) -> None:
    for i, gray in enumerate((SURE, DOUBTFUL)):
        write_image(config.data / f"surf/{i:05d}", (BOX, gray))
    write_index(config.data, row("video", "surf", [class_boxes(BOX)] * 2))
    *_, last = label_folder(config)
    assert last == LabelStep(done=1, total=1, refused=2)
    assert read_labels(config) == ([], [])
    assert not list(config.out.rglob("*.png"))


def test_a_stopped_run_resumes(config: LabelConfig, predictors: list[BrightPredictor]) -> None:
    write_stills(config.data, SURE, DOUBTFUL, SURE, SURE)
    steps = label_folder(config)
    assert [next(steps).done for _ in range(3)] == [0, 1, 2]
    steps.close()
    assert len(read_labels(config)[0]) == 1  # what is done can be trained on
    with (config.out / "labels.jsonl").open("a") as record:
        record.write('{"type": "ima')  # the end of a process that was killed
    assert [step.done for step in label_folder(config)] == [2, 3, 4]
    assert [len(predictor.keys) for predictor in predictors] == [2, 2]
    assert len(read_labels(config)[0]) == 3
    assert [step.done for step in label_folder(config)] == [4]


@pytest.mark.usefixtures("predictors")
def test_a_limit_counts_what_was_labeled_before(config: LabelConfig) -> None:
    write_stills(config.data, SURE, SURE, SURE)
    assert [step.done for step in label_folder(replace(config, limit=1))] == [0, 1]
    assert [step.total for step in label_folder(replace(config, limit=2))] == [2, 2]


@pytest.mark.usefixtures("predictors")
def test_labels_of_different_settings_are_never_mixed(config: LabelConfig) -> None:
    write_stills(config.data, SURE)
    list(label_folder(config))
    with pytest.raises(ValueError, match=r"labels of another min_box_iou: 0\.75, not 0\.5"):
        list(label_folder(replace(config, criteria=BoxCriteria(min_box_iou=0.5))))
    with pytest.raises(ValueError, match=r"must hold no index\.json of other data"):
        list(label_folder(replace(config, out=config.data)))


def test_nothing_to_label_is_refused(config: LabelConfig) -> None:
    config.data.mkdir()
    write_index(config.data, row("image", "a"), row("image", "b", []))
    with pytest.raises(ValueError, match="holds nothing to label by boxes"):
        list(label_folder(config))
    assert not config.out.exists()


@pytest.mark.usefixtures("predictors")
def test_images_and_clips_without_boxes(
    config: LabelConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("image", "surf/00000", "surf/00001", "surf/00002"):
        write_image(config.data / name, (BOX, SURE))
    write_index(config.data, row("image", "image"), row("video", "surf"))
    first = rectangle(BOX).astype(np.uint8) + rectangle(OTHER) * np.uint8(2)
    monkeypatch.setattr(labeler, "label_everything", lambda *_: LabelMap(first, 2, 1))
    monkeypatch.setattr(labeler, "load_model", lambda **_: None)

    def track(_model: object, frames: object, found: object, agreement: float) -> object:
        assert found is first
        assert agreement == 0.8
        return {0: first, 2: first % 2}

    monkeypatch.setattr(labeler, "label_by_tracking", track)
    everything = replace(config, method=Method.EVERYTHING)
    assert list(label_folder(everything))[-1] == LabelStep(1, 1, stills=1, kept=2, refused=1)
    tracking = replace(config, method=Method.TRACKING, out=config.out / "tracked")
    last = list(label_folder(tracking))[-1]
    assert last == LabelStep(1, 1, clips=1, frames=2, kept=3, refused=3)
    _, (clip,) = read_labels(tracking)
    np.testing.assert_array_equal(clip[1].labels(), rectangle(BOX))


@pytest.mark.slow
def test_processes_share_the_work(config: LabelConfig) -> None:
    write_stills(config.data, SURE, SURE, SURE)
    weights = config.data / "toy.safetensors"
    network = toy_network()
    save_checkpoint(weights, network.config, network.state_dict(), {})
    several = replace(
        config, model="tinysam2", checkpoint=weights, image_size=128, workers=2,
        criteria=BoxCriteria(0, 0),
    )  # fmt: skip
    *_, last = label_folder(several)
    assert (last.done, last.kept + last.refused) == (3, 3)
    alone = replace(several, workers=0, out=config.out / "alone")
    list(label_folder(alone))
    both = zip(read_labels(several)[0], read_labels(alone)[0], strict=True)
    for ours, theirs in both:
        np.testing.assert_array_equal(ours.labels(), theirs.labels())
    assert VOID not in np.unique(read_labels(alone)[0][0].labels())
