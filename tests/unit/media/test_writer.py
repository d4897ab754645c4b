from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from app.core.cancel import Cancelled
from app.core.errors import ExportError
from app.media.frames import Pixels
from app.media.source import open_source
from app.media.writer import H264, PRORES_4444, VP9_ALPHA, VideoEncoding, video_writer
from tests.helpers.synthetic_video import numbered_frame, read_number

NTSC = Fraction(30000, 1001)


def write_video(
    path: Path, frames: Iterable[Pixels], rate: Fraction, encoding: VideoEncoding = H264
) -> None:
    with video_writer(path, rate, encoding) as add:
        for frame in frames:
            add(frame)


def test_a_written_video_reads_back_frame_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    write_video(path, (numbered_frame(n) for n in range(20)), NTSC)

    with open_source(path) as source:
        assert [read_number(frame) for frame in source] == list(range(20))
        assert source.frame_rate == NTSC
        assert source.timestamp_s(10) == pytest.approx(10 / NTSC, abs=1e-4)


def test_colors_survive(tmp_path: Path) -> None:
    color = (200, 40, 90)
    frame = np.full((64, 96, 3), color, dtype=np.uint8)
    write_video(tmp_path / "video.mp4", [frame] * 3, Fraction(25))
    with open_source(tmp_path / "video.mp4") as source:
        np.testing.assert_allclose(source[1].mean(axis=(0, 1)), color, atol=3)


def test_odd_sizes_are_widened_by_one(tmp_path: Path) -> None:
    frame = numbered_frame(5)[:63, :95]
    write_video(tmp_path / "odd.mp4", [frame] * 3, Fraction(24))
    with open_source(tmp_path / "odd.mp4") as source:
        assert source.size_hw == (64, 96)
        assert np.abs(source[0][:63, :95].astype(int) - frame).mean() < 4


def test_nothing_is_left_when_writing_is_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(b"an earlier video")

    def frames() -> Iterator[Pixels]:
        yield numbered_frame(0)
        raise Cancelled

    with pytest.raises(Cancelled):
        write_video(path, frames(), Fraction(25))
    assert [file.name for file in tmp_path.iterdir()] == ["video.mp4"]
    assert path.read_bytes() == b"an earlier video"


def test_no_frames_make_no_video(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no frames to write"):
        write_video(tmp_path / "video.mp4", [], Fraction(25))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"video\.mp4 cannot be written: No such file"):
        write_video(tmp_path / "absent" / "video.mp4", [numbered_frame(0)], Fraction(25))


@pytest.mark.parametrize(
    ("encoding", "name", "decoder", "tolerance"),
    [(VP9_ALPHA, "a.webm", "libvpx-vp9", 12), (PRORES_4444, "a.mov", None, 3)],
)
def test_the_alpha_channel_survives(
    tmp_path: Path, encoding: VideoEncoding, name: str, decoder: str | None, tolerance: int
) -> None:
    frame = np.zeros((64, 96, 4), dtype=np.uint8)
    frame[..., :3] = (200, 40, 90)
    frame[16:48, 32:64, 3] = 255
    write_video(tmp_path / name, [frame] * 3, Fraction(25), encoding)
    with av.open(tmp_path / name) as file:
        stream = file.streams.video[0]
        context = av.CodecContext.create(decoder, "r") if decoder else stream.codec_context
        packets = [packet for packet in file.demux(stream) if packet.size]
        frames = [found for packet in packets for found in context.decode(packet)]
        frames += context.decode(None)
        read = [found.to_ndarray(format="rgba") for found in frames]
    assert len(read) == 3
    np.testing.assert_allclose(read[1][8:16, 8:16, 3], 0, atol=tolerance)
    np.testing.assert_allclose(read[1][24:40, 40:56, 3], 255, atol=tolerance)
    np.testing.assert_allclose(read[1][24:40, 40:56, :3].mean((0, 1)), (200, 40, 90), atol=6)
