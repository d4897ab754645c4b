"""Labels of clips where tracking in both directions agrees."""

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.tinysam2.toys import noise_frames, toy_model
from tinysam2.training.labeling import agreement
from tinysam2.training.labeling.agreement import label_by_tracking

FRAMES, SIDE = 6, 40
Positions = dict[int, dict[int, int | None]]
"""Where a block of each object begins, by frame; None where it is not seen."""


def block(x: int | None) -> NDArray[np.bool_]:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    if x is not None:
        mask[:10, x : x + 10] = True
    return mask


def tracked_labels(
    monkeypatch: pytest.MonkeyPatch, forward: Positions, backward: Positions
) -> tuple[dict[int, NDArray[np.uint8]], list[dict[int, int]]]:
    """Label by a tracker that finds given blocks; also returns where objects were prompted."""
    prompted: list[dict[int, int]] = []

    class Tracker:
        def __init__(self, *_: object, **__: object) -> None:
            self.prompts: dict[int, int] = {}
            prompted.append(self.prompts)

        def add_mask(self, value: int, frame: int, mask: NDArray[np.bool_]) -> None:
            np.testing.assert_array_equal(mask, block(forward[value][frame]))
            self.prompts[value] = frame

        def propagate(self, start: int, stop: None, direction: str) -> Iterator[SimpleNamespace]:
            assert stop is None
            positions = forward if direction == "forward" else backward
            order = range(FRAMES) if direction == "forward" else range(FRAMES)[::-1]
            assert start == order[0]
            for frame in order:
                masks = np.stack([block(positions[value][frame]) for value in self.prompts])
                yield SimpleNamespace(
                    frame_index=frame,
                    object_ids=tuple(self.prompts),
                    masks=masks,
                )

    monkeypatch.setattr(agreement, "VideoTracker", Tracker)
    first = np.zeros((SIDE, SIDE), np.uint8)
    for value, positions in forward.items():
        first[block(positions[0])] = value
    frames = noise_frames(FRAMES)
    return label_by_tracking(toy_model(), frames, first, 0.8), prompted


def moving(**other: int | None) -> dict[int, int | None]:
    """Move a block by a pixel a frame, but for some frames."""
    return {frame: other.get(f"at{frame}", frame) for frame in range(FRAMES)}


def test_frames_in_which_the_directions_disagree_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forward = {3: moving(at2=30)}
    backward = {3: moving(at4=None, at1=2)}  # at 1: shifted by one of ten columns, IoU 0.82
    labels, prompted = tracked_labels(monkeypatch, forward, backward)
    assert sorted(labels) == [0, 1, 3, 5]
    np.testing.assert_array_equal(labels[3], block(3))
    assert prompted == [{3: 0}, {3: 5}]


def test_an_object_that_left_is_tracked_back_from_where_it_was_last_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    positions = {1: moving(at4=None, at5=None)}
    labels, prompted = tracked_labels(monkeypatch, positions, positions)
    assert sorted(labels) == list(range(FRAMES))
    assert not labels[4].any()
    assert prompted[1] == {1: 3}


def test_an_object_that_is_mostly_disagreed_on_costs_no_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = dict.fromkeys(range(FRAMES), 28)
    forward = {1: lost, 2: moving()}
    backward = {1: {frame: 28 if frame > 3 else None for frame in range(FRAMES)}, 2: moving()}
    labels, _ = tracked_labels(monkeypatch, forward, backward)
    assert sorted(labels) == list(range(FRAMES))
    np.testing.assert_array_equal(labels[2], block(2))  # ids count from 1


def test_nothing_to_track_and_nothing_agreed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracked_labels(monkeypatch, {}, {})[0] == {}
    gone = {1: dict.fromkeys(range(FRAMES))}
    assert tracked_labels(monkeypatch, {1: moving()}, gone)[0] == {}


def test_a_network_tracks_both_ways() -> None:
    first = np.zeros((48, 80), np.uint8)
    first[8:32, 16:40] = 4
    frames = [noise_frames(1)[0]] * 3
    labels = label_by_tracking(toy_model(), frames, first, 0.0)
    assert sorted(labels) == [0, 1, 2]
    np.testing.assert_array_equal(labels[0] == 1, first == 4)
