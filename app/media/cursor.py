"""Move a decoder forward through a film; damaged packets are stepped over, never fatal."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from app.core.errors import SourceError

HINT_UNREADABLE = "Check that it plays in a video player, or convert it to MP4."


def open_container(path: Path, frame_threads: bool = False) -> tuple[InputContainer, VideoStream]:
    """Open a film and choose its main video stream.

    Args:
        path: the film.
        frame_threads: decode several pictures at once; faster, but pictures beside a damaged
            packet are lost.

    Raises:
        SourceError: the file cannot be opened or holds no video.
    """
    try:
        container = av.open(path)
    except (FFmpegError, OSError) as error:
        reason = error.strerror or str(error)
        raise SourceError(
            f"{path} cannot be opened as a video: {reason}.", HINT_UNREADABLE
        ) from error
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or not stream.codec_context:
        container.close()
        raise SourceError(f"{path} holds no video that can be decoded.", HINT_UNREADABLE)
    stream.thread_type = "AUTO" if frame_threads else "SLICE"
    return container, stream


def decoded_pictures(
    container: InputContainer, stream: VideoStream, skip_below: Callable[[], int | None]
) -> Iterator[av.VideoFrame]:
    """Decode from where the container stands to its end.

    Args:
        container: an open film, at its start or just after a seek.
        stream: the video stream to decode.
        skip_below: asked before each packet; pictures that no other picture refers to are
            not decoded when their time is below the answer.  None decodes everything.

    Yields:
        Pictures in display order, with the time that the decoder gives them.
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
        with suppress(FFmpegError):  # a damaged packet; the pictures after it may be whole
            yield from context.decode(packet)
        if packet is None:
            return


class DecodeCursor:
    """One open film whose decoder moves forward, picture by picture.

    A position is the presentation time of a picture, or its number in counted films, whose
    times are unusable.  Not safe to use from two threads at once.
    LIMIT: pictures beside a damaged packet are patched up by the decoder from whatever it holds,
    so their pixels, not their positions, can differ from one reading to the next.

    Args:
        path: the film.
        is_counted: positions are numbers; such a film can only be read from its start.
        frame_threads: see `open_container`.

    Raises:
        SourceError: the film cannot be opened.
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
        self._skip_below: int | None = None
        self._pictures = decoded_pictures(self._container, self._stream, lambda: self._skip_below)
        self._count = 0

    def restart(self) -> None:
        """Go back to the first picture by opening the film again.

        Raises:
            SourceError: the film cannot be opened any more.
        """
        self._container.close()
        self._container, self._stream = open_container(self._path, self._frame_threads)
        self._begin(first_position=None)

    def seek(self, key_position: int) -> None:
        """Go to a key picture, or to one before it.

        Pictures before the key are not delivered: they may refer to pictures that were
        never decoded.

        Raises:
            FFmpegError: the container cannot seek.
        """
        self._container.seek(key_position, stream=self._stream)
        self._begin(first_position=key_position)

    def advance(self, skip_below: int | None = None) -> Iterator[tuple[int, av.VideoFrame]]:
        """Decode onwards; may be left and called again without losing a picture.

        Args:
            skip_below: pictures before this position may be left out where that is faster.

        Yields:
            Position and picture.
        """
        self._skip_below = None if self._is_counted else skip_below
        for picture in self._pictures:
            position = self._count if self._is_counted else picture.pts
            self._count += 1
            if position is None:
                continue
            self.position = position
            if self._first_position is None or position >= self._first_position:
                yield position, picture

    def close(self) -> None:
        """Close the film."""
        self._container.close()
