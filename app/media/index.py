"""The table of presentation times that gives the frames of a video their numbers."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream
from numpy.typing import NDArray

from app.core.errors import SourceError
from app.media.cursor import HINT_UNREADABLE, decode_frames, open_container

FALLBACK_RATE = Fraction(25)
"""Frames per second of a video without a frame rate (bare streams); FFmpeg's default, too."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoIndex:
    """Presentation time of every frame of a video; never computed from a frame rate.

    Attributes:
        pts: (N,) strictly increasing, in units of ``time_base``; frame i is shown at pts[i].
            In a counted video it is simply 0..N-1.
        key_pts: (K,) increasing; times of the key frames, where a decoder can start.
        time_base: seconds per unit.
        start_pts: the time that players show as 0.
        frame_rate: mean frames per second.
        is_counted: the video has no usable times, frames are known by their order alone.
        is_decoded: the table comes from decoding, not from the packets' headers.
        resized: number of decoded frames that have another size than the first.
    """

    pts: NDArray[np.int64]
    key_pts: NDArray[np.int64]
    time_base: Fraction
    start_pts: int
    frame_rate: Fraction
    is_counted: bool = False
    is_decoded: bool = False
    resized: int = 0

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.pts)

    def keys_before(self, frame_index: int) -> list[int]:
        """Return the times of the two key frames at or before a frame, nearest first."""
        end = int(np.searchsorted(self.key_pts, self.pts[frame_index], side="right"))
        return [int(key) for key in self.key_pts[max(0, end - 2) : end][::-1]]

    def frame_at(self, position: int) -> int | None:
        """Return the number of the frame shown at exactly this time, if there is one."""
        frame_index = int(np.searchsorted(self.pts, position))
        if frame_index < len(self.pts) and self.pts[frame_index] == position:
            return frame_index
        return None

    def timestamp_s(self, frame_index: int) -> float:
        """Seconds from the start of the video to a frame."""
        return float((int(self.pts[frame_index]) - self.start_pts) * self.time_base)

    def digest(self) -> str:
        """Hex SHA-256 of the times and their unit."""
        times = self.pts.astype("<i8").tobytes()
        return hashlib.sha256(f"{self.time_base} ".encode() + times).hexdigest()

    def from_first(self, position: int) -> "VideoIndex":
        """Return the index without the frames before ``position``."""
        return replace(self, pts=self.pts[self.pts >= position])

    def to_json(self) -> dict[str, Any]:
        """Return the values that `from_json` takes; times are stored as differences."""
        return {
            "pts": np.diff(self.pts, prepend=0).tolist(),
            "key_pts": np.diff(self.key_pts, prepend=0).tolist(),
            "time_base": str(self.time_base),
            "start_pts": self.start_pts,
            "frame_rate": str(self.frame_rate),
            "is_counted": self.is_counted,
            "is_decoded": self.is_decoded,
            "resized": self.resized,
        }

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> "VideoIndex":
        """Check and return stored values.

        Raises:
            ValueError, TypeError, KeyError, ArithmeticError: they cannot be used.
        """
        pts, key_pts = (
            np.cumsum(np.array(values[name], dtype=np.int64), dtype=np.int64)
            for name in ("pts", "key_pts")
        )
        index = VideoIndex(
            pts,
            key_pts,
            Fraction(values["time_base"]),
            int(values["start_pts"]),
            Fraction(values["frame_rate"]),
            bool(values["is_counted"]),
            bool(values["is_decoded"]),
            int(values["resized"]),
        )
        if pts.ndim != 1 or not len(pts) or np.any(np.diff(pts) <= 0):
            raise ValueError("its times do not ascend")
        if min(index.time_base, index.frame_rate) <= 0:
            raise ValueError("its rate is not positive")
        return index

    def with_decoded(self, times: Sequence[int | None], resized: int = 0) -> "VideoIndex":
        """Return the index that a full decode gives.

        Args:
            times: presentation time of every decoded frame, in decoder order.
            resized: number of them that have another size than the first.

        Returns:
            An index over the same times, or a counted one when times are missing or repeated.
        """
        known = np.array([time for time in times if time is not None], dtype=np.int64)
        if len(known) == len(times) and np.all(np.diff(known) > 0):
            return replace(self, pts=known, is_decoded=True, resized=resized)
        return replace(
            self,
            pts=np.arange(len(times), dtype=np.int64),
            key_pts=np.empty(0, dtype=np.int64),
            time_base=1 / self.frame_rate,
            start_pts=0,
            is_counted=True,
            is_decoded=True,
            resized=resized,
        )


def read_index(path: Path) -> VideoIndex:
    """Index a video from its packets, or by decoding it where their times are unusable.

    Raises:
        SourceError: the video cannot be opened or has no frames.
    """
    container, stream = open_container(path)
    with container:
        index, is_complete = _read_packets(container, stream)
    if not is_complete or np.any(np.diff(index.pts) <= 0):
        container, stream = open_container(path)
        with container:
            frames = decode_frames(container, stream, lambda: None)
            found = [(frame.pts, frame.width, frame.height) for frame in frames]
        resized = sum(each[1:] != found[0][1:] for each in found)
        index = index.with_decoded([pts for pts, _, _ in found], resized)
    if not len(index):
        raise SourceError(f"{path} holds no frames.", HINT_UNREADABLE)
    return index


def _read_packets(container: InputContainer, stream: VideoStream) -> tuple[VideoIndex, bool]:
    """Read the times of all packets, and whether every packet has one."""
    pts: list[int] = []
    keys: list[int] = []
    is_complete = True
    try:
        for packet in container.demux(stream):
            if packet.pts is None:
                is_complete = is_complete and packet.size == 0  # PyAV ends with an empty packet
                continue
            if packet.is_keyframe:
                keys.append(packet.pts)
            if not packet.is_discard:
                pts.append(packet.pts)
    except FFmpegError:  # truncated in the middle of a packet: the packets before it count
        pass
    time_base = stream.time_base or Fraction(1, av.time_base)
    start = Fraction(container.start_time or 0, av.time_base) / time_base
    index = VideoIndex(
        pts=np.array(sorted(pts), dtype=np.int64),
        key_pts=np.array(sorted(set(keys)), dtype=np.int64),
        time_base=time_base,
        start_pts=round(start),
        frame_rate=stream.average_rate or stream.guessed_rate or FALLBACK_RATE,
    )
    return index, is_complete
