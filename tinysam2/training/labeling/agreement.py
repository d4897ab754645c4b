"""Labels of a clip where tracking forward and tracking back find the same."""

import numpy as np
from numpy.typing import NDArray

from tinysam2.build import Model
from tinysam2.datasets.samples import Pixels
from tinysam2.evaluation.metrics import region_similarity
from tinysam2.inference.postprocess import MaskCleanup
from tinysam2.inference.results import Frames
from tinysam2.inference.video_tracker import VideoTracker

MIN_AGREED = 0.5  # of the frames; an object that is agreed on in fewer is dropped


def label_by_tracking(
    model: Model, frames: Frames, first: Pixels, min_agreement: float
) -> dict[int, Pixels]:
    """Track the first frame's objects to the end and from there back to the first frame.

    Backward tracking starts at the frame where an object was last seen, with the mask found there.
    Objects on whose masks the directions disagree in more than half of the frames are dropped;
    frames where they disagree on one of the others are left out.

    Args:
        model: a model that tracks.
        frames: the clip.
        first: (H, W) objects of the first frame.
        min_agreement: IoU of both masks of an object from which on they agree; no mask agrees with
            no mask.

    Returns:
        Label maps (H, W) by frame index, of the frames where all kept objects agree; their ids
        count from 1.
    """
    values = [int(v) for v in np.unique(first) if v]
    if not values:
        return {}
    forward = _tracked(model, frames, {v: (0, first == v) for v in values})
    last = {v: _last_seen(forward, v) for v in values}
    starts = {v: (at, forward[at] == v) for v, at in last.items()}
    backward = _tracked(model, frames, starts, is_backward=True)
    agreed = {v: _agreement(forward, backward, v, min_agreement) for v in values}
    kept = [v for v in values if agreed[v].mean() >= MIN_AGREED]
    if not kept:
        return {}
    chosen = np.flatnonzero(np.logical_and.reduce([agreed[v] for v in kept]))
    numbers = np.zeros(256, np.uint8)
    numbers[kept] = np.arange(1, len(kept) + 1)
    return {int(i): numbers[forward[i]] for i in chosen}


def _tracked(
    model: Model,
    frames: Frames,
    starts: dict[int, tuple[int, NDArray[np.bool_]]],
    is_backward: bool = False,
) -> list[Pixels]:
    """Track objects from a mask on a frame each; a label map for each frame."""
    height, width = next(iter(starts.values()))[1].shape
    cleanup = MaskCleanup.of_fraction((height, width))
    tracker = VideoTracker(model, frames, cleanup=cleanup, is_exclusive=True)
    for value, (frame, mask) in starts.items():
        tracker.add_mask(value, frame, mask)
    found = [np.zeros((height, width), np.uint8) for _ in range(len(frames))]
    start = len(frames) - 1 if is_backward else 0
    for step in tracker.propagate(start, None, "backward" if is_backward else "forward"):
        for value, mask in zip(step.object_ids, step.masks, strict=True):
            found[step.frame_index][mask] = value
    return found


def _last_seen(labels: list[Pixels], value: int) -> int:
    """Return the last frame that shows an object; the first one, where it was given, does."""
    return next(i for i in range(len(labels) - 1, -1, -1) if (labels[i] == value).any())


def _agreement(
    forward: list[Pixels], backward: list[Pixels], value: int, min_agreement: float
) -> NDArray[np.bool_]:
    """Tell in which frames both directions agree on an object."""
    pairs = zip(forward, backward, strict=True)
    ious = [region_similarity(a == value, b == value) for a, b in pairs]
    return np.array(ious) >= min_agreement
