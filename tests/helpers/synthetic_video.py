"""Small videos whose every frame carries its own number as a pattern of blocks."""

import subprocess
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

SIZE_HW = (64, 96)
CELL_PX = 16
CELLS = [(row, column) for row in range(2) for column in range(6)]
MOVING_STEP_PX = 5


def numbered_frame(number: int, size_hw: tuple[int, int] = SIZE_HW) -> NDArray[np.uint8]:
    """Draw a frame, (H, W, 3) RGB, that `read_number` can tell after lossy coding."""
    height, width = size_hw
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    frame = np.empty((height, width, 3), dtype=np.uint8)
    frame[:] = np.roll(ramp, number * MOVING_STEP_PX)[None, :, None]
    for bit, (row, column) in enumerate(CELLS):
        top, left = row * CELL_PX, column * CELL_PX
        frame[top : top + CELL_PX, left : left + CELL_PX] = 230 * (number >> bit & 1)
    return frame


def read_number(frame: NDArray[np.uint8]) -> int:
    """Return the number that a decoded frame, (H, W, 3 or 4), shows."""
    center = CELL_PX // 2
    return sum(
        int(frame[row * CELL_PX + center, column * CELL_PX + center, :3].mean() > 115) << bit
        for bit, (row, column) in enumerate(CELLS)
    )


def write_numbered_clip(
    path: Path,
    frame_count: int,
    times: Iterable[int] | None = None,
    codec: str = "libx264",
    keyint: int = 250,
    bframes: int = 3,
    size_hw: tuple[int, int] = SIZE_HW,
) -> Path:
    """Write a video of frames numbered from 0.

    Args:
        path: the video; its suffix chooses the container.
        frame_count: number of frames.
        times: when each frame is shown, in 1/1000 s and increasing; 25 per second if None.
        codec: an encoder of FFmpeg.
        keyint: greatest distance between key frames.
        bframes: greatest number of B-frames in a row.
        size_hw: height and width, both even, at least 32 x 96.

    Returns:
        ``path``.
    """
    times = range(0, frame_count * 40, 40) if times is None else times
    options = {"x264-params": "scenecut=0"} if codec == "libx264" else {}
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = size_hw
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size = keyint
        stream.codec_context.max_b_frames = bframes
        for number, time in zip(range(frame_count), times, strict=True):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number, size_hw), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def remux(
    source: Path, target: Path, before: Iterable[str] = (), after: Iterable[str] = ()
) -> Path:
    """Copy a video's packets into another file without coding them again.

    Args:
        source: the video to copy.
        target: the file to write; its suffix chooses the container.
        before: FFmpeg options for the input.
        after: FFmpeg options for the output.

    Returns:
        ``target``.
    """
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-v", "error", "-y", *before, "-i", source, "-c", "copy", *after, target]
    subprocess.run(command, check=True)
    return target


def decoded_numbers(path: Path) -> list[int]:
    """Read the numbers of a video's frames by plain decoding from start to end."""
    with av.open(path) as container:
        return [
            read_number(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]
