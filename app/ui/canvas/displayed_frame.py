"""The frame that is on screen: which one, its pixels, and what to say while there is none."""

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from app.media.frames import Pixels
from app.ui.jobs.frame_loader import FrameLoader, qimage_of
from app.ui.state.view_state import ViewState

LOADING_MESSAGE_DELAY_MS = 300


class DisplayedFrame(QObject):
    """Follow the frame of the view state.

    While scrubbing, frames on the way are shown as they come; ``frame`` says which one is.

    Attributes:
        frame: the frame that is on screen, None when there is none.
        image: its picture; null when there is none.
        message: what to write over it, often empty.

    Signals:
        changed: any attribute changed.
    """

    changed = Signal()

    def __init__(self, state: ViewState, loader: FrameLoader, parent: QObject) -> None:
        super().__init__(parent)
        self.frame: int | None = None
        self.image = QImage()
        self.message = ""
        self._bgra: Pixels = np.empty((0, 0, 4), dtype=np.uint8)
        self._state = state
        self._loader = loader
        self._late = QTimer(self, singleShot=True, interval=LOADING_MESSAGE_DELAY_MS)
        self._late.timeout.connect(self._on_late)
        loader.loaded.connect(self._on_loaded)
        loader.failed.connect(self._on_failed)
        state.frame_changed.connect(self._on_frame_changed)
        self._on_frame_changed(state.frame)

    @property
    def is_current(self) -> bool:
        """Whether the frame on screen is the one that was asked for."""
        return self.frame == self._state.frame

    def _on_frame_changed(self, frame: int) -> None:
        if not self._late.isActive():
            self._late.start()
        self._loader.request(frame)

    def _on_loaded(self, frame: int, bgra: Pixels) -> None:
        image = qimage_of(bgra)
        # The old image points into the old pixels, so it goes first.
        self.image, self._bgra, self.frame = image, bgra, frame
        self._arrived(frame, "")

    def _on_failed(self, frame: int, sentence: str) -> None:
        if frame == self._state.frame:
            self.image, self.frame = QImage(), None
            self._arrived(frame, sentence)

    def _arrived(self, frame: int, message: str) -> None:
        if frame == self._state.frame:
            self._late.stop()
            self.message = message
        self.changed.emit()

    def _on_late(self) -> None:
        self.message = f"Loading frame {self._state.frame} ..."
        self.changed.emit()
