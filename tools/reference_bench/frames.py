"""The frames that both implementations track."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FrameTime:
    """What tracking a frame took.

    Attributes:
        elapsed_ms: by the clock.
        processor_ms: of all threads; it does not count what other programs do meanwhile.
    """

    elapsed_ms: float
    processor_ms: float


Track = Callable[[], Iterator[FrameTime]]
"""Tracks a video from its start; yields what each frame took."""


def timed(steps: Iterable[object]) -> Iterator[FrameTime]:
    """Yield what each step took."""
    start_s = time.perf_counter(), time.process_time()
    for _ in steps:
        end_s = time.perf_counter(), time.process_time()
        yield FrameTime(*(1000 * (b - a) for a, b in zip(start_s, end_s, strict=True)))
        start_s = time.perf_counter(), time.process_time()


def read_frames(path: Path, count: int) -> list[Frame]:
    """Read the first frames of a video, each (H, W, 3) RGB.

    Raises:
        SystemExit: it has fewer.
    """
    with av.open(path) as container:
        found = islice(container.decode(video=0), count)
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in found]
    if len(frames) < count:
        raise SystemExit(f"{path} has {len(frames)} frames, {count} are needed.")
    return frames


def click_of(frame: Frame) -> tuple[float, float]:
    """Return the click (x, y) that prompts the object: the center of the frame."""
    return frame.shape[1] / 2, frame.shape[0] / 2
