"""Small images show the very frame they are asked for, or there is none."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.core.cancel import CancelToken
from app.jobs.verify import verify_job
from app.media.proxy import SUFFIX, FrameProxy, limit_folder, proxy_of
from app.media.source import open_source
from app.media.video import VideoSource
from tests.helpers.synthetic_video import read_number, write_numbered_clip

FRAMES = 24
SIZE_HW = (720, 1280)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    times = [40 * n + n % 3 for n in range(FRAMES)]
    return write_numbered_clip(path, FRAMES, times, size_hw=SIZE_HW)


@pytest.fixture
def video(clip: Path) -> Iterator[VideoSource]:
    with VideoSource(clip) as source:
        yield source


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FrameProxy]]:
    """Close every proxy that a test makes."""
    found: list[FrameProxy] = []
    start = FrameProxy.__init__

    def start_and_keep(self: FrameProxy, *args: Any, **more: int) -> None:  # noqa: ANN401
        start(self, *args, **more)
        found.append(self)

    monkeypatch.setattr(FrameProxy, "__init__", start_and_keep)
    yield found
    for proxy in found:
        proxy.close()


def filled(video: VideoSource, folder: Path, **limits: int) -> FrameProxy:
    proxy = FrameProxy(video, folder, **limits)
    for _ in verify_job(video, proxy)(CancelToken()):
        pass
    return proxy


def numbers(proxy: FrameProxy) -> list[int | None]:
    images = [proxy.bgra(frame) for frame in range(FRAMES)]
    return [None if image is None else read_number(image) for image in images]


def test_the_check_of_a_video_stores_an_image_of_every_frame(
    video: VideoSource, tmp_path: Path
) -> None:
    proxy = filled(video, tmp_path)
    assert numbers(proxy) == list(range(FRAMES))
    image, exact = proxy.bgra(7), video.bgra(7)
    assert image is not None
    assert image.shape == exact.shape
    assert image.flags.c_contiguous
    assert np.all(image[..., 3] == 255)
    assert np.abs(image.astype(int) - exact).mean() < 8


def test_images_are_found_again(video: VideoSource, tmp_path: Path) -> None:
    filled(video, tmp_path).close()
    [file] = tmp_path.iterdir()
    size = file.stat().st_size
    again = filled(video, tmp_path)
    assert numbers(again) == list(range(FRAMES))
    assert file.stat().st_size == size


def test_images_follow_a_renumbering(video: VideoSource, tmp_path: Path) -> None:
    proxy = filled(video, tmp_path)
    video.adopt(replace(video.index, pts=video.index.pts[5:]))
    shown = [proxy.bgra(frame) for frame in range(len(video))]
    assert [read_number(image) for image in shown if image is not None] == list(range(5, FRAMES))


def test_an_unfinished_image_is_cut_off(video: VideoSource, tmp_path: Path) -> None:
    filled(video, tmp_path).close()
    [file] = tmp_path.iterdir()
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 5)
    cut = FrameProxy(video, tmp_path)
    assert numbers(cut) == [*range(FRAMES - 1), None]
    cut.close()
    assert numbers(filled(video, tmp_path)) == list(range(FRAMES))


def test_another_file_of_that_name_is_replaced(video: VideoSource, tmp_path: Path) -> None:
    filled(video, tmp_path).close()
    [file] = tmp_path.iterdir()
    file.write_bytes(os.urandom(5000))
    assert numbers(FrameProxy(video, tmp_path)) == [None] * FRAMES
    assert numbers(filled(video, tmp_path)) == list(range(FRAMES))


def test_a_damaged_image_is_none(video: VideoSource, tmp_path: Path) -> None:
    proxy = filled(video, tmp_path)
    [file] = tmp_path.iterdir()
    with file.open("r+b") as opened:
        opened.seek(20)
        opened.write(bytes(40))
    assert proxy.bgra(0) is None
    assert proxy.bgra(1) is not None


def test_a_full_file_has_the_first_frames_only(video: VideoSource, tmp_path: Path) -> None:
    found = numbers(filled(video, tmp_path, max_file_bytes=40_000))
    stored = found.index(None)
    assert 0 < stored < FRAMES
    assert found == [*range(stored), *[None] * (FRAMES - stored)]


def test_a_folder_that_cannot_be_written_costs_the_images_only(
    video: VideoSource, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    assert numbers(filled(video, tmp_path / "taken")) == [None] * FRAMES


def test_files_that_were_not_used_for_longest_are_deleted(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}{SUFFIX}" for name in "abcd"]
    for age, file in enumerate(files):
        file.write_bytes(bytes(100))
        os.utime(file, (age, age))
    limit_folder(tmp_path, 250, files[0])
    assert [file.exists() for file in files] == [True, False, False, True]


@pytest.mark.parametrize(("size_hw", "keyint"), [((360, 640), 250), (SIZE_HW, 1)])
def test_videos_that_seek_fast_have_no_images(
    tmp_path: Path, size_hw: tuple[int, int], keyint: int
) -> None:
    path = write_numbered_clip(tmp_path / "a.mp4", FRAMES, keyint=keyint, size_hw=size_hw)
    with open_source(path) as source:
        assert proxy_of(source, tmp_path) is None


def test_a_large_video_has_images(video: VideoSource, tmp_path: Path) -> None:
    proxy = proxy_of(video, tmp_path / "cache")
    assert proxy is not None
    assert proxy.bgra(0) is None
