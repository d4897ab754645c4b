from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from app.core.errors import SourceError
from app.media.source import open_source
from tests.helpers.synthetic_video import read_number, remux, write_numbered_clip


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"lost\.mp4 does not exist"):
        open_source(tmp_path / "lost.mp4")


@pytest.mark.parametrize("content", [b"these are words, not images\n" * 50, b""])
def test_a_file_that_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "words.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"words\.mp4 cannot be opened as a video: Invalid data"):
        open_source(path)


def test_a_download_that_stopped_before_the_index_is_refused(
    plain_video: Path, tmp_path: Path
) -> None:
    path = tmp_path / "half.mp4"
    path.write_bytes(plain_video.read_bytes()[:4000])
    with pytest.raises(SourceError, match=r"half\.mp4 cannot be opened as a video"):
        open_source(path)


@pytest.mark.parametrize("suffix", ["avi", "mp4"])
def test_a_video_without_frames_is_refused(plain_video: Path, tmp_path: Path, suffix: str) -> None:
    path = remux(plain_video, tmp_path / f"none.{suffix}", after=["-frames:v", "0"])
    with pytest.raises(SourceError, match=rf"none\.{suffix} holds no (frames|video)"):
        open_source(path)


def test_a_video_whose_frames_are_all_damaged_is_refused(plain_video: Path, tmp_path: Path) -> None:
    content = bytearray(plain_video.read_bytes())
    start = content.index(b"mdat") + 4
    end = content.index(b"moov", start) - 4
    content[start:end] = b"\xff" * (end - start)
    path = tmp_path / "noise.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"No frame of .*noise\.mp4 can be decoded"):
        open_source(path)


def test_errors_tell_what_to_do_next(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(tmp_path)
    assert "holds no images" in caught.value.sentence
    assert "00000.jpg" in caught.value.hint


def make_images(folder: Path) -> Path:
    images = folder / "frames"
    images.mkdir()
    Image.new("RGB", (8, 6)).save(images / "00000.png")
    return images


@pytest.mark.parametrize(
    "make", [make_images, lambda folder: write_numbered_clip(folder / "a.mp4", 4)]
)
def test_a_source_that_is_away_cannot_be_cloned_until_it_is_back(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path)
    with open_source(path) as source:
        away = path.rename(tmp_path / "away")
        with pytest.raises(SourceError, match=rf"{path.name}.* does not exist"):
            source.clone()
        away.rename(path)
        with source.clone() as clone:
            assert clone[0].shape == (*source.size_hw, 3)


def test_a_reader_that_cannot_start_over_can_later(plain_video: Path, tmp_path: Path) -> None:
    path = remux(plain_video, tmp_path / "video.h264")  # read from its start only
    with open_source(path) as opened, opened.clone(cache_bytes=0) as source:
        source[20]
        away = path.rename(tmp_path / "away")
        with pytest.raises(SourceError, match=r"video\.h264 cannot be opened"):
            source[0]
        away.rename(path)
        assert [read_number(source[frame]) for frame in (21, 0)] == [21, 0]
