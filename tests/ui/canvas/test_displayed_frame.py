"""Which of the frames that arrive is displayed."""

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from app.media.frames import Pixels
from app.ui.canvas.scene import DisplayedFrame
from app.ui.state.view_state import ViewState


class Loader(QObject):
    """Loads nothing by itself."""

    loaded = Signal(int, object)
    previewed = Signal(int, object)
    failed = Signal(int, str)

    def request(self, frame: int) -> None:
        pass


@pytest.fixture
def state(qtbot: QtBot) -> ViewState:
    return ViewState(10)


def plain(blue: int) -> Pixels:
    return np.full((4, 6, 4), (blue, 0, 0, 255), np.uint8)


def test_a_preview_is_displayed_until_the_exact_frame_and_not_after_it(state: ViewState) -> None:
    loader = Loader()
    displayed = DisplayedFrame(state, loader, loader)  # type: ignore[arg-type]
    state.frame = 3
    loader.previewed.emit(3, plain(50))
    assert displayed.is_current
    assert displayed.image.pixelColor(0, 0).blue() == 50
    loader.loaded.emit(3, plain(60))
    assert displayed.image.pixelColor(0, 0).blue() == 60
    loader.previewed.emit(3, plain(50))
    assert displayed.image.pixelColor(0, 0).blue() == 60


def test_previews_are_displayed_as_they_arrive_while_scrubbing(state: ViewState) -> None:
    loader = Loader()
    displayed = DisplayedFrame(state, loader, loader)  # type: ignore[arg-type]
    loader.loaded.emit(0, plain(10))
    state.frame = 5
    state.frame = 6
    loader.previewed.emit(5, plain(50))
    assert (displayed.frame, displayed.is_current) == (5, False)
    loader.previewed.emit(6, plain(60))
    assert displayed.is_current
    loader.previewed.emit(5, plain(50))
    assert displayed.frame == 6
