import csv
import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image

from tests.unit.evaluation.tracked import ScriptedTracker
from tinysam2.build import prepare
from tinysam2.config import ModelConfig
from tinysam2.datasets.sequences import AnnotatedSequence, read_sequences
from tinysam2.evaluation.prompts import Protocol, click_sequence
from tinysam2.evaluation.report import summarize, write_csv, write_json
from tinysam2.evaluation.runner import (
    SequenceResult,
    combined_labels,
    evaluate,
    open_trackers,
    score_sequence,
)
from tinysam2.inference.postprocess import MaskCleanup
from tinysam2.inference.results import TrackStep
from tinysam2.model.network import TinySam2

Labels = NDArray[np.uint8]
SIZE_HW = (48, 64)


def truth(frame: int) -> Labels:
    """Object 1 is 20 x 20, object 3 is 10 x 10; both move right by a pixel a frame."""
    labels = np.zeros(SIZE_HW, dtype=np.uint8)
    labels[5:25, 5 + frame : 25 + frame] = 1
    labels[30:40, 10 + frame : 20 + frame] = 3
    return labels


def write_frame(folder: Path, annotations: Path, frame: int, labels: Labels | None) -> None:
    for path in (folder, annotations):
        path.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*SIZE_HW, 3), frame * 10, np.uint8)).save(folder / f"{frame:05d}.jpg")
    if labels is not None:
        Image.fromarray(labels).save(annotations / f"{frame:05d}.png")


@pytest.fixture
def sequence(tmp_path: Path) -> AnnotatedSequence:
    for frame in range(8):
        write_frame(tmp_path / "set" / "surf", tmp_path / "set" / "surf", frame, truth(frame))
    return next(read_sequences(tmp_path / "set", "val"))


def same(labels: Labels, frame: int) -> Labels:
    return labels


def test_perfect_tracking_scores_one(sequence: AnnotatedSequence) -> None:
    result = score_sequence(ScriptedTracker(sequence, same), sequence)
    assert result.object_ids == (1, 2, 3)
    assert result.scored_frames == tuple(range(1, 7))  # neither the first nor the last
    assert (result.region == 1).all()
    assert (result.boundary == 1).all()
    assert result.tracked_frames == 8


def test_lost_object_scores_zero_and_the_other_stays(sequence: AnnotatedSequence) -> None:
    def lose_three(labels: Labels, frame: int) -> Labels:
        return np.where(labels == 3, 0, labels).astype(np.uint8)

    summary = summarize([score_sequence(ScriptedTracker(sequence, lose_three), sequence)])
    assert summary["sequences"]["surf"]["objects"]["1"]["J&F"] == 1
    assert summary["sequences"]["surf"]["objects"]["3"]["J&F"] == 0
    assert summary["sequences"]["surf"]["objects"]["2"]["J&F"] == 1  # has no pixel anywhere
    assert summary["overall"]["J&F"] == pytest.approx(2 / 3)


def test_late_objects_count_as_the_official_evaluator_counts_them(
    sequence: AnnotatedSequence,
) -> None:
    late = truth(4)
    late[42:46, 2:6] = 2  # below the highest number on the first frame: scored, never prompted
    late[42:46, 20:24] = 4  # above it: not scored
    Image.fromarray(late).save(sequence.annotations[4])
    tracker = ScriptedTracker(sequence, same)
    result = score_sequence(tracker, sequence)
    assert set(tracker.prompts) == {1, 3}
    assert result.object_ids == (1, 2, 3)
    assert result.region[1].tolist() == [1, 1, 1, 0, 1, 1]  # missing on frame 4
    assert (result.region[[0, 2]] == 1).all()


def test_masks_are_cleaned_up_as_the_application_does(
    sequence: AnnotatedSequence, tmp_path: Path
) -> None:
    assert sequence
    model = prepare(TinySam2(ModelConfig()), torch.device("cpu"))
    ((tracker, _),) = open_trackers(model, tmp_path / "set", "val", None, None, 64, None)
    assert tracker.cleanup == MaskCleanup.of_fraction(SIZE_HW)


def test_mask_and_box_prompts_describe_the_first_frame(sequence: AnnotatedSequence) -> None:
    tracker = ScriptedTracker(sequence, same)
    score_sequence(tracker, sequence, Protocol.MASK)
    assert np.array_equal(tracker.prompts[3], truth(0) == 3)
    score_sequence(tracker, sequence, Protocol.BOX)
    assert tracker.prompts == {1: [5, 5, 24, 24], 3: [10, 30, 19, 39]}


