"""Reads, and encodes, the next frames of a video while the present one is tracked."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from tinysam2.inference.results import Frames
from tinysam2.model.image_features import ImageFeatures
from tinysam2.worker_threads import WorkerThreads

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""
Shrink = Callable[[Image], Image]
"""Resizes an image (H, W, 3) to the size of the network's input."""
Encode = Callable[..., ImageFeatures]
"""Encodes an image (H, W, 3), given also as ``small`` in the size of the network's input."""


@dataclass(frozen=True, slots=True)
class ReadFrame:
    """A frame as it was read, and what was made of it ahead.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        small: the same in the size of the network's input; None unless it was read ahead.
        features: of the image; None unless it was encoded ahead.
    """

    image: Image
    small: Image | None = None
    features: ImageFeatures | None = None


class ReadAhead:
    """Reads frames; those that are expected by worker threads.

    Decoding and resizing release the interpreter.  Frames are never read from two threads at once.
    Lives on one thread itself.

    Args:
        frames: the video.
    """

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._expected: dict[int, Future[ReadFrame]] = {}
        self._reading = Lock()
        self._size_hw: tuple[int, int] | None = None

    def expect(
        self, frame: int, workers: WorkerThreads, shrink: Shrink, encode: Encode | None = None
    ) -> None:
        """Let a worker read and resize a frame that `read` will be asked for, and encode it."""
        if frame not in self._expected:
            self._expected[frame] = workers.submit(self._read, frame, shrink, encode)

    def read(self, frame: int) -> ReadFrame:
        """Return a frame; what reading it raised is raised here.

        Raises:
            ValueError: it has another size than the first one that was read.
        """
        expected = self._expected.pop(frame, None)
        return ReadFrame(self._image(frame)) if expected is None else expected.result()

    def close(self) -> None:
        """Forget the expected frames; nothing is read when the caller closes the video."""
        for each in self._expected.values():
            each.cancel()
        wait(self._expected.values())
        self._expected = {}

    def _read(self, frame: int, shrink: Shrink, encode: Encode | None) -> ReadFrame:
        image = self._image(frame)
        small = shrink(image)
        return ReadFrame(image, small, encode and encode(image, small=small))

    def _image(self, frame: int) -> Image:
        with self._reading:
            image = self._frames[frame]
        size_hw = image.shape[0], image.shape[1]
        self._size_hw = self._size_hw or size_hw
        if size_hw != self._size_hw:
            found, others = (f"{w} x {h}" for h, w in (size_hw, self._size_hw))
            raise ValueError(f"frames must have one size: frame {frame} has {found}, not {others}")
        return image
