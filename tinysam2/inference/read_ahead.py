"""Reads the next frame of a video while the present one is tracked."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tinysam2.inference.results import Frames


@dataclass(frozen=True, slots=True)
class ReadFrame:
    """A frame as it was read, and as it is encoded.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        small: the same in the size of the network's input; None unless it was read ahead.
    """

    image: NDArray[np.uint8]
    small: NDArray[np.uint8] | None = None


class ReadAhead:
    """Reads frames one at a time; inside ``with``, the expected one on a thread.

    Decoding and resizing release the interpreter.  At most one frame is read ahead, so that little
    is lost when tracking stops.  Frames are never read from two threads at once.  Lives on one
    thread itself.

    Args:
        frames: the video.
        shrink: resizes an image to the size of the network's input.
    """

    def __init__(
        self, frames: Frames, shrink: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
    ) -> None:
        self._frames, self._shrink = frames, shrink
        self._thread: ThreadPoolExecutor | None = None
        self._expected: tuple[int, Future[ReadFrame]] | None = None
        self._size_hw: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, "tinysam2-read-ahead")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown()  # waits: nothing is read when the caller closes the video
        self._thread = self._expected = None

    def expect(self, frame: int | None) -> None:
        """Begin to read the frame that `read` will be asked for next; None if there is none."""
        if self._thread is not None and frame is not None:
            self._settle()
            self._expected = frame, self._thread.submit(self._read, frame)

    def read(self, frame: int) -> ReadFrame:
        """Return a frame; what reading it raised is raised here.

        Raises:
            ValueError: it has another size than the first one that was read.
        """
        self._settle()
        if self._expected is None or self._expected[0] != frame:
            return ReadFrame(self._image(frame))
        (_, found), self._expected = self._expected, None
        return found.result()

    def _settle(self) -> None:
        """Wait for the frame that is being read."""
        if self._expected is not None:
            wait([self._expected[1]])

    def _read(self, frame: int) -> ReadFrame:
        image = self._image(frame)
        return ReadFrame(image, self._shrink(image))

    def _image(self, frame: int) -> NDArray[np.uint8]:
        image = self._frames[frame]
        size_hw = image.shape[0], image.shape[1]
        self._size_hw = self._size_hw or size_hw
        if size_hw != self._size_hw:
            found, others = (f"{w} x {h}" for h, w in (size_hw, self._size_hw))
            raise ValueError(f"frames must have one size: frame {frame} has {found}, not {others}")
        return image
