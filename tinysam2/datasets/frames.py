"""Frames of a video file or of a folder of images, read one at a time and exactly."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from threading import Lock

import av
import cv2
import numpy as np
from numpy.typing import NDArray

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


class FolderFrames:
    """Images of a folder in natural order of their names: ``frame2`` before ``frame10``.

    Args:
        folder: the folder; other files in it are ignored.

    Raises:
        ValueError: there is no image.
    """

    def __init__(self, folder: Path) -> None:
        files = (f for f in folder.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES)
        self.files = sorted(files, key=lambda file: _natural_key(file.name))
        if not self.files:
            raise ValueError(f"{folder} must hold images, found none")

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.files)

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        """Read an image as (H, W, 3) uint8 RGB.

        Raises:
            IndexError: there is no such frame.
            ValueError: the file is no image.
        """
        file = self.files[_checked(index, len(self))]
        image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f"{file} cannot be read as an image")
        return np.ascontiguousarray(image[:, :, ::-1]).astype(np.uint8, copy=False)


class VideoFrames:
    """Frames of a video file: frame i is the i-th image that decoding gives.

    The file is decoded once to count its frames.  After that, reading forward decodes each frame
    once; a jump decodes from the key frame before it, and from the start where the times of the
    frames do not increase.  Threads may share it, as a tracker that reads ahead and its caller do.

    Args:
        path: anything that FFmpeg reads.

    Raises:
        ValueError: the file holds no video that can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._times = [frame.pts for frame in self._decode()]
        if not self._times:
            raise ValueError(f"{path} must hold a video, found no frame that can be decoded")
        times = [t for t in self._times if t is not None]
        increases = all(a < b for a, b in pairwise(times))
        is_ordered = increases and len(times) == len(self._times)
        self._number_of = {t: i for i, t in enumerate(times)} if is_ordered else None
        self._reading: Iterator[av.VideoFrame] = iter(())
        self._next = len(self)  # the frame that `_reading` gives next
        self._last: tuple[int, NDArray[np.uint8]] | None = None
        self._lock = Lock()

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._times)

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        """Read a frame, upright, as (H, W, 3) uint8 RGB.

        Raises:
            IndexError: there is no such frame.
            ValueError: the file changed since it was opened.
        """
        index = _checked(index, len(self))
        with self._lock:
            if self._last is None or self._last[0] != index:
                self._last = index, self._read(index)
            return self._last[1]

    def _read(self, index: int) -> NDArray[np.uint8]:
        if index < self._next:
            self._start_at(index)
        for frame in self._reading:
            number = self._number(frame)
            self._next = number + 1
            if number == index:
                rotated = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90 % 4)
                return np.ascontiguousarray(rotated)
            if number > index:  # the key frame sought for comes after it
                self._reading, self._next = self._decode(), 0
                return self._read(index)
        raise ValueError(f"{self.path} changed: frame {index} is not there any more")

    def _number(self, frame: av.VideoFrame) -> int:
        """Return which frame was decoded; -1 for one that is not known by its time."""
        if self._number_of is None or frame.pts is None:
            return self._next
        return self._number_of.get(frame.pts, -1)

    def _start_at(self, index: int) -> None:
        """Begin decoding at the key frame before a frame, or at the start of the file."""
        at = None if self._number_of is None else self._times[index]
        self._reading, self._next = self._decode(at), 0

    def _decode(self, at: int | None = None) -> Iterator[av.VideoFrame]:
        try:
            container = av.open(str(self.path))
        except (av.FFmpegError, OSError) as error:
            raise ValueError(f"{self.path} cannot be opened as a video: {error}") from error
        with container:
            if not container.streams.video:
                return
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if at is not None:
                container.seek(at, stream=stream)
            packets = container.demux(stream)
            while (packet := next(packets, None)) is not None:
                try:
                    yield from packet.decode()
                except av.FFmpegError:
                    continue  # a damaged packet: the frames after it are still there


def open_frames(path: str | Path) -> FolderFrames | VideoFrames:
    """Open a video file, or a folder of images, as frames for `VideoTracker`.

    Raises:
        ValueError: there is nothing at the path, or nothing that can be read.

    Example:
        >>> frames = open_frames("dog.mp4")  # doctest: +SKIP
        >>> len(frames), frames[0].shape  # doctest: +SKIP
        (289, (720, 1280, 3))
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise ValueError(f"there is no video and no folder at {place}")
    return FolderFrames(place) if place.is_dir() else VideoFrames(place)


def _checked(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise IndexError(f"frame must be in 0..{count - 1}, got {index}")
    return index


def _natural_key(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]
