import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.core.errors import SourceError
from app.media.cache import DEFAULT_CACHE_BYTES
from app.media.frames import Pixels, SourceFingerprint
from app.media.source import open_source
from app.ui.jobs.frame_loader import (
    PREVIEW_DELAY_MS,
    THUMBNAIL_LONG_SIDE_PX,
    FrameLoader,
    qimage_of,
)
from tests.helpers.synthetic_video import write_numbered_clip

SIZE_HW = (200, 400)
BROKEN_FRAME = 13


class PaintedSource:
    """Frame n is plain (n, 2n, 3n); reads wait while `gate` is closed."""

    path, name, size_hw, frame_rate = Path("painted"), "painted", SIZE_HW, Fraction(25)

    def __init__(self, gate: threading.Event, clones: list["PaintedSource"]) -> None:
        self.gate, self.clones = gate, clones
        self.read: list[int] = []
        self.is_closed = False

    def __len__(self) -> int:
        return 100

    def bgra(self, frame_index: int) -> Pixels:
        self.read.append(frame_index)
        self.gate.wait(5)
        if frame_index == BROKEN_FRAME:
            raise SourceError("Frame 13 cannot be decoded.")
        color = np.array([3 * frame_index, 2 * frame_index, frame_index, 255], dtype=np.uint8)
        return np.broadcast_to(color, (*SIZE_HW, 4)).copy()

    def __getitem__(self, frame_index: int) -> Pixels:
        return self.bgra(frame_index)[..., 2::-1]

    def timestamp_s(self, frame_index: int) -> float:
        return frame_index / 25

    def fingerprint(self) -> SourceFingerprint:
        return SourceFingerprint(100, "", 0, "")

    def clone(self, cache_bytes: int = DEFAULT_CACHE_BYTES) -> "PaintedSource":
        self.clones.append(PaintedSource(self.gate, self.clones))
        return self.clones[-1]

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def source() -> PaintedSource:
    gate = threading.Event()
    gate.set()
    return PaintedSource(gate, [])


@pytest.fixture
def loader(qtbot: QtBot, source: PaintedSource) -> Iterator[FrameLoader]:
    loader = FrameLoader(source)  # type: ignore[arg-type]
    yield loader
    source.gate.set()
    loader.shutdown()
    assert FrameLoader.wait_for_all()


def test_frame_arrives_as_an_image_without_a_copy(qtbot: QtBot, loader: FrameLoader) -> None:
    with qtbot.waitSignal(loader.loaded) as loaded:
        loader.request(7)
    frame, bgra = loaded.args
    image = qimage_of(bgra)
    assert (frame, image.width(), image.height()) == (7, 400, 200)
    assert image.pixelColor(3, 3).getRgb()[:3] == (7, 14, 21)
    bgra[3, 3] = (0, 0, 255, 255)
    assert image.pixelColor(3, 3).getRgb()[:3] == (255, 0, 0)


def test_newest_request_wins(qtbot: QtBot, source: PaintedSource, loader: FrameLoader) -> None:
    shown: list[int] = []
    loader.loaded.connect(lambda frame, _bgra: shown.append(frame))
    source.gate.clear()
    loader.request(0)
    qtbot.waitUntil(lambda: bool(source.clones and source.clones[0].read))
    for frame in range(1, 40):
        loader.request(frame)
    source.gate.set()
    qtbot.waitUntil(lambda: 39 in shown)
    assert shown == [0, 39]


def test_the_source_of_the_session_is_never_read(
    qtbot: QtBot, source: PaintedSource, loader: FrameLoader
) -> None:
    with qtbot.waitSignal(loader.loaded):
        loader.request(1)
    assert source.read == []


def test_thumbnail_is_small_and_cached(
    qtbot: QtBot, source: PaintedSource, loader: FrameLoader
) -> None:
    with qtbot.waitSignal(loader.thumbnail_loaded) as loaded:
        loader.thumbnail(20)
    frame, image = loaded.args
    assert isinstance(image, QImage)
    assert (frame, image.width(), image.height()) == (20, THUMBNAIL_LONG_SIDE_PX, 80)
    assert image.pixelColor(5, 5).getRgb()[:3] == (20, 40, 60)
    with qtbot.waitSignal(loader.thumbnail_loaded, timeout=100):
        loader.thumbnail(20)
    assert [clone.read for clone in source.clones] == [[20]]


