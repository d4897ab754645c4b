"""Keep recently decoded frames within a fixed number of bytes."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

DEFAULT_CACHE_BYTES = 512 * 2**20
"""Ceiling of one source's cache: about 350 decoded frames at 720p, 160 at 1080p."""

Value = TypeVar("Value")


class FrameCache(Generic[Value]):
    """Hold frames by number and forget the least recently used beyond a byte ceiling.

    Safe to use from any thread.

    Args:
        limit_bytes: ceiling of what is held; a frame larger than this is not kept.
    """

    def __init__(self, limit_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._entries: OrderedDict[int, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """Bytes held now, never above the ceiling."""
        return self._held_bytes

    def __contains__(self, frame_index: int) -> bool:
        """Whether a frame is held; does not count as use."""
        return frame_index in self._entries

    def get(self, frame_index: int) -> Value | None:
        """Return a held frame and mark it as just used."""
        with self._lock:
            entry = self._entries.get(frame_index)
            if entry is None:
                return None
            self._entries.move_to_end(frame_index)
            return entry[0]

    def put(self, frame_index: int, value: Value, size_bytes: int) -> None:
        """Hold a frame as the most recently used, forgetting old ones to make room."""
        with self._lock:
            self._held_bytes -= self._entries.pop(frame_index, (value, 0))[1]
            self._entries[frame_index] = (value, size_bytes)
            self._held_bytes += size_bytes
            while self._held_bytes > self._limit_bytes:
                self._held_bytes -= self._entries.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget every frame."""
        with self._lock:
            self._entries.clear()
            self._held_bytes = 0