def test_clicks_start_inside_and_correct_the_largest_error(sequence: AnnotatedSequence) -> None:
    def predict(labels: Labels, clicks: int) -> Labels:
        """Too much at the right after one click, too little below after two."""
        worse = labels.copy()
        if clicks == 1:
            worse[5:25, 25:40] = 1
        if clicks == 2:
            worse[18:25] = 0
        return worse

    tracker = ScriptedTracker(sequence, predict)
    score_sequence(tracker, sequence, Protocol.CLICK_3)
    (first, second, third) = tracker.prompts[1]
    assert first == ((14, 14), 1)
    assert (second[1], third[1]) == (0, 1)
    assert 25 <= second[0][0] < 40
    assert 18 <= third[0][1] < 25
    score_sequence(tracker, sequence, Protocol.CLICK_1)
    assert tracker.prompts[3] == [((14, 34), 1)]


def test_clicking_stops_when_nothing_is_wrong(sequence: AnnotatedSequence) -> None:
    tracker = ScriptedTracker(sequence, same)
    score_sequence(tracker, sequence, Protocol.CLICK_5)
    assert [len(prompts) for prompts in tracker.prompts.values()] == [1, 1]


def test_missed_and_superfluous_pixels_that_touch_are_different_errors() -> None:
    truth = np.zeros(SIZE_HW, dtype=np.bool_)
    truth[10:30, 10:30] = True
    clicks: list[tuple[list[float], int]] = []

    def shifted(points: list[list[float]], signs: list[int]) -> NDArray[np.float32]:
        """Miss four columns at the left, claim five at the right and two rows between."""
        clicks[:] = list(zip(points, signs, strict=True))
        mask = truth.copy()
        mask[10:30, 10:14] = False
        mask[10:30, 30:35] = True
        mask[8:10, 10:30] = True
        return np.where(mask, 1, -1).astype(np.float32)

    list(islice(click_sequence(truth, shifted), 2))
    (x, _), sign = clicks[1]
    assert (sign, 30 <= x < 35) == (0, True)


def test_pixels_go_to_the_highest_logit_or_to_the_background() -> None:
    logits = np.array([[[2.0, 1.0, -1.0]], [[1.0, 3.0, -2.0]]], np.float32)
    step = TrackStep(0, (4, 9), logits, {}, {})
    assert combined_labels(step).tolist() == [[4, 9, 0]]


def test_sparse_annotation_is_scored_where_it_exists(tmp_path: Path) -> None:
    folder = tmp_path / "set" / "sparse"
    for frame in range(10):
        write_frame(folder, folder, frame, truth(frame) if frame in (2, 5, 8) else None)
    sequence = next(read_sequences(tmp_path / "set", "val"))
    assert len(sequence.frames) == 8  # from the first annotated one
    assert sequence.frames[0][0, 0].tolist() == [20, 20, 20]
    assert score_sequence(ScriptedTracker(sequence, same), sequence).scored_frames == (3, 6)