def test_an_unreadable_frame_is_reported(qtbot: QtBot, loader: FrameLoader) -> None:
    with qtbot.waitSignal(loader.failed) as failed:
        loader.request(BROKEN_FRAME)
    assert failed.args == [BROKEN_FRAME, "Frame 13 cannot be decoded."]
    with qtbot.waitSignal(loader.loaded):
        loader.request(14)


def test_shutdown_closes_the_clones(
    qtbot: QtBot, source: PaintedSource, loader: FrameLoader
) -> None:
    with qtbot.waitSignal(loader.loaded):
        loader.request(1)
    loader.shutdown()
    assert FrameLoader.wait_for_all()
    assert [clone.is_closed for clone in source.clones] == [True]
    assert not source.is_closed


class PaintedProxy:
    """Frame n is plain (0, 0, n); there is no image of odd frames."""

    def bgra(self, frame_index: int) -> Pixels | None:
        color = np.array([frame_index, 0, 0, 255], dtype=np.uint8)
        return None if frame_index % 2 else np.broadcast_to(color, (*SIZE_HW, 4)).copy()


@pytest.fixture
def previewing(qtbot: QtBot, source: PaintedSource) -> Iterator[FrameLoader]:
    loader = FrameLoader(source, None, PaintedProxy())  # type: ignore[arg-type]
    yield loader
    source.gate.set()
    loader.shutdown()
    assert FrameLoader.wait_for_all()


def test_a_slow_frame_is_previewed_until_it_is_loaded(
    qtbot: QtBot, source: PaintedSource, previewing: FrameLoader
) -> None:
    source.gate.clear()
    with qtbot.waitSignal(previewing.previewed) as previewed:
        previewing.request(8)
    assert (previewed.args[0], previewed.args[1][0, 0, 0]) == (8, 8)
    with qtbot.waitSignal(previewing.loaded) as loaded:
        source.gate.set()
    assert (loaded.args[0], loaded.args[1][0, 0, 0]) == (8, 24)


def test_previews_follow_the_frame_that_was_asked_for_last(
    qtbot: QtBot, source: PaintedSource, previewing: FrameLoader
) -> None:
    shown: list[int] = []
    previewing.previewed.connect(lambda frame, _bgra: shown.append(frame))
    source.gate.clear()
    for frame in range(0, 42, 2):
        previewing.request(frame)
        qtbot.wait(10)
    qtbot.waitUntil(lambda: 40 in shown)
    assert shown == sorted(shown)
    assert len(shown) > 1


def test_a_frame_that_is_there_is_not_previewed(qtbot: QtBot, previewing: FrameLoader) -> None:
    with qtbot.waitSignal(previewing.loaded):
        previewing.request(2)
    with qtbot.assertNotEmitted(previewing.previewed, wait=2 * PREVIEW_DELAY_MS):
        pass


def test_thumbnails_come_from_small_images_where_there_are_some(
    qtbot: QtBot, source: PaintedSource, previewing: FrameLoader
) -> None:
    for frame, blue in ((20, 20), (21, 63)):
        with qtbot.waitSignal(previewing.thumbnail_loaded) as loaded:
            previewing.thumbnail(frame)
        assert loaded.args[1].pixelColor(5, 5).blue() == blue
    assert [clone.read for clone in source.clones] == [[21]]


def test_shutdown_does_not_wait_for_the_frame_that_is_decoded(
    qtbot: QtBot, source: PaintedSource, loader: FrameLoader
) -> None:
    source.gate.clear()
    loader.request(1)
    qtbot.waitUntil(lambda: any(clone.read for clone in source.clones))
    loader.shutdown()
    assert not FrameLoader.wait_for_all(timeout_ms=1)
    with qtbot.assertNotEmitted(loader.loaded, wait=50):
        source.gate.set()
    assert FrameLoader.wait_for_all()


def test_a_video_that_was_away_is_displayed_again(qtbot: QtBot, tmp_path: Path) -> None:
    video = write_numbered_clip(tmp_path / "clip.mp4", 10)
    with open_source(video) as source:
        loader = FrameLoader(source)
        with qtbot.waitSignal(loader.loaded):
            loader.request(1)
        away = video.rename(tmp_path / "away.mp4")
        loader.use_cache(1 << 20)
        with qtbot.waitSignal(loader.failed) as failed:
            loader.request(2)
        away.rename(video)
        with qtbot.waitSignal(loader.loaded):
            loader.request(2)
        loader.shutdown()
        assert FrameLoader.wait_for_all()
    hint = "Check the name, or whether it was moved."
    assert failed.args == [2, f"{video} does not exist. {hint}"]
