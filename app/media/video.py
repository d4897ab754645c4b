"""Random access to the frames of a video by number, pixel-exact, through PyAV."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter

from app.core.errors import SourceError
from app.media.cache import DEFAULT_CACHE_BYTES, FrameCache
from app.media.cursor import HINT_UNREADABLE, DecodeCursor
from app.media.display_shape import DisplayShape
from app.media.frame_table import damaged_table, pack_table, unpack_table
from app.media.frames import (
    FrameSource,
    Pixels,
    SourceFingerprint,
    check_frame_index,
    on_black,
    reading,
)
from app.media.identity import file_sha256
from app.media.index import VideoIndex, read_index

KEPT_BEHIND = 12
"""Number of frames before a target that are decoded in full and cached, so that stepping back is
fast; of earlier frames only those that others refer to are decoded."""

SEEK_COST_FRAMES = 8
"""A seek costs about as much as decoding this many frames; below it, decoding is faster."""


class VideoSource(FrameSource):
    """A video file, read in place.

    Decoded frames are cached in their own pixel format (half the size of RGB), up to a number of
    bytes.  All calls are safe from any thread; a lock serializes them.

    Args:
        path: the video.
        index: the times of the same video's frames, if known; otherwise read from the video.
        shape: how its frames are displayed, if known; otherwise as the video says.
        cache_bytes: limit of the decoded frames in the cache.

    Raises:
        SourceError: the video cannot be opened, or no frame of it can be decoded.
    """

    def __init__(
        self,
        path: Path,
        index: VideoIndex | None = None,
        shape: DisplayShape | None = None,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
    ) -> None:
        self.path = path
        self.name = path.stem
        self._lock = threading.Lock()
        self._is_closed = False
        self._cache: FrameCache[av.VideoFrame] = FrameCache(cache_bytes)
        self._reformatter = VideoReformatter()
        with reading(path):
            self._byte_size = path.stat().st_size
            self._content_sha256 = file_sha256(path)
        self.index = index or read_index(path)
        self._cursor = _cursor_for(path, self.index)
        first = next(self._cursor.advance(), None)
        if first is None:
            self._cursor.close()
            raise SourceError(f"No frame of {path} can be decoded.", HINT_UNREADABLE)
        position, frame = first
        if index is None:
            self.index = self.index.from_first(position)
        self._keep(position, frame)
        self._set_shape(shape or DisplayShape.of(frame, self._cursor.pixel_aspect))
        self._coded_shape = self.shape.as_coded(frame)
        self.frame_rate = self.index.frame_rate

    @classmethod
    def from_table(cls, path: Path, table: bytes) -> "VideoSource":
        """Open a video with the frames that `frame_table` describes.

        Raises:
            SourceError: the table is damaged, or the video cannot be read.
        """
        values = unpack_table(table, "video")
        try:
            index, shape = VideoIndex.from_json(values), DisplayShape.from_json(values["shape"])
        except (ValueError, TypeError, KeyError, ArithmeticError) as error:
            raise damaged_table(error) from error
        return cls(path, index, shape)

    def frame_table(self) -> bytes:
        """Return the times of the frames and their shape; see `FrameSource`."""
        values = {"kind": "video", **self.index.to_json(), "shape": self.shape.to_json()}
        return pack_table(values)

    def display_as_coded(self) -> None:
        """Turn frames only, as version 0.1 did, whose masks fit nothing else."""
        self._set_shape(self._coded_shape)

    def _set_shape(self, shape: DisplayShape) -> None:
        self.shape = shape
        self.size_hw = shape.size_hw
        self.notice = (
            ""
            if shape.is_exact
            else f"{self.path} asks to be displayed at an angle; it is shown at the nearest "
            "quarter turn."
        )

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.index)

    def __getitem__(self, frame_index: int) -> Pixels:
        """Read one frame, (H, W, 3) RGB; see `FrameSource`."""
        return self._pixels(frame_index, "rgb24")

    def bgra(self, frame_index: int) -> Pixels:
        """Read one frame, (H, W, 4) blue, green, red, 255; see `FrameSource`."""
        return self._pixels(frame_index, "bgra")

    def timestamp_s(self, frame_index: int) -> float:
        """Seconds from the start of the video, as players count them, to this frame."""
        check_frame_index(frame_index, len(self))
        return self.index.timestamp_s(frame_index)

    def fingerprint(self) -> SourceFingerprint:
        """Describe the video by its frame table and size."""
        return SourceFingerprint(
            len(self), self.index.digest(), self._byte_size, self._content_sha256
        )

    def clone(self, cache_bytes: int = DEFAULT_CACHE_BYTES) -> "VideoSource":
        """Open an independent handle that shares the index."""
        return VideoSource(self.path, self.index, self.shape, cache_bytes)

    def adopt(self, index: VideoIndex) -> None:
        """Use another frame table from now on (see `app.jobs.verify`).

        Clones made before keep the old table.
        """
        with self._lock:
            cursor = _cursor_for(self.path, index)
            self._cursor.close()
            self._cache.clear()
            self.index, self._cursor = index, cursor

    def close(self) -> None:
        """Close the video and clear the cache."""
        with self._lock:
            self._is_closed = True
            self._cursor.close()
            self._cache.clear()

    def _pixels(self, frame_index: int, pixel_format: str) -> Pixels:
        with self._lock, reading(self.path):
            if self._is_closed:
                raise SourceError(f"{self.path} is closed.")
            check_frame_index(frame_index, len(self))
            frame = self._cache.get(frame_index) or self._decode(frame_index)
            has_alpha = frame.format.components[-1].is_alpha
            converted = self._reformatter.reformat(
                frame, self.shape.width, self.shape.height, "rgba" if has_alpha else pixel_format
            )
        pixels = np.asarray(converted.to_ndarray(), dtype=np.uint8)
        if has_alpha:
            pixels = on_black(pixels)
            if pixel_format == "bgra":
                pixels = np.dstack([pixels[..., ::-1], np.full_like(pixels[..., :1], 255)])
        return self.shape.applied(pixels)

    def _decode(self, frame_index: int) -> av.VideoFrame:
        """Decode a frame that is not cached: continue, else seek, else start over."""
        target = int(self.index.pts[frame_index])
        keep_from = int(self.index.pts[max(0, frame_index - KEPT_BEHIND)])
        for move in self._ways_to(frame_index):
            try:
                move()
            except FFmpegError:  # this container cannot seek there
                continue
            for position, frame in self._cursor.advance(skip_below=keep_from):
                self._keep(position, frame)
                if position == target:
                    return frame
                if position > target:
                    break
        raise SourceError(
            f"Frame {frame_index} of {self.path} cannot be decoded.",
            "The file is damaged there; let the check of the video finish, or convert it.",
        )

    def _ways_to(self, frame_index: int) -> Iterator[Callable[[], None]]:
        """Yield ways to move the cursor before the frame, cheapest first."""
        keys = self.index.keys_before(frame_index)
        here = self._cursor.position
        if here is not None and here < self.index.pts[frame_index]:
            here_frame = int(np.searchsorted(self.index.pts, here))
            key_frame = int(np.searchsorted(self.index.pts, keys[0])) if keys else 0
            if here_frame >= key_frame - SEEK_COST_FRAMES:
                yield lambda: None
        for key in keys:
            yield partial(self._cursor.seek, key)
        yield self._cursor.restart

    def _keep(self, position: int, frame: av.VideoFrame) -> None:
        frame_index = self.index.frame_at(position)
        if frame_index is not None:
            size_bytes = sum(plane.buffer_size for plane in frame.planes)
            self._cache.put(frame_index, frame, size_bytes)


def _cursor_for(path: Path, index: VideoIndex) -> DecodeCursor:
    # A table that had to be decoded belongs to a damaged video.
    return DecodeCursor(path, index.is_counted, frame_threads=not index.is_decoded)
