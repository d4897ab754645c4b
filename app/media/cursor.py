"""Decode a video forward, frame by frame; damaged packets are skipped, never fatal."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from app.core.errors import SourceError
from app.media.limits import MAX_FRAME_PIXELS
from app.media.remote import RemotePath

HINT_UNREADABLE = "Check that it plays in a video player, or convert it to MP4."
HINT_REMOTE = (
    "If its server does not send parts of files, download it, or put simplecache:: before the URL."
)
NO_PROTOCOLS = {"protocol_whitelist": "none"}
"""Options of FFmpeg for what Python reads: it must open nothing itself."""


def open_container(path: Path, frame_threads: bool = False) -> tuple[InputContainer, VideoStream]:
    """Open a video and choose its main video stream.

    Args:
        path: the video.
        frame_threads: decode several frames at once; faster, but frames next to a damaged
            packet are lost.

    Raises:
        SourceError: the file cannot be opened or holds no video.
    """
    try:
        container = _open_input(path)
    except (FFmpegError, OSError) as error:
        reason = error.strerror or str(error)
        raise SourceError(
            f"{path} cannot be opened as a video: {reason}.", HINT_UNREADABLE
        ) from error
    except ValueError as error:  # PyAV, of streams that make no sense; fsspec, without ranges
        hint = HINT_REMOTE if isinstance(path, RemotePath) else HINT_UNREADABLE
        raise SourceError(f"{path} cannot be opened as a video.", hint) from error
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or not stream.codec_context:
        container.close()
        raise SourceError(f"{path} holds no video that can be decoded.", HINT_UNREADABLE)
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_FRAME_PIXELS:
        container.close()
        raise SourceError(
            f"The frames of {path} are {width} x {height} pixels, more than can be read "
            f"({MAX_FRAME_PIXELS >> 20} megapixels).",
            "Scale the video down.",
        )
    # Frames whose size grows later are refused by the decoder.
    stream.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
    stream.thread_type = "AUTO" if frame_threads else "SLICE"
    return container, stream


class _OwnedFile(io.FileIO):
    """A file that is closed with the container that reads it."""

    def __del__(self) -> None:
        self.close()


class _OwnedStream:
    """An open file at a URL, of any type, that is closed with the container that reads it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.seek, self.tell, self._close = file.read, file.seek, file.tell, file.close

    def __del__(self) -> None:
        self._close()


def _open_input(path: Path) -> InputContainer:
    """Open one file; what it names, as playlists do, is not opened unless it is local.

    Texts in it that are not UTF-8 do not matter.
    """
    if isinstance(path, RemotePath):
        return av.open(
            _OwnedStream(path.open()), "r", options=NO_PROTOCOLS, metadata_errors="replace"
        )
    options = {"protocol_whitelist": "file"}  # a playlist must not reach out
    try:
        name = f"file:{path.absolute()}".encode().decode()
    except UnicodeEncodeError:  # a name that is not UTF-8: PyAV cannot pass it on
        return av.open(_OwnedFile(path), "r", options=NO_PROTOCOLS, metadata_errors="replace")
    return av.open(name, "r", options=options, metadata_errors="replace")


def decode_frames(
    container: InputContainer, stream: VideoStream, skip_below: Callable[[], int | None]
) -> Iterator[av.VideoFrame]:
    """Decode from the position of the container to its end.

    Args:
        container: an open video, at its start or just after a seek.
        stream: the video stream to decode.
        skip_below: called before each packet; frames that no other frame refers to are
            not decoded when their time is below its result.  None decodes everything.

    Yields:
        Frames in display order, with the presentation time that the decoder gives them.
    """
    packets = container.demux(stream)
    context = stream.codec_context
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except FFmpegError:  # the file ends in the middle of a packet
            packet = None
        limit = skip_below()
        is_skipped = limit is not None and packet and packet.pts is not None and packet.pts < limit
        context.skip_frame = "NONREF" if is_skipped else "DEFAULT"
        with suppress(FFmpegError):  # a damaged packet; the frames after it may be whole
            yield from context.decode(packet)
        if packet is None:
            return


@dataclass(slots=True)
class _Limit:
    """What `decode_frames` asks for; it must not refer to the cursor, which holds its frames."""

    position: int | None = None


class DecodeCursor:
    """An open video whose decoder moves forward, frame by frame.

    A position is the presentation time of a frame, or its number in counted videos, whose
    times are unusable.  Not safe to use from two threads at once.
    LIMIT: the decoder conceals errors next to a damaged packet with whatever frames it has, so the
    pixels there, not the positions, can differ from one reading to the next.

    Args:
        path: the video.
        is_counted: positions are numbers; such a video can only be read from its start.
        frame_threads: see `open_container`.

    Raises:
        SourceError: the video cannot be opened.
    """

    def __init__(self, path: Path, is_counted: bool, frame_threads: bool) -> None:
        self._path = path
        self._is_counted = is_counted
        self._frame_threads = frame_threads
        self._container, self._stream = open_container(path, frame_threads)
        self._begin(first_position=None)

    def _begin(self, first_position: int | None) -> None:
        self.position: int | None = None
        self._first_position = first_position
        self._skip_below = limit = _Limit()
        self._frames = decode_frames(self._container, self._stream, lambda: limit.position)
        self._count = 0

    @property
    def pixel_aspect(self) -> Fraction | None:
        """Width of a pixel by its height; None if the video does not say."""
        return self._stream.sample_aspect_ratio

    def restart(self) -> None:
        """Return to the first frame by opening the video again.

        Raises:
            SourceError: the video cannot be opened any more.
        """
        container, stream = open_container(self._path, self._frame_threads)
        self._container.close()
        self._container, self._stream = container, stream
        self._begin(first_position=None)

    def seek(self, key_position: int) -> None:
        """Seek to a key frame, or to one before it.

        Frames before the key frame are not yielded: they may refer to frames that were
        never decoded.

        Raises:
            FFmpegError: the container cannot seek.
        """
        self._container.seek(key_position, stream=self._stream)
        self._begin(first_position=key_position)

    def advance(self, skip_below: int | None = None) -> Iterator[tuple[int, av.VideoFrame]]:
        """Continue decoding; may be stopped and called again without losing a frame.

        Args:
            skip_below: frames before this position may be left out where that is faster.

        Yields:
            Position and frame.
        """
        self._skip_below.position = None if self._is_counted else skip_below
        for frame in self._frames:
            position = self._count if self._is_counted else frame.pts
            self._count += 1
            if position is None:
                continue
            self.position = position
            if self._first_position is None or position >= self._first_position:
                yield position, frame

    def close(self) -> None:
        """Close the video."""
        self._container.close()

    def __del__(self) -> None:
        if hasattr(self, "_container"):  # it could be opened; it refers to itself in PyAV
            self.close()
