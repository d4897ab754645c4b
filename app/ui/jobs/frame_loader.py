"""Frames and thumbnails for the screen, decoded away from the GUI thread."""

import threading
from collections import deque
from collections.abc import Callable

import cv2
import numpy as np
from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtGui import QImage

from app.core.errors import AppError
from app.media.cache import FrameCache
from app.media.frames import FrameSource, Pixels

FRAME_SOURCE_BYTES = 256 << 20
THUMBNAIL_LONG_SIDE_PX = 160
THUMBNAIL_CACHE_BYTES = 16 << 20
THUMBNAILS_WAITING = 64
"""Enough for a memory panel and a sweep over the timeline; older wishes are stale by then."""
THUMBNAIL_SOURCE_BYTES = 32 << 20


def qimage_of(bgra: Pixels) -> QImage:
    """Wrap a (H, W, 4) contiguous frame as an RGB32 image without copying.

    The image does not own the pixels: keep ``bgra`` alive as long as the image.
    """
    height, width = bgra.shape[:2]
    return QImage(bgra.data, width, height, width * 4, QImage.Format.Format_RGB32)


def thumbnail_of(bgra: Pixels) -> QImage:
    """Shrink a (H, W, 4) frame to `THUMBNAIL_LONG_SIDE_PX`, as an image that owns its pixels."""
    height, width = bgra.shape[:2]
    scale = min(1.0, THUMBNAIL_LONG_SIDE_PX / max(height, width))
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(bgra, size_wh, interpolation=cv2.INTER_AREA)
    return qimage_of(np.asarray(small, dtype=np.uint8)).copy()


class _FrameReader(QThread):
    """Read the newest wishes from its own clone of a source; older ones fall off.

    Args:
        source: cloned inside the thread.
        cache_bytes: ceiling for the clone.
        waiting: how many wishes may wait.
        convert: makes what is sent from the (H, W, 4) frame; runs in the thread.

    Signals:
        ready: frame, converted frame.
        failed: frame, sentence.
    """

    ready = Signal(int, object)
    failed = Signal(int, str)

    def __init__(
        self,
        source: FrameSource,
        cache_bytes: int,
        waiting: int,
        convert: Callable[[Pixels], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._source = source
        self._cache_bytes = cache_bytes
        self._convert = convert
        self._requests: deque[int] = deque(maxlen=waiting)
        self._has_changed = threading.Condition()
        self._is_stopping = False

    def request(self, frame: int) -> None:
        """Wish for a frame, before all others that wait."""
        with self._has_changed:
            if frame in self._requests:
                self._requests.remove(frame)
            self._requests.append(frame)
            self._has_changed.notify()

    def stop(self) -> None:
        """End the thread after the frame that it is decoding."""
        with self._has_changed:
            self._is_stopping = True
            self._has_changed.notify()

    def run(self) -> None:
        """Serve wishes, newest first, until stopped."""
        own: FrameSource | None = None
        while (frame := self._next_request()) is not None:
            try:
                if own is None:
                    own = self._source.clone(self._cache_bytes)
                self.ready.emit(frame, self._convert(own.bgra(frame)))
            except AppError as error:
                self.failed.emit(frame, str(error))
        if own is not None:
            own.close()

    def _next_request(self) -> int | None:
        with self._has_changed:
            self._has_changed.wait_for(lambda: self._requests or self._is_stopping)
            return None if self._is_stopping else self._requests.pop()


class FrameLoader(QObject):
    """Frames of a source for the widgets that show them.

    Frames and thumbnails are decoded by one thread each, from clones of the source, so that a
    thumbnail far away never makes playback seek.  Lives on the GUI thread; `shutdown` it before
    it goes.

    Args:
        source: what to read; used only to make clones.
        parent: owner.

    Signals:
        loaded: frame, (H, W, 4) uint8 blue, green, red, 255; may be kept by the receiver.
        failed: frame that cannot be read, and why, in words for the user.
        thumbnail_loaded: frame, its small picture.
    """

    loaded = Signal(int, object)
    failed = Signal(int, str)
    thumbnail_loaded = Signal(int, QImage)

    def __init__(self, source: FrameSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails: FrameCache[QImage] = FrameCache(THUMBNAIL_CACHE_BYTES)
        self._frame_reader = _FrameReader(source, FRAME_SOURCE_BYTES, 1, lambda bgra: bgra, self)
        self._frame_reader.ready.connect(self.loaded)
        self._frame_reader.failed.connect(self.failed)
        self._thumbnail_reader = _FrameReader(
            source, THUMBNAIL_SOURCE_BYTES, THUMBNAILS_WAITING, thumbnail_of, self
        )
        self._thumbnail_reader.ready.connect(self._on_thumbnail)
        self._readers = (self._frame_reader, self._thumbnail_reader)
        for reader in self._readers:
            reader.start()

    def request(self, frame: int) -> None:
        """Ask for a frame; a newer request takes the place of one that still waits."""
        self._frame_reader.request(frame)

    def thumbnail(self, frame: int) -> None:
        """Ask for a small picture; `thumbnail_loaded` comes at once when it is in the cache.

        Of many that wait the newest are served first, and beyond `THUMBNAILS_WAITING` the oldest
        are dropped.
        """
        known = self._thumbnails.get(frame)
        if known is None:
            self._thumbnail_reader.request(frame)
        else:
            self.thumbnail_loaded.emit(frame, known)

    def shutdown(self, timeout_ms: int = 3000) -> bool:
        """End both threads.

        Returns:
            Whether they ended in time.
        """
        for reader in self._readers:
            reader.stop()
        return all([reader.wait(timeout_ms) for reader in self._readers])

    def _on_thumbnail(self, frame: int, image: QImage) -> None:
        self._thumbnails.put(frame, image, image.sizeInBytes())
        self.thumbnail_loaded.emit(frame, image)
