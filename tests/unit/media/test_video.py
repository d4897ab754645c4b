import random
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from app.core.errors import SourceError
from app.media.frames import FrameSource
from app.media.source import open_source
from app.media.video import VideoSource
from tests.helpers.synthetic_video import (
    SIZE_HW,
    decoded_numbers,
    read_number,
    remux,
    write_numbered_clip,
)

VideoMaker = Callable[[Path, Path], Path]


def jittered_times(frame_count: int) -> list[int]:
    gaps = np.random.default_rng(3).integers(4, 90, frame_count)
    return [int(time) for time in np.cumsum(gaps)]


def make_one_gop(plain: Path, folder: Path) -> Path:
    return write_numbered_clip(folder / "one_gop.mp4", 60)


def make_variable_rate(plain: Path, folder: Path) -> Path:
    return write_numbered_clip(folder / "variable.mp4", 60, jittered_times(60), keyint=20)


def make_cut(plain: Path, folder: Path) -> Path:
    return remux(plain, folder / "cut.mp4", before=["-ss", "1.5"])


def make_matroska(plain: Path, folder: Path) -> Path:
    return remux(plain, folder / "video.mkv")


def make_transport_stream(plain: Path, folder: Path) -> Path:
    return remux(plain, folder / "video.ts")


def make_stream_cut_mid_gop(plain: Path, folder: Path) -> Path:
    stream = remux(plain, folder / "whole.ts").read_bytes()
    packet_bytes = 188
    path = folder / "cut.ts"
    path.write_bytes(stream[len(stream) // packet_bytes // 3 * packet_bytes :])
    return path


def make_bare_stream(plain: Path, folder: Path) -> Path:
    return remux(plain, folder / "video.h264")


def make_hevc(plain: Path, folder: Path) -> Path:
    return write_numbered_clip(folder / "hevc.mp4", 60, codec="libx265", keyint=20)


def make_vp9(plain: Path, folder: Path) -> Path:
    return write_numbered_clip(folder / "video.webm", 40, codec="libvpx-vp9", bframes=0)


@pytest.fixture(
    params=[
        make_one_gop,
        make_variable_rate,
        make_cut,
        make_matroska,
        make_transport_stream,
        make_stream_cut_mid_gop,
        make_bare_stream,
        make_hevc,
        make_vp9,
    ],
    ids=lambda maker: maker.__name__.removeprefix("make_"),
)
def video(request: pytest.FixtureRequest, plain_video: Path, tmp_path: Path) -> Path:
    maker: VideoMaker = request.param
    return maker(plain_video, tmp_path)


def sequential_pixels(path: Path) -> list[np.ndarray]:
    with av.open(path) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_any_order_of_reading_equals_sequential_decoding(video: Path) -> None:
    expected = sequential_pixels(video)
    order = list(range(len(expected))) * 2
    random.shuffle(order)

    with VideoSource(video, cache_bytes=200_000) as source:
        assert len(source) == len(expected)
        for frame_index in order:
            np.testing.assert_array_equal(source[frame_index], expected[frame_index])


def test_frames_show_their_own_numbers(plain_video: Path) -> None:
    with open_source(plain_video) as source:
        assert [read_number(source[i]) for i in range(len(source))] == list(range(100))
        assert source.size_hw == SIZE_HW
        assert source.frame_rate == Fraction(25)
        assert source.name == "plain"


def test_a_cut_video_begins_where_players_begin(plain_video: Path, tmp_path: Path) -> None:
    cut = make_cut(plain_video, tmp_path)
    with open_source(cut) as source:
        numbers = [read_number(source[i]) for i in range(len(source))]
        assert source.timestamp_s(0) == pytest.approx(0.0, abs=0.001)
    assert numbers == decoded_numbers(cut)
    assert numbers[0] > 30


def test_times_of_a_variable_rate_video_are_its_own(plain_video: Path, tmp_path: Path) -> None:
    times_ms = jittered_times(60)
    with open_source(make_variable_rate(plain_video, tmp_path)) as source:
        measured = [source.timestamp_s(i) for i in range(len(source))]
    starts = [(time - times_ms[0]) / 1000 for time in times_ms]
    assert [time - measured[0] for time in measured] == pytest.approx(starts, abs=0.001)


def test_stepping_back_after_a_jump_needs_no_decoding(plain_video: Path) -> None:
    with VideoSource(plain_video) as source:
        assert read_number(source[70]) == 70
        source._cursor.close()
        assert [read_number(source[i]) for i in (69, 68, 67)] == [69, 68, 67]


def test_the_cache_stays_below_its_ceiling(plain_video: Path) -> None:
    with VideoSource(plain_video, cache_bytes=100_000) as source:
        for frame_index in range(100):
            source.bgra(frame_index)
            assert source._cache.held_bytes <= 100_000


def test_display_pixels_are_the_model_pixels(plain_video: Path) -> None:
    with open_source(plain_video) as source:
        bgra, rgb = source.bgra(7), source[7]
    assert bgra.flags.c_contiguous
    assert rgb.flags.c_contiguous
    np.testing.assert_array_equal(bgra[..., 2::-1], rgb)
    assert (bgra[..., 3] == 255).all()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotated_video_is_shown_upright(plain_video: Path, tmp_path: Path, degrees: int) -> None:
    turned = remux(plain_video, tmp_path / "turned.mp4", before=["-display_rotation", str(degrees)])
    with open_source(turned) as source, open_source(plain_video) as upright:
        height, width = SIZE_HW
        assert source.size_hw == ((height, width) if degrees == 180 else (width, height))
        assert source.bgra(50).flags.c_contiguous
        np.testing.assert_array_equal(source[50], np.rot90(upright[50], degrees // 90))


def test_frame_numbers_outside_the_video_are_refused(plain_video: Path) -> None:
    with open_source(plain_video) as source:
        for frame_index in (-1, 100):
            with pytest.raises(IndexError, match=rf"\[0, 100\), got {frame_index}"):
                source[frame_index]
        assert len(list(source)) == 100


def test_the_fingerprint_tells_videos_apart(plain_video: Path, tmp_path: Path) -> None:
    with open_source(plain_video) as first, open_source(plain_video) as again:
        assert first.fingerprint() == again.fingerprint()
        assert first.fingerprint().frame_count == 100
        assert first.fingerprint().byte_size == plain_video.stat().st_size
        with open_source(make_variable_rate(plain_video, tmp_path)) as other:
            assert other.fingerprint().index_sha256 != first.fingerprint().index_sha256


def test_a_closed_video_says_so(plain_video: Path) -> None:
    source = open_source(plain_video)
    clone = source.clone()
    source.close()
    with pytest.raises(SourceError, match=r"plain\.mp4 is closed"):
        source[0]
    with clone:
        assert read_number(clone[42]) == 42


def test_threads_may_share_a_video_or_its_clones(plain_video: Path) -> None:
    wrong: list[tuple[int, int]] = []

    def read_all(source: FrameSource, seed: int) -> None:
        order = list(range(100))
        random.Random(seed).shuffle(order)
        for frame_index in order:
            number = read_number(source.bgra(frame_index))
            if number != frame_index:
                wrong.append((frame_index, number))

    with VideoSource(plain_video, cache_bytes=300_000) as source, source.clone() as clone:
        readers = [
            threading.Thread(target=read_all, args=(handle, seed))
            for seed, handle in enumerate([source, source, clone])
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    assert wrong == []


def test_real_clips_seek_exactly(shared_data: Path) -> None:
    clip = shared_data / "clips" / "dog.mp4"
    wanted = sorted(random.sample(range(120), 6), reverse=True)
    with av.open(clip) as container:
        frames = zip(range(120), container.decode(video=0), strict=False)
        expected = {i: f.to_ndarray(format="rgb24") for i, f in frames if i in wanted}
    with VideoSource(clip, cache_bytes=0) as source:
        for frame_index in wanted:
            np.testing.assert_array_equal(source[frame_index], expected[frame_index])
