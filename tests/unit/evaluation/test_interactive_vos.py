from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.evaluation.tracked import Clicks, CorrectableTracker, Labels
from tinysam2.datasets.sequences import AnnotatedSequence, read_sequences
from tinysam2.evaluation.interactive_vos import (
    CorrectedSequence,
    correct_sequence,
    summarize_corrections,
)
from tinysam2.evaluation.report import write_csv

SIZE_HW = (48, 64)
FRAME_COUNT = 8
WORST, BAD = 5, 3  # frames on which the scripted predictions fail


def truth() -> Labels:
    """Object 1 is 20 x 20 at the top left, object 3 is 10 x 10 at the bottom right."""
    labels = np.zeros(SIZE_HW, dtype=np.uint8)
    labels[5:25, 5:25] = 1
    labels[30:40, 45:55] = 3
    return labels


def half(labels: Labels) -> Labels:
    """Miss the right half of object 1, which costs J 0.5."""
    cut = labels.copy()
    cut[:, 15:30] = 0
    return cut


def quarter(labels: Labels) -> Labels:
    """Miss three quarters of object 1 at its right, which costs J 0.75."""
    cut = labels.copy()
    cut[:, 10:30] = 0
    return cut


@pytest.fixture
def sequence(tmp_path: Path) -> AnnotatedSequence:
    folder = tmp_path / "set" / "still-life"
    folder.mkdir(parents=True)
    for frame in range(FRAME_COUNT):
        Image.new("RGB", SIZE_HW[::-1]).save(folder / f"{frame:05d}.jpg")
        Image.fromarray(truth()).save(folder / f"{frame:05d}.png")
    return next(read_sequences(tmp_path / "set", "val"))


def obedient(labels: Labels, frame: int, clicks: Clicks) -> Labels:
    """Two frames are wrong until they are clicked."""
    if clicks or frame not in (WORST, BAD):
        return labels
    return quarter(labels) if frame == WORST else half(labels)


def stubborn(labels: Labels, frame: int, clicks: Clicks) -> Labels:
    return obedient(labels, frame, {})


def figures(result: CorrectedSequence, object_id: int) -> dict[str, float | None]:
    objects = summarize_corrections([result])["sequences"]["still-life"]["objects"]
    row: dict[str, float | None] = objects[str(object_id)]
    return row


def test_worst_frame_is_clicked_in_the_middle_of_its_largest_error(
    sequence: AnnotatedSequence,
) -> None:
    tracker = CorrectableTracker(sequence, obedient)
    result = correct_sequence(tracker, sequence)
    clicked, other = result.objects
    assert np.array_equal(tracker.masks[3], truth() == 3)
    assert [c.frame_index for c in clicked.corrections] == [WORST, BAD]  # then nothing is wrong
    places = [(c.click.x, c.click.y, c.click.label) for c in clicked.corrections]
    assert places == [(17, 12, 1), (19, 9, 1)]  # as far from the errors' edges as can be
    assert other.corrections == ()
    assert (tracker.passes, result.tracked_frames) == (4, 4 * FRAME_COUNT)


def test_scores_rise_with_each_correction(sequence: AnnotatedSequence) -> None:
    row = figures(correct_sequence(CorrectableTracker(sequence, obedient), sequence), 1)
    means = [row[f"J@{n}"] for n in range(4)]  # of frames 1 to 6
    assert means == pytest.approx([(4 + 0.25 + 0.5) / 6, (5 + 0.5) / 6, 1, 1])
    assert row["J&F@0"] == pytest.approx((row["J@0"] + row["F@0"]) / 2)
    assert [row[f"unclicked_J&F@{n}"] for n in range(4)] == [1, 1, 1, 1]
    assert [row[f"obeyed@{n}"] for n in (1, 2, 3)] == [1, 1, 1]
    assert [row[f"obeyed_newest@{n}"] for n in (1, 2, 3)] == [1, 1, None]


def test_frames_that_are_clicked_later_are_left_out_from_the_start(
    sequence: AnnotatedSequence,
) -> None:
    def helped_by_clicks(labels: Labels, frame: int, clicks: Clicks) -> Labels:
        """Frame 4 becomes right with the first click anywhere."""
        if frame == 4:
            return labels if tracker.clicks else half(labels)
        return obedient(labels, frame, clicks)

    tracker = CorrectableTracker(sequence, helped_by_clicks)
    row = figures(correct_sequence(tracker, sequence), 1)
    assert row["unclicked_J&F@0"] == pytest.approx((3 + row_of_half(sequence)) / 4)
    assert row["unclicked_J&F@1"] == row["unclicked_J&F@3"] == 1


def row_of_half(sequence: AnnotatedSequence) -> float:
    """Return the J&F of a frame that misses half of object 1."""
    tracker = CorrectableTracker(sequence, lambda labels, *_: half(labels))
    found = figures(correct_sequence(tracker, sequence, rounds=0), 1)["J&F@0"]
    assert found is not None
    return found


