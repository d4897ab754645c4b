"""The program as a user starts it, with the fake tracker."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.storage.home import home_folder
from app.ui.window.main_window import MainWindow
from main import main
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.window import WindowDriver

Start = Callable[[Path, Callable[[WindowDriver], None]], int]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBackend]:
    """The model of the program; projects are forgotten afterwards."""
    fake = FakeBackend()
    monkeypatch.setattr("app.ui.jobs.model_host.load_model", lambda settings: fake)
    yield fake
    shutil.rmtree(home_folder(), ignore_errors=True)


@pytest.fixture
def start(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, backend: FakeBackend) -> Start:
    """Start the program, let a user act once its video is on screen, close the window."""

    def start(argument: Path, act: Callable[[WindowDriver], None]) -> int:
        def when_shown() -> None:
            [window] = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
            user = WindowDriver(qtbot, window)
            try:
                user.wait(lambda: window.action_set["Export…"].isEnabled())
                user.wait_for_frame()
                act(user)
            finally:
                user.close()
                window.deleteLater()

        QTimer.singleShot(0, when_shown)
        monkeypatch.setattr(sys, "argv", ["tinysam2", str(argument)])
        with pytest.raises(SystemExit) as ended:
            raise SystemExit(main())
        return int(ended.value.code or 0)

    return start
