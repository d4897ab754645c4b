"""Region similarity J, boundary accuracy F, and their statistics over a sequence."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Bitmap = NDArray[np.bool_]
Scores = NDArray[np.float64]

BOUNDARY_TOLERANCE = 0.008
"""Fraction of the image diagonal within which two boundaries match (Perazzi et al., CVPR 2016)."""

_BINS = 4  # quarters of a sequence


def region_similarity(truth: Bitmap, predicted: Bitmap, void: Bitmap | None = None) -> float:
    """Return J, the intersection over union of two masks; 1 when both are empty.

    Args:
        truth: (H, W) the object.
        predicted: (H, W) the prediction.
        void: (H, W) pixels that are ignored.

    Source:
        Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
        Segmentation", CVPR 2016; davisvideochallenge/davis2017-evaluation, ``db_eval_iou``.
    """
    truth, predicted = _without_void(truth, predicted, void)
    union = np.count_nonzero(truth | predicted)
    return np.count_nonzero(truth & predicted) / union if union else 1.0


def boundary_accuracy(truth: Bitmap, predicted: Bitmap, void: Bitmap | None = None) -> float:
    """Return F, the harmonic mean of precision and recall of the boundary; 1 when both are empty.

    A boundary pixel counts as matched if the other boundary lies within `BOUNDARY_TOLERANCE`.

    Args:
        truth: (H, W) the object.
        predicted: (H, W) the prediction.
        void: (H, W) pixels that are ignored.

    Source:
        As `region_similarity`; ``f_measure`` in the evaluator.  The result is the same, but
        only the part of the image around the masks is processed.
    """
    radius = math.ceil(BOUNDARY_TOLERANCE * math.hypot(*truth.shape))
    truth, predicted = _without_void(truth, predicted, void)
    part = _surroundings(truth | predicted)
    truth_edge, predicted_edge = _boundary(truth[part]), _boundary(predicted[part])
    sizes = np.count_nonzero(predicted_edge), np.count_nonzero(truth_edge)
    if 0 in sizes:
        return float(sizes[0] == sizes[1])
    precision = _count_near(predicted_edge, truth_edge, radius) / sizes[0]
    recall = _count_near(truth_edge, predicted_edge, radius) / sizes[1]
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _without_void(truth: Bitmap, predicted: Bitmap, void: Bitmap | None) -> tuple[Bitmap, Bitmap]:
    if not truth.shape == predicted.shape == (truth if void is None else void).shape:
        raise ValueError(f"masks must have one size, got {truth.shape} and {predicted.shape}")
    return (truth, predicted) if void is None else (truth & ~void, predicted & ~void)


def _surroundings(bitmap: Bitmap) -> tuple[slice, slice]:
    """Return the part of the image outside which no boundary can lie."""
    left, top, width, height = cv2.boundingRect(bitmap.view(np.uint8))
    return slice(max(top - 1, 0), top + height + 1), slice(max(left - 1, 0), left + width + 1)


def _boundary(bitmap: Bitmap) -> Bitmap:
    """Mark each pixel that differs from its right, lower or lower right neighbor."""
    padded = np.pad(bitmap, ((0, 1), (0, 1)), mode="edge")
    right, below, diagonal = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    edge: Bitmap = (bitmap != right) | (bitmap != below) | (bitmap != diagonal)
    return edge


def _count_near(edge: Bitmap, other: Bitmap, radius: int) -> int:
    """Count the pixels of ``edge`` that lie within ``radius`` of a pixel of ``other``."""
    ys, xs = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    disk = (xs**2 + ys**2 <= radius**2).view(np.uint8)
    near = cv2.dilate(other.view(np.uint8), disk).view(np.bool_)
    return int(np.count_nonzero(edge & near))


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of one object's scores over time.

    Attributes:
        mean: of all frames.
        recall: fraction of the frames that score more than 0.5.
        decay: mean of the first quarter minus that of the last.
    """

    mean: float
    recall: float
    decay: float


def statistics(scores: Scores) -> Statistics:
    """Summarize the (F,) scores of one object, in frame order.

    Raises:
        ValueError: there are no scores.

    Source:
        davis2017-evaluation, ``db_statistics``, whose quarters overlap by one frame.  Differs for
        sequences of more than 256 frames: frame numbers wrap around there, not here.
    """
    if scores.ndim != 1 or not scores.size:
        raise ValueError(f"scores must be (F,) with F >= 1, got {scores.shape}")
    bounds = np.round(np.linspace(1, len(scores), _BINS + 1) + 1e-10).astype(int) - 1
    first, last = scores[: bounds[1] + 1], scores[bounds[-2] :]
    decay = float(first.mean() - last.mean())
    return Statistics(float(scores.mean()), float((scores > 0.5).mean()), decay)
