"""Which frames of a clip keep the shapes of its objects."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.unit.tinysam2.training.labeling.bright import Rectangle, rectangle
from tinysam2.datasets.samples import VOID
from tinysam2.training.labeling.consistency import consistent_frames


def solid(box: Rectangle) -> NDArray[np.uint8]:
    return rectangle(box).astype(np.uint8)


def hollow(box: Rectangle) -> NDArray[np.uint8]:
    x0, y0, x1, y1 = box
    return solid(box) - solid((x0 + 4, y0 + 4, x1 - 4, y1 - 4))


def chosen(labels: Sequence[NDArray[np.uint8]], min_shape_iou: float = 0.75) -> list[int]:
    return consistent_frames(dict(enumerate(labels)), min_shape_iou)


BOX = (10, 10, 29, 29)


def test_an_object_may_move_and_grow() -> None:
    boxes = [(10, 10, 19, 19), (12, 14, 25, 29), (20, 0, 59, 39), (0, 0, 69, 49)]
    assert chosen([hollow_scaled(box) for box in boxes]) == [0, 1, 2, 3]


def hollow_scaled(box: Rectangle) -> NDArray[np.uint8]:
    """Draw a frame as thick as a quarter of the box."""
    x0, y0, x1, y1 = box
    dx, dy = (x1 - x0 + 1) // 4, (y1 - y0 + 1) // 4
    return solid(box) - solid((x0 + dx, y0 + dy, x1 - dx, y1 - dy))


def test_frames_of_another_shape_are_left_out_where_they_are_fewer() -> None:
    assert chosen([hollow(BOX), solid(BOX), hollow(BOX), hollow(BOX)]) == [0, 2, 3]
    assert chosen([solid(BOX), solid(BOX), hollow(BOX), solid(BOX)]) == [0, 1, 3]
    assert chosen([solid(BOX), hollow(BOX)], min_shape_iou=0.1) == [0, 1]


def test_frames_too_far_apart_are_not_compared() -> None:
    frames = {0: solid(BOX), 1: solid(BOX), 10: solid(BOX), 12: solid(BOX), 20: solid(BOX)}
    assert consistent_frames(frames, 0.75) == [10, 12, 20]


def test_every_object_counts_where_both_frames_show_it() -> None:
    other = (40, 10, 59, 29)
    both = [hollow(BOX) + 2 * each for each in (solid(other), hollow(other), solid(other))]
    assert chosen(both) == [0, 2]
    absent = hollow(BOX)
    assert chosen([both[0], absent, both[2]]) == [0, 1, 2]


def test_void_is_no_object_and_no_frame_no_clip() -> None:
    void = np.where(solid((40, 0, 49, 9)) > 0, VOID, solid(BOX)).astype(np.uint8)
    assert chosen([void, solid(BOX)]) == [0, 1]
    assert chosen([]) == []
