"""A frame that takes long to decode is previewed, once the video was checked."""

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.media.frames import Pixels
from app.media.video import VideoSource
from tests.helpers.synthetic_video import read_number, write_numbered_clip
from tests.helpers.window import open_window

pytestmark = pytest.mark.gui


def test_a_seek_shows_a_preview_of_the_very_frame_until_it_is_decoded(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 30, size_hw=(720, 1280))
    is_free, decode = threading.Event(), VideoSource.bgra
    is_free.set()

    def slow(self: VideoSource, frame_index: int) -> Pixels:
        is_free.wait(10)
        return decode(self, frame_index)

    monkeypatch.setattr(VideoSource, "bgra", slow)
    with open_window(qtbot, clip) as user:
        displayed, proxy = user.workspace.canvas._displayed, user.workspace.session.proxy
        assert proxy is not None
        user.wait(lambda: proxy.bgra(29) is not None)
        is_free.clear()
        user.workspace.view.frame = 23
        user.wait(lambda: displayed.is_current)
        preview = displayed.image.copy()
        assert read_number(displayed._bgra) == 23
        with qtbot.waitSignal(user.workspace.loader.loaded):
            is_free.set()
        assert displayed.image != preview
        assert read_number(displayed._bgra) == 23
    assert proxy.bgra(23) is None  # closed with the session
