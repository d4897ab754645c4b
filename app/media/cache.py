"""A least-recently-used cache of decoded frames, limited in bytes."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

DEFAULT_CACHE_BYTES = 512 * 2**20
"""Limit of the cache of one source: about 350 decoded frames at 720p, 160 at 1080p."""

Value = TypeVar("Value")


class FrameCache(Generic[Value]):
    """Holds frames by number and evicts the least recently used ones beyond a limit.

    Safe to use from any thread.

    Args:
        limit_bytes: limit of the sum of all sizes; a larger frame is not cached.
    """

    def __init__(self, limit_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._entries: OrderedDict[int, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """Sum of the sizes of all cached frames, never above the limit."""
        return self._held_bytes

    def __contains__(self, frame_index: int) -> bool:
        """Whether a frame is cached; does not count as use."""
        return frame_index in self._entries

    def get(self, frame_index: int) -> Value | None:
        """Return a cached frame and mark it as most recently used."""
        with self._lock:
            entry = self._entries.get(frame_index)
            if entry is None:
                return None
            self._entries.move_to_end(frame_index)
            return entry[0]

    def put(self, frame_index: int, value: Value, size_bytes: int) -> None:
        """Cache a frame as the most recently used; evict others to make room."""
        with self._lock:
            self._held_bytes -= self._entries.pop(frame_index, (value, 0))[1]
            self._entries[frame_index] = (value, size_bytes)
            self._held_bytes += size_bytes
            while self._held_bytes > self._limit_bytes:
                self._held_bytes -= self._entries.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Evict all frames."""
        with self._lock:
            self._entries.clear()
            self._held_bytes = 0
