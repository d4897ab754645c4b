"""Decodes frames and thumbnails for display on background threads."""

import threading
from collections import deque
from collections.abc import Callable

import cv2
import numpy as np
from PySide6.QtCore import QObject, QThread, QTimer, Signal
from PySide6.QtGui import QImage

from app.core.errors import AppError
from app.media.cache import FrameCache
from app.media.frames import FrameSource, Pixels
from app.media.proxy import FrameProxy

FRAME_SOURCE_BYTES = 256 << 20  # until `FrameLoader.use_cache` sets another limit
PREVIEW_DELAY_MS = 40
"""Milliseconds after which a frame that is still being decoded is previewed; playback is faster."""
THUMBNAIL_LONG_SIDE_PX = 160
THUMBNAIL_CACHE_BYTES = 16 << 20
MAX_PENDING_THUMBNAILS = 64
"""Most pending thumbnail requests: a full memory panel and a sweep over the timeline.

Older requests are stale by then and are dropped.
"""
THUMBNAIL_SOURCE_BYTES = 32 << 20


def qimage_of(bgra: Pixels) -> QImage:
    """Wrap a (H, W, 4) contiguous frame as an RGB32 image without copying.

    The image does not own the pixels: keep ``bgra`` alive as long as the image.
    """
    height, width = bgra.shape[:2]
    return QImage(bgra.data, width, height, width * 4, QImage.Format.Format_RGB32)


def thumbnail_of(bgra: Pixels) -> QImage:
    """Downscale a (H, W, 4) frame to `THUMBNAIL_LONG_SIDE_PX`; the image owns its pixels."""
    height, width = bgra.shape[:2]
    scale = min(1.0, THUMBNAIL_LONG_SIDE_PX / max(height, width))
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(bgra, size_wh, interpolation=cv2.INTER_AREA)
    return qimage_of(np.asarray(small, dtype=np.uint8)).copy()


def _unchanged(bgra: Pixels) -> Pixels:
    return bgra


