"""Uses the window as a person would while a job runs."""

import random
from collections.abc import Callable, Iterator
from itertools import cycle

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from app.ui.canvas.view import CanvasView
from app.ui.window.main_window import MainWindow

INTERVAL_MS = 100
SCRUBS = 4
"""Frames visited between two other actions."""

PRESS, RELEASE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease


class WindowUse(QObject):
    """Visits frames, clicks the canvas and opens panels in turn, one action per `INTERVAL_MS`.

    Args:
        window: the window, with a session open; owner.
        random_: chooses the frames.
    """

    def __init__(self, window: MainWindow, random_: random.Random) -> None:
        super().__init__(window)
        self._window = window
        self._random = random_
        self._actions = cycle(self._turn())
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(lambda: next(self._actions)())

    def start(self) -> None:
        """Begin."""
        self._timer.start()

    def stop(self) -> None:
        """End; what was asked for may still be at work."""
        self._timer.stop()

    def _turn(self) -> Iterator[Callable[[], object]]:
        workspace, docks = self._window.workspace, self._window.panels.docks
        frames = range(workspace.session.num_frames)
        for act in (
            lambda: click_center(workspace.canvas, workspace.session.size_hw),
            docks["Review"].raise_,
            workspace.reviewing.visit_next,
            docks["Memory"].raise_,
        ):
            for _ in range(SCRUBS):
                yield lambda: workspace.navigator.go(self._random.choice(frames))
            yield act


def click_center(canvas: CanvasView, size_hw: tuple[int, int]) -> None:
    """Press and release the left mouse button at the center of the frame."""
    height, width = size_hw
    at = QPointF(*canvas.viewport.to_widget(width / 2, height / 2))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, held in ((PRESS, left), (RELEASE, none)):
        position = QPointF(canvas.mapToGlobal(at))
        event = QMouseEvent(kind, at, position, left, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, event)
