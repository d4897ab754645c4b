"""The frame on screen: its index, its image, and the message while there is none."""

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from app.media.frames import Pixels
from app.ui.jobs.frame_loader import FrameLoader, qimage_of
from app.ui.state.view_state import ViewState

LOADING_MESSAGE_DELAY_MS = 300
"""Milliseconds after which a frame that is still being decoded is announced."""


class DisplayedFrame(QObject):
    """Loads the frame that the view state selects.

    While scrubbing, intermediate frames are displayed as they arrive, so ``frame`` may lag
    behind `ViewState.frame`.

    Attributes:
        frame: index of the displayed frame; None when there is none.
        image: the displayed frame; null when there is none.
        message: text to display over the image; usually empty.

    Signals:
        changed: an attribute changed.
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
        self._message_timer = QTimer(self, singleShot=True, interval=LOADING_MESSAGE_DELAY_MS)
        self._message_timer.timeout.connect(self._on_late)
        loader.loaded.connect(self._on_loaded)
        loader.failed.connect(self._on_failed)
        state.frame_changed.connect(self._on_frame_changed)
        self._on_frame_changed(state.frame)

    @property
    def is_current(self) -> bool:
        """Whether the displayed frame is the one that the view state selects."""
        return self.frame == self._state.frame

    def _on_frame_changed(self, frame: int) -> None:
        if not self._message_timer.isActive():
            self._message_timer.start()
        self._loader.request(frame)

    def _on_loaded(self, frame: int, bgra: Pixels) -> None:
        image = qimage_of(bgra)
        # The old image refers to the old pixels, so it is replaced first.
        self.image, self._bgra, self.frame = image, bgra, frame
        self._finish(frame, "")

    def _on_failed(self, frame: int, sentence: str) -> None:
        if frame == self._state.frame:
            self.image, self.frame = QImage(), None
            self._finish(frame, sentence)

    def _finish(self, frame: int, message: str) -> None:
        if frame == self._state.frame:
            self._message_timer.stop()
            self.message = message
        self.changed.emit()

    def _on_late(self) -> None:
        self.message = f"Loading frame {self._state.frame} ..."
        self.changed.emit()