def test_ignored_clicks_are_given_again_beside_the_earlier_ones(
    sequence: AnnotatedSequence,
) -> None:
    tracker = CorrectableTracker(sequence, stubborn)
    result = correct_sequence(tracker, sequence)
    assert [c.frame_index for c in result.objects[0].corrections] == [WORST] * 3
    assert tracker.clicks == {WORST: {1: [(17, 12, 1)] * 3}}
    row = figures(result, 1)
    assert [row[f"obeyed@{n}"] for n in (1, 2, 3)] == [0, 0, 0]
    assert row["J&F@3"] == row["J&F@0"]
    assert row["unclicked_J&F@0"] < 1  # the other bad frame was never clicked


def test_clicks_so_far_and_the_newest_are_distinguished(sequence: AnnotatedSequence) -> None:
    def forgetful(labels: Labels, frame: int, clicks: Clicks) -> Labels:
        """Follow only the newest of a frame's clicks, in a small window around it."""
        if frame != WORST:
            return labels
        found = quarter(labels)
        for x, y, label in clicks.get(1, [])[-1:]:
            found[y - 3 : y + 4, x - 3 : x + 4] = label
        return found

    tracker = CorrectableTracker(sequence, forgetful)
    row, untouched = (figures(correct_sequence(tracker, sequence), i) for i in (1, 3))
    assert [row[f"obeyed_newest@{n}"] for n in (1, 2, 3)] == [1, 1, 1]
    assert [row[f"obeyed@{n}"] for n in (1, 2)] == [1, 0.5]
    assert untouched["obeyed@1"] is None


def test_each_object_is_corrected_where_it_is_worst(sequence: AnnotatedSequence) -> None:
    def predict(labels: Labels, frame: int, clicks: Clicks) -> Labels:
        """Object 1 fails on frame 3; object 3 spills over on frame 6."""
        found = labels.copy()
        if frame == BAD and 1 not in clicks:
            found = half(labels)
        if frame == 6 and 3 not in clicks:
            found[20:48, 30:64] = 3
        return found

    tracker = CorrectableTracker(sequence, predict)
    result = correct_sequence(tracker, sequence)
    places = [[(c.frame_index, c.click.label) for c in o.corrections] for o in result.objects]
    assert places == [[(BAD, 1)], [(6, 0)]]
    assert summarize_corrections([result])["overall"]["J&F@1"] == 1


def test_first_and_last_frames_and_void_pixels_are_never_clicked(
    sequence: AnnotatedSequence,
) -> None:
    labels = truth()
    labels[:, 15:30] = 255
    Image.fromarray(labels).save(sequence.annotations[4])

    def predict(labels: Labels, frame: int, clicks: Clicks) -> Labels:
        found = np.where(labels == 255, 1, labels).astype(np.uint8)
        return half(found) if frame in (0, FRAME_COUNT - 1) else found

    result = correct_sequence(CorrectableTracker(sequence, predict), sequence)
    assert not any(each.corrections for each in result.objects)
    assert summarize_corrections([result])["overall"]["J&F@0"] == 1

    def misses_a_strip(labels: Labels, frame: int, clicks: Clicks) -> Labels:
        found = predict(labels, frame, clicks)
        found[5:25, 5:8] = 0 if frame == 4 else labels[5:25, 5:8]
        return found

    result = correct_sequence(CorrectableTracker(sequence, misses_a_strip), sequence, rounds=1)
    (correction,) = result.objects[0].corrections
    assert (correction.frame_index, correction.click.x, correction.click.label) == (4, 6, 1)


def test_first_of_equally_bad_frames_is_clicked(sequence: AnnotatedSequence) -> None:
    tracker = CorrectableTracker(sequence, lambda labels, *_: half(labels))
    result = correct_sequence(tracker, sequence, rounds=1)
    assert [c.frame_index for c in result.objects[0].corrections] == [1]


def test_report_averages_over_objects_and_is_written(
    sequence: AnnotatedSequence, tmp_path: Path
) -> None:
    result = correct_sequence(CorrectableTracker(sequence, stubborn), sequence)
    summary = summarize_corrections([result])
    entry = summary["sequences"]["still-life"]
    rows = entry["objects"]
    assert entry["J&F@0"] == pytest.approx((rows["1"]["J&F@0"] + 1) / 2)
    assert entry["obeyed@1"] == 0  # of the only object that was clicked
    assert rows["1"]["corrections"][0] == {"frame": WORST, "x": 17, "y": 12, "label": 1}
    assert (summary["overall"]["objects"], summary["overall"]["sequences"]) == (2, 1)
    write_csv(summary, tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["still-life", "1"],
        ["still-life", "3"],
        ["overall", ""],
    ]
    assert "corrections" not in lines[0]
    with pytest.raises(ValueError, match="at least one sequence"):
        summarize_corrections([])
