"""Write frames to an H.264 video that common players can play."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace

from app.core.atomic_write import atomic_write
from app.core.errors import ExportError
from app.media.frames import Pixels

QUALITY_CRF = "18"
"""Constant rate factor of x264; differences are hard to see at 18."""


def write_video(path: Path, frames: Iterable[Pixels], frame_rate: Fraction) -> int:
    """Write an H.264 MP4; the file appears only when it is complete.

    Args:
        path: the video to write; an existing file is replaced at the end.
        frames: (H, W, 3) RGB, all of one size.  Odd sizes are padded by one repeated row or
            column, since the format has even sizes only.  Exceptions of this iterable, such
            as `Cancelled`, are passed on and leave no file behind.
        frame_rate: frames per second.

    Returns:
        Number of frames written.

    Raises:
        ExportError: there are no frames, or the video cannot be written.
    """
    options = {"movflags": "+faststart"}
    try:
        with atomic_write(path) as partial_path:
            with av.open(partial_path, "w", format="mp4", options=options) as container:
                frame_count = _encode(container, frames, frame_rate)
            if not frame_count:
                raise ExportError(f"{path} was not written: there are no frames to write.")
    except (FFmpegError, OSError) as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Check that the folder exists and the disk has room.",
        ) from error
    return frame_count


def _encode(container: OutputContainer, frames: Iterable[Pixels], frame_rate: Fraction) -> int:
    stream = container.add_stream("libx264", rate=frame_rate, options={"crf": QUALITY_CRF})
    stream.pix_fmt = "yuv420p"
    # The color space that the frames are converted to; written so that players invert it.
    stream.codec_context.colorspace = Colorspace.SMPTE170M
    stream.codec_context.color_range = ColorRange.MPEG
    frame_count = 0
    for frame in _even_frames(frames):
        if frame_count == 0:
            stream.width, stream.height = frame.width, frame.height
        frame.pts = frame_count
        frame.time_base = 1 / frame_rate
        container.mux(stream.encode(frame))
        frame_count += 1
    if frame_count:
        container.mux(stream.encode())
    return frame_count


def _even_frames(frames: Iterable[Pixels]) -> Iterator[av.VideoFrame]:
    for pixels in frames:
        height, width = pixels.shape[:2]
        even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        yield av.VideoFrame.from_ndarray(even, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.SMPTE170M
        )
