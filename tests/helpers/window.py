"""The real window with the fake tracker, driven as a user would."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core import edits
from app.core.document import Document, Table
from app.core.history import History
from app.storage.home import home_folder
from app.tracking.backend import BackendLoader
from app.ui.window.main_window import MainWindow
from app.ui.window.shortcuts import ShortcutGuard
from app.ui.window.workspace import Workspace
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.synthetic_video import write_numbered_clip

WAIT_MS = 10_000


class WindowDriver:
    """Does what a user does and waits for what a user would wait for."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot = qtbot
        self.window = window

    @property
    def workspace(self) -> Workspace:
        return self.window.workspace

    @property
    def document(self) -> Document:
        return self.workspace.session.document

    @property
    def history(self) -> History:
        return self.workspace.session.history

    def rename(self, object_id: int, name: str) -> None:
        self.history.execute(edits.update_object(self.document, object_id, name=name))

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=WAIT_MS)

    def open(self, path: Path) -> None:
        opener = self.window.opener
        with self.qtbot.waitSignal(opener.opened, timeout=WAIT_MS) as opened:
            self.window.open_path(path)
        self.wait(lambda: self.workspace.session is opened.args[0])  # the other one is saved first
        self.wait_for_frame()

    def close(self) -> None:
        """Close the window, if it is open, and wait until it is closed."""
        if self.window.isVisible():
            with self.qtbot.waitSignal(self.window.closed, timeout=WAIT_MS):
                self.window.close()

    def wait_for_frame(self) -> None:
        """Wait until the frame is on screen, so that clicks count."""
        wanted = self.workspace.view.frame
        loader = self.workspace.loader
        with self.qtbot.waitSignal(
            loader.loaded, timeout=WAIT_MS, check_params_cb=lambda frame, _: frame == wanted
        ):
            loader.request(wanted)

    def go(self, frame: int) -> None:
        """Show a frame and wait until it is on screen."""
        self.workspace.navigator.go(frame)
        self.wait_for_frame()

    def do(self, text: str) -> None:
        """Choose an action from the menus."""
        action = self.window.action_set[text]
        assert action.isEnabled(), f"{text} is disabled"
        action.trigger()

    def press(self, keys: str) -> None:
        """Press keys in the widget that has the focus."""
        combination = QKeySequence(keys)[0]
        target = self.window.focusWidget() or self.window
        QTest.keyClick(target, combination.key(), combination.keyboardModifiers())

    def click(self, x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Click a pixel of the frame."""
        canvas = self.workspace.canvas
        at = canvas.viewport.to_widget(x, y)
        self.qtbot.mouseClick(canvas, button, pos=QPoint(round(at[0]), round(at[1])))

    def click_and_wait(self, x: float, y: float) -> None:
        self.click(x, y)
        self.wait(lambda: self.workspace.controller.active_mask is not None)

    def mask_frames(self, object_id: int = 1) -> list[int]:
        return sorted(self.document.of_object(Table.MASKS, object_id))

    def wait_until_idle(self) -> None:
        self.wait(lambda: not self.window.model_jobs.running and not self.window.file_jobs.running)


@contextmanager
def open_window(
    qtbot: QtBot,
    path: Path | None = None,
    backend: FakeBackend | None = None,
    load: BackendLoader | None = None,
) -> Iterator[WindowDriver]:
    """Open a window, forget its settings and projects afterwards."""
    application = QApplication.instance()
    assert application is not None
    guard = ShortcutGuard()
    application.installEventFilter(guard)
    make = load or (lambda: backend or FakeBackend())
    window = MainWindow(load_backend=lambda settings: make())
    driver = WindowDriver(qtbot, window)
    try:
        window.show()
        qtbot.waitExposed(window)
        if path is not None:
            driver.open(path)
        yield driver
    finally:
        driver.close()
        window.deleteLater()
        application.removeEventFilter(guard)
        shutil.rmtree(home_folder(), ignore_errors=True)


def small_clip(folder: Path, frames: int = 30) -> Path:
    return write_numbered_clip(folder / "clip.mp4", frames)
