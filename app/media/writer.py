"""Write frames to a video file, as common players play it or with an alpha channel."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from app.core.atomic_write import atomic_write
from app.core.errors import ExportError
from app.media.frames import Pixels

QUALITY_CRF = "18"
"""Constant rate factor of x264; differences are hard to see at 18."""

Add = Callable[[Pixels], None]


@dataclass(frozen=True, slots=True)
class VideoEncoding:
    """A codec in a container, as FFmpeg names them.

    Attributes:
        container: format of the file.
        codec: encoder.
        pixel_format: what frames are converted to.
        options: of the encoder.
        container_options: of the file.
    """

    container: str
    codec: str
    pixel_format: str
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)


H264 = VideoEncoding("mp4", "libx264", "yuv420p", {"crf": QUALITY_CRF}, {"movflags": "+faststart"})
VP9_ALPHA = VideoEncoding(
    "webm",
    "libvpx-vp9",
    "yuva420p",
    {
        "crf": "24",
        "b": "0",
        "deadline": "good",
        "cpu-used": "4",
        "row-mt": "1",
        "auto-alt-ref": "0",
    },
)
PRORES_4444 = VideoEncoding(
    "mov", "prores_ks", "yuva444p10le", {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"}
)


@contextmanager
def video_writer(path: Path, frame_rate: Fraction, encoding: VideoEncoding = H264) -> Iterator[Add]:
    """Write a video frame by frame; the file appears only when it is complete.

    Args:
        path: the video to write; an existing file is replaced at the end.
        frame_rate: frames per second.
        encoding: how to write it.

    Yields:
        A function that adds a frame: (H, W, 3) RGB or (H, W, 4) RGB and alpha, all of one size.
        Odd sizes are padded by one repeated row or column where the encoding has even sizes only.

    Raises:
        ExportError: there are no frames, or the video cannot be written.
    """
    try:
        with atomic_write(path) as partial_path:
            options = encoding.container_options
            with av.open(partial_path, "w", format=encoding.container, options=options) as file:
                writer = _Encoder(file, frame_rate, encoding)
                yield writer.add
                writer.finish()
            if not writer.frame_count:
                raise ExportError(f"{path} was not written: there are no frames to write.")
    except (FFmpegError, OSError) as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Check that the folder exists and the disk has room.",
        ) from error


class _Encoder:
    """Encodes frames into an open file.

    Attributes:
        frame_count: number of frames added.
    """

    def __init__(
        self, container: OutputContainer, frame_rate: Fraction, encoding: VideoEncoding
    ) -> None:
        self.frame_count = 0
        self._container = container
        self._frame_rate = frame_rate
        self._format = encoding.pixel_format
        stream = container.add_stream(
            encoding.codec, rate=frame_rate, options=dict(encoding.options)
        )
        assert isinstance(stream, VideoStream)
        self._stream = stream
        stream.pix_fmt = encoding.pixel_format
        # The color space that the frames are converted to; written so that players invert it.
        stream.codec_context.colorspace = Colorspace.SMPTE170M
        stream.codec_context.color_range = ColorRange.MPEG

    def add(self, pixels: Pixels) -> None:
        """Encode a frame."""
        frame = self._converted(pixels)
        if self.frame_count == 0:
            self._stream.width, self._stream.height = frame.width, frame.height
        frame.pts = self.frame_count
        frame.time_base = 1 / self._frame_rate
        self._container.mux(self._stream.encode(frame))
        self.frame_count += 1

    def finish(self) -> None:
        """Encode what the encoder has kept."""
        if self.frame_count:
            self._container.mux(self._stream.encode())

    def _converted(self, pixels: Pixels) -> av.VideoFrame:
        height, width, channels = pixels.shape
        if "420" in self._format:
            padding = ((0, height % 2), (0, width % 2), (0, 0))
            pixels = np.pad(pixels, padding, mode="edge")
        kind = "rgba" if channels == 4 else "rgb24"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=kind)
        return frame.reformat(format=self._format, dst_colorspace=Colorspace.SMPTE170M)
