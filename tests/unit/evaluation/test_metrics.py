import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tinysam2.evaluation.metrics import boundary_accuracy, region_similarity, statistics

Bitmap = NDArray[np.bool_]


def blobs(seed: int, size_hw: tuple[int, int] = (60, 80)) -> Bitmap:
    noise = np.random.default_rng(seed).random((6, 8)).astype(np.float32)
    return cv2.resize(noise, size_hw[::-1], interpolation=cv2.INTER_CUBIC) > 0.55


def rectangle(top: int, left: int, bottom: int, right: int) -> Bitmap:
    mask = np.zeros((60, 80), dtype=np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def boundary_pixels(mask: Bitmap) -> list[tuple[int, int]]:
    """The definition, pixel by pixel: some neighbor to the right or below is different."""
    height, width = mask.shape
    return [
        (y, x)
        for y in range(height)
        for x in range(width)
        if any(
            mask[y, x] != mask[min(y + dy, height - 1), min(x + dx, width - 1)]
            for dy, dx in ((0, 1), (1, 0), (1, 1))
        )
    ]


def slow_boundary_accuracy(truth: Bitmap, predicted: Bitmap) -> float:
    tolerance = math.ceil(0.008 * math.hypot(*truth.shape))
    edges = boundary_pixels(truth), boundary_pixels(predicted)
    if not edges[0] or not edges[1]:
        return float(len(edges[0]) == len(edges[1]))
    recall, precision = (
        sum(any(math.dist(p, q) <= tolerance for q in other) for p in own) / len(own)
        for own, other in (edges, edges[::-1])
    )
    both = precision + recall
    return 2 * precision * recall / both if both else 0.0


def slow_region_similarity(truth: Bitmap, predicted: Bitmap) -> float:
    pairs = list(zip(truth.flat, predicted.flat, strict=True))
    union = sum(bool(a or b) for a, b in pairs)
    return sum(bool(a and b) for a, b in pairs) / union if union else 1.0


PAIRS = {
    "blobs": (blobs(1), blobs(2)),
    "blobs that touch every side": (blobs(3), np.roll(blobs(3), 2, axis=1)),
    "apart": (rectangle(5, 5, 20, 20), rectangle(40, 50, 55, 75)),
    "at the far corner": (rectangle(40, 60, 60, 80), rectangle(41, 58, 60, 80)),
    "at the near corner": (rectangle(0, 0, 9, 9), rectangle(0, 0, 7, 12)),
    "all and part": (rectangle(0, 0, 60, 80), rectangle(0, 0, 60, 79)),
    "one pixel": (rectangle(30, 30, 31, 31), rectangle(30, 31, 31, 32)),
    "nothing found": (rectangle(5, 5, 20, 20), rectangle(0, 0, 0, 0)),
    "nothing there": (rectangle(0, 0, 0, 0), rectangle(5, 5, 20, 20)),
    "nothing at all": (rectangle(0, 0, 0, 0), rectangle(0, 0, 0, 0)),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_scores_follow_the_definition(pair: tuple[Bitmap, Bitmap]) -> None:
    assert region_similarity(*pair) == pytest.approx(slow_region_similarity(*pair), abs=1e-12)
    assert boundary_accuracy(*pair) == pytest.approx(slow_boundary_accuracy(*pair), abs=1e-12)


def test_small_shift_is_forgiven_by_the_boundary_only() -> None:
    truth = np.zeros((480, 854), dtype=np.bool_)
    truth[100:300, 200:500] = True
    shifts = {px: np.roll(truth, px, axis=1) for px in (0, 8, 9)}  # the tolerance is 8 px
    assert region_similarity(truth, shifts[8]) == pytest.approx(292 / 308)
    assert boundary_accuracy(truth, shifts[0]) == boundary_accuracy(truth, shifts[8]) == 1
    assert boundary_accuracy(truth, shifts[9]) < 0.8


def test_void_pixels_count_neither_way() -> None:
    truth, predicted = rectangle(10, 10, 30, 30), rectangle(10, 10, 30, 50)
    void = rectangle(0, 30, 60, 80)
    assert region_similarity(truth, predicted) == 0.5
    assert region_similarity(truth, predicted, void) == 1
    assert boundary_accuracy(truth, predicted, void) == 1
    assert boundary_accuracy(truth, predicted) < 1


def test_masks_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="one size"):
        region_similarity(rectangle(0, 0, 5, 5), np.zeros((5, 5), dtype=np.bool_))


def test_statistics_of_a_sequence_that_gets_worse() -> None:
    found = statistics(np.array([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]))
    assert found.mean == pytest.approx(0.65)
    assert found.recall == pytest.approx(5 / 8)
    # Quarters of 8 frames end at the rounded places 1, 2.75, 4.5, 6.25, 8, both ends included.
    assert found.decay == pytest.approx((1.0 + 0.9 + 0.8) / 3 - (0.5 + 0.4 + 0.3) / 3)


def test_decay_of_a_long_sequence_compares_its_ends() -> None:
    assert statistics(np.linspace(1, 0, 1001)).decay == pytest.approx(0.75)
