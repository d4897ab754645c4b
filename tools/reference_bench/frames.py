"""The frames that both implementations track."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Track = Callable[[], Iterator[float]]
"""Tracks a video from its start; yields the milliseconds of each frame."""


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
