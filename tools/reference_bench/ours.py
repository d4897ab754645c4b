"""Tracks with the network of this project."""

import time
from collections.abc import Iterator

from tinysam2.build import random_model
from tinysam2.inference.video_tracker import VideoTracker
from tools.reference_bench.frames import Frame, Track, click_of


def track_ours(name: str, image_size: int, frames: list[Frame]) -> Track:
    """Return a function that tracks a click on the first frame.

    Args:
        name: a known model that tracks.
        image_size: of the input, pixels.
        frames: the video.
    """
    model = random_model(name, "cpu")

    def track() -> Iterator[float]:
        tracker = VideoTracker(model, frames, image_size=image_size)
        tracker.add_points(1, 0, [click_of(frames[0])], [1])
        start_s = time.perf_counter()
        for _ in tracker.propagate():
            yield (time.perf_counter() - start_s) * 1000
            start_s = time.perf_counter()

    return track