def test_davis_tree_is_read_by_split(tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        folders = [tmp_path / kind / "480p" / name for kind in ("JPEGImages", "Annotations")]
        for frame in range(3):
            write_frame(folders[0], folders[1], frame, truth(frame))
    (tmp_path / "ImageSets" / "2017").mkdir(parents=True)
    (tmp_path / "ImageSets" / "2017" / "val.txt").write_text("beta\n")
    assert [s.name for s in read_sequences(tmp_path, "val")] == ["beta"]
    assert [s.name for s in read_sequences(tmp_path, "all")] == ["alpha", "beta"]
    with pytest.raises(ValueError, match="'train'"):
        list(read_sequences(tmp_path, "train"))


def test_davis_2016_masks_are_one_object(tmp_path: Path) -> None:
    folders = [tmp_path / kind / "480p" / "bear" for kind in ("JPEGImages", "Annotations")]
    masks = [truth(0) > 0, truth(1) > 0, np.zeros(SIZE_HW, bool), np.ones(SIZE_HW, bool)]
    for frame, mask in enumerate(masks):
        write_frame(*folders, frame, np.where(mask, 255, 0).astype(np.uint8))
    lists = tmp_path / "ImageSets" / "480p"
    lists.mkdir(parents=True)
    lines = [
        f"/JPEGImages/480p/bear/{i:05d}.jpg /Annotations/480p/bear/{i:05d}.png" for i in range(4)
    ]
    (lists / "val.txt").write_text("\n".join(lines))
    (sequence,) = read_sequences(tmp_path, "val")
    assert [np.array_equal(sequence.labels(i), mask) for i, mask in enumerate(masks)] == [True] * 4
    result = score_sequence(ScriptedTracker(sequence, same), sequence)
    assert (result.object_ids, result.scored_frames) == ((1,), (1, 2))
    assert (result.region == 1).all()


def test_white_is_void_where_objects_have_ids(sequence: AnnotatedSequence) -> None:
    gone = np.where(truth(3) > 0, 255, 0).astype(np.uint8)
    Image.fromarray(gone).save(sequence.annotations[3])
    assert np.array_equal(sequence.labels(3), gone)
    all_void = np.full(SIZE_HW, 255, np.uint8)
    Image.fromarray(all_void).save(sequence.annotations[4])
    result = score_sequence(ScriptedTracker(sequence, same), sequence)
    assert result.object_ids == (1, 2, 3)
    assert (result.region == 1).all()


def test_index_chooses_sequences_and_frames(tmp_path: Path) -> None:
    root = tmp_path / "video" / "set"
    for name in ("alpha", "beta"):
        for frame in range(4):
            write_frame(root / name, root / name, frame, truth(frame))
    entries = [
        {"path": "video/set/alpha", "split": "train", "annotated": "all"},
        {"path": "video/set/beta", "split": "val", "annotated": [0, 2]},
        {"path": "video/other/beta", "split": "val", "annotated": "all"},
    ]
    (tmp_path / "index.json").write_text(json.dumps({"entries": entries}))
    (sequence,) = read_sequences(root, "val")
    assert (sequence.name, list(sequence.annotations)) == ("beta", [0, 2])


def test_color_annotation_is_refused(sequence: AnnotatedSequence) -> None:
    Image.new("RGB", SIZE_HW[::-1]).save(sequence.annotations[1])
    with pytest.raises(ValueError, match="palette or gray"):
        sequence.labels(1)


def test_frames_of_several_sizes_are_refused(sequence: AnnotatedSequence) -> None:
    """A folder of stills is no sequence."""
    file = sequence.frames.files[3]
    Image.new("RGB", (40, 30)).save(file)
    with pytest.raises(ValueError, match=r"00003.jpg must have the 64 x 48 pixels .*not 40 x 30"):
        sequence.frames[3]


def test_photographs_of_a_turned_camera_are_read_upright(sequence: AnnotatedSequence) -> None:
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    for file in sequence.frames.files:
        Image.new("RGB", SIZE_HW[::-1]).save(file, exif=turned)
    assert sequence.frames[3].shape == (*SIZE_HW[::-1], 3)


@pytest.mark.parametrize("orientation", [0, 9])
def test_an_orientation_that_does_not_exist_turns_no_photograph(
    sequence: AnnotatedSequence, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    for file in sequence.frames.files:
        Image.new("RGB", SIZE_HW[::-1]).save(file, exif=exif)
    assert sequence.frames[3].shape == (*SIZE_HW, 3)


def test_report_averages_over_objects_and_can_be_written(tmp_path: Path) -> None:
    ones = np.ones((1, 4))
    results = [
        SequenceResult("one", (1,), (1, 2, 3, 4), ones, ones, 6, 2.0),
        SequenceResult("two", (1, 2), (1, 2, 3, 4), np.zeros((2, 4)), np.zeros((2, 4)), 6, 1.0),
    ]
    summary = summarize(results)
    assert summary["overall"]["J&F"] == pytest.approx(1 / 3)
    assert summary["overall"]["objects"] == 3
    assert summary["overall"]["frames_per_second"] == 4
    write_json(summary, tmp_path / "scores.json")
    assert json.loads((tmp_path / "scores.json").read_text()) == summary
    write_csv(summary, tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(r["sequence"], r["object"]) for r in rows] == [
        ("one", "1"),
        ("two", "1"),
        ("two", "2"),
        ("overall", ""),
    ]
    assert float(rows[-1]["J&F"]) == pytest.approx(1 / 3)


def test_network_is_evaluated_from_end_to_end(sequence: AnnotatedSequence, tmp_path: Path) -> None:
    model = prepare(TinySam2(ModelConfig()), torch.device("cpu"))
    (result,) = evaluate(
        model, tmp_path / "set", "val", Protocol.CLICK_1, max_frames=4, image_size=64
    )
    assert (result.name, result.object_ids, result.scored_frames) == ("surf", (1, 2, 3), (1, 2))
    assert ((result.region >= 0) & (result.region <= 1)).all()
