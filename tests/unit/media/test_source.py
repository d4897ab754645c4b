from pathlib import Path

import pytest

from app.core.errors import SourceError
from app.media.source import open_source
from tests.helpers.synthetic_video import remux


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