class _FrameReader(QThread):
    """Reads requested frames, newest request first.

    Args:
        source: cloned inside the thread when the first frame is decoded; None to decode nothing.
        proxy: read before the source; None to decode everything.
        cache_bytes: limit of the clone's frame cache.
        max_pending: most pending requests; beyond it the oldest is dropped.
        convert: applied to the (H, W, 4) frame before it is emitted; runs in the thread.

    Signals:
        ready: frame index, converted frame.
        failed: frame index, error message.
    """

    ready = Signal(int, object)
    failed = Signal(int, str)

    def __init__(
        self,
        source: FrameSource | None,
        proxy: FrameProxy | None,
        cache_bytes: int,
        max_pending: int,
        convert: Callable[[Pixels], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._source = source
        self._proxy = proxy
        self._own: FrameSource | None = None
        self._cache_bytes = cache_bytes
        self._is_reopening = False
        self._convert = convert
        self._requests: deque[int] = deque(maxlen=max_pending)
        self._has_changed = threading.Condition()
        self._is_stopping = False

    def request(self, frame: int) -> None:
        """Request a frame; it is decoded before all pending ones."""
        with self._has_changed:
            if frame in self._requests:
                self._requests.remove(frame)
            self._requests.append(frame)
            self._has_changed.notify()

    def use_cache(self, cache_bytes: int) -> None:
        """Use a cache of another size, which starts empty, from the next request on."""
        with self._has_changed:
            self._is_reopening = cache_bytes != self._cache_bytes
            self._cache_bytes = cache_bytes

    def stop(self) -> None:
        """End the thread after the current frame."""
        with self._has_changed:
            self._is_stopping = True
            self._has_changed.notify()

    def retire(self) -> None:
        """End the thread after the current frame, and delete the reader then."""
        self.stop()
        self.setParent(None)
        _retired.add(self)
        self.finished.connect(self._on_finished)
        if self.isFinished():  # so soon that the signal came before the connection
            self._on_finished()

    def _on_finished(self) -> None:
        self.wait()  # for the last instructions of the thread
        _retired.discard(self)

    def run(self) -> None:
        """Read the requested frames, newest first, until stopped."""
        while (frame := self._next_request()) is not None:
            try:
                pixels = self._read(frame)
                if pixels is not None:
                    self.ready.emit(frame, self._convert(pixels))
            except AppError as error:
                self.failed.emit(frame, str(error))
        self._close()

    def _read(self, frame: int) -> Pixels | None:
        small = None if self._proxy is None else self._proxy.bgra(frame)
        if small is not None or self._source is None:
            return small
        if self._is_reopening:
            self._close()
        if self._own is None:
            self._is_reopening = False
            self._own = self._source.clone(self._cache_bytes)
        return self._own.bgra(frame)

    def _close(self) -> None:
        if self._own is not None:
            self._own.close()
        self._own = None

    def _next_request(self) -> int | None:
        with self._has_changed:
            self._has_changed.wait_for(lambda: self._requests or self._is_stopping)
            return None if self._is_stopping else self._requests.pop()


_retired: set[_FrameReader] = set()
"""Readers that may be decoding their last frame; used on the GUI thread only."""


class FrameLoader(QObject):
    """Loads the frames and thumbnails of a source for the widgets that display them.

    Frames and thumbnails are decoded by one thread each, from clones of the source, so that a
    distant thumbnail never makes playback seek.  A third thread reads previews.  Lives on the GUI
    thread; call `shutdown` before it is destroyed.

    Args:
        source: cloned, never read itself.
        parent: owner.
        proxy: small images for previews and thumbnails; None for neither.

    Signals:
        loaded: frame index, (H, W, 4) uint8 BGRA with alpha 255; the receiver may keep it.
        previewed: the same frame scaled up from a small image, for display until it is loaded.
        failed: frame index, error message for the user.
        thumbnail_loaded: frame index, thumbnail.
    """

    loaded = Signal(int, object)
    previewed = Signal(int, object)
    failed = Signal(int, str)
    thumbnail_loaded = Signal(int, QImage)

    def __init__(
        self, source: FrameSource, parent: QObject | None = None, proxy: FrameProxy | None = None
    ) -> None:
        super().__init__(parent)
        self._awaited: int | None = None
        self._preview_timer = QTimer(self, singleShot=True, interval=PREVIEW_DELAY_MS)
        self._preview_timer.timeout.connect(self._preview)
        self._thumbnails: FrameCache[QImage] = FrameCache(THUMBNAIL_CACHE_BYTES)
        self._frame_reader = _FrameReader(source, None, FRAME_SOURCE_BYTES, 1, _unchanged, self)
        self._frame_reader.ready.connect(self._on_loaded)
        self._frame_reader.failed.connect(self.failed)
        self._thumbnail_reader = _FrameReader(
            source, proxy, THUMBNAIL_SOURCE_BYTES, MAX_PENDING_THUMBNAILS, thumbnail_of, self
        )
        self._thumbnail_reader.ready.connect(self._on_thumbnail)
        self._readers = [self._frame_reader, self._thumbnail_reader]
        self._preview_reader = None
        if proxy is not None:
            self._preview_reader = _FrameReader(None, proxy, 0, 1, _unchanged, self)
            self._preview_reader.ready.connect(self._on_previewed)
            self._readers.append(self._preview_reader)
        for reader in self._readers:
            reader.start()

    def request(self, frame: int) -> None:
        """Request a frame; a newer request replaces a pending one.

        A frame that takes long is previewed; while scrubbing, the frames that were asked for last.
        """
        self._awaited = frame
        self._frame_reader.request(frame)
        if self._preview_reader is not None and not self._preview_timer.isActive():
            self._preview_timer.start()

    def _preview(self) -> None:
        if self._preview_reader is not None and self._awaited is not None:
            self._preview_reader.request(self._awaited)

    def _on_loaded(self, frame: int, bgra: Pixels) -> None:
        if frame == self._awaited:
            self._awaited = None
        self.loaded.emit(frame, bgra)

    def _on_previewed(self, frame: int, bgra: Pixels) -> None:
        if self._awaited is not None:
            self.previewed.emit(frame, bgra)

    def thumbnail(self, frame: int) -> None:
        """Request a thumbnail; one in the cache is emitted at once.

        Pending requests are served newest first, and beyond `MAX_PENDING_THUMBNAILS` the oldest
        are dropped.
        """
        known = self._thumbnails.get(frame)
        if known is None:
            self._thumbnail_reader.request(frame)
        else:
            self.thumbnail_loaded.emit(frame, known)

    def use_cache(self, cache_bytes: int) -> None:
        """Limit the memory for decoded frames, from the next request on."""
        self._frame_reader.use_cache(cache_bytes)

    def shutdown(self) -> None:
        """End the threads after the frames that they decode; nothing is emitted afterwards."""
        self.blockSignals(True)
        self._preview_timer.stop()
        readers, self._readers = self._readers, []
        for reader in readers:
            reader.retire()

    @staticmethod
    def wait_for_all(timeout_ms: int = 3000) -> bool:
        """Wait for the threads of all loaders that were shut down.

        Returns:
            Whether they ended in time.
        """
        return all([reader.wait(timeout_ms) for reader in _retired])

    def _on_thumbnail(self, frame: int, image: QImage) -> None:
        self._thumbnails.put(frame, image, image.sizeInBytes())
        self.thumbnail_loaded.emit(frame, image)
