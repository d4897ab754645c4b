"""Frames of videos and folders: number i is the i-th decoded image, however it is reached."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.helpers.sources import ROOT
from tests.helpers.synthetic_video import read_number, write_numbered_clip
from tinysam2.datasets.frames import FolderFrames, VideoFrames, open_frames


@pytest.fixture
def video(tmp_path: Path) -> VideoFrames:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 40, keyint=12)
    frames = open_frames(clip)
    assert isinstance(frames, VideoFrames)
    return frames


def test_frames_in_order_and_after_jumps_have_their_numbers(video: VideoFrames) -> None:
    assert len(video) == 40
    for index in [*range(40), 3, 30, 29, 0, 39, 12, 12, 11]:
        frame = video[index]
        assert frame.dtype == np.uint8
        assert read_number(frame) == index


def test_reading_forward_decodes_each_frame_once(
    video: VideoFrames, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, decoded = video._decode, list[int | None]()

    def counted(at: int | None = None) -> Iterator[av.VideoFrame]:
        for frame in decode(at):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(video, "_decode", counted)
    for index in range(20):
        _ = video[index]
    assert len(decoded) == 20


def test_times_that_do_not_increase_are_read_from_the_start(video: VideoFrames) -> None:
    video._number_of = None
    for index in (5, 6, 20, 2, 39):
        assert read_number(video[index]) == index


def test_variable_frame_times_keep_their_numbers(tmp_path: Path) -> None:
    times = np.cumsum([1, 7, 40, 3, 90, 2, 2, 33, 11, 5]).tolist()
    frames = VideoFrames(write_numbered_clip(tmp_path / "clip.mkv", 10, times=times))
    assert [read_number(frames[i]) for i in (9, 0, 4, 5, 1)] == [9, 0, 4, 5, 1]


def test_folder_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        image = np.full((8, 12, 3), (0, 0, number), np.uint8)  # BGR
        cv2.imwrite(str(tmp_path / f"frame{number}.png"), image)
    (tmp_path / "notes.txt").write_text("none")
    frames = open_frames(str(tmp_path))
    assert isinstance(frames, FolderFrames)
    assert [int(frames[i][0, 0, 0]) for i in range(len(frames))] == [1, 2, 10]


def test_bad_input_is_reported_in_one_sentence(tmp_path: Path, video: VideoFrames) -> None:
    with pytest.raises(ValueError, match="there is no video and no folder at"):
        open_frames(tmp_path / "nothing.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ValueError, match="cannot be opened as a video"):
        open_frames(tmp_path / "text.mp4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="must hold images, found none"):
        open_frames(tmp_path / "empty")
    with pytest.raises(IndexError, match=r"frame must be in 0\.\.39, got 40"):
        _ = video[40]


def test_threads_that_share_a_video_get_the_frames_they_ask_for() -> None:
    video = open_frames(ROOT / "resources" / "sample" / "sample.mp4")
    alone = {index: video[index].copy() for index in range(12)}
    with ThreadPoolExecutor(4) as threads:
        asked = [*range(12), *reversed(range(12))] * 2
        found = threads.map(lambda index: video[index], asked)
        for index, frame in zip(asked, found, strict=True):
            np.testing.assert_array_equal(frame, alone[index])
