"""Moving through the frames: steps, jumps to prompted or kept frames, playback."""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.core import queries
from app.core.document import Document
from app.session import Session
from app.ui.state.view_state import ViewState

LONG_STEP_FRAMES = 10


class Navigator(QObject):
    """Changes the displayed frame.

    Signals:
        message: text for the status bar when there is no frame to jump to.
    """

    message = Signal(str)

    def __init__(self, session: Session, view: ViewState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view

    def go(self, frame: int) -> None:
        """Display a frame; an index outside the video is clamped."""
        self._view.frame = frame

    def step(self, frames: int) -> None:
        """Move by a number of frames."""
        self.go(self._view.frame + frames)

    def go_first(self) -> None:
        """Show the first frame."""
        self.go(0)

    def go_last(self) -> None:
        """Show the last frame."""
        self.go(self._session.num_frames - 1)

    def jump_prompted(self, sign: int) -> None:
        """Go to the next (1) or previous (-1) frame with prompts of the active object."""
        after = self.tr("There is no prompted frame after this one.")
        before = self.tr("There is no prompted frame before this one.")
        self._jump(sign, queries.prompted_frames, after if sign > 0 else before)

    def jump_kept(self, sign: int) -> None:
        """Go to the next (1) or previous (-1) frame that entered the active object's memory."""
        after = self.tr("There is no frame kept in memory after this one.")
        before = self.tr("There is no frame kept in memory before this one.")
        self._jump(sign, queries.stored_frames, after if sign > 0 else before)

    def _jump(
        self, sign: int, frames_of: Callable[[Document, int], list[int]], refusal: str
    ) -> None:
        active = self._view.active_object
        frames = frames_of(self._session.document, active) if active is not None else []
        here = self._view.frame
        found = (
            frames[bisect_right(frames, here) :]
            if sign > 0
            else frames[: bisect_left(frames, here)]
        )
        if found:
            self.go(found[0] if sign > 0 else found[-1])
        else:
            self.message.emit(refusal)


class Player(QObject):
    """Plays at the frame rate of the video and skips frames when drawing is late.

    Signals:
        playing_changed: whether playback is running.
    """

    playing_changed = Signal(bool)

    def __init__(self, session: Session, view: ViewState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = session.source
        self._view = view
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)
        self._start_s = 0.0
        self._shown = 0

    @property
    def is_playing(self) -> bool:
        """Whether playback is running."""
        return self._timer.isActive()

    def toggle(self) -> None:
        """Pause, or play from the displayed frame; from the first if the last is displayed."""
        if self.is_playing:
            self.pause()
            return
        last = len(self._source) - 1
        if self._view.frame >= last:
            self._view.frame = 0
        self._shown = self._view.frame
        self._start_s = time.monotonic() - self._source.timestamp_s(self._shown)
        self._timer.start(max(5, round(500 / self._source.frame_rate)))
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Pause on the displayed frame."""
        if self.is_playing:
            self._timer.stop()
            self.playing_changed.emit(False)

    def _on_tick(self) -> None:
        if self._view.frame != self._shown:  # the user navigated
            self.pause()
            return
        due_s = time.monotonic() - self._start_s
        last = len(self._source) - 1
        frame = self._shown
        while frame < last and self._source.timestamp_s(frame + 1) <= due_s:
            frame += 1
        self._shown = frame
        self._view.frame = frame
        if frame == last:
            self.pause()
