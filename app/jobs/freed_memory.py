"""Gives memory that was freed back to the system, where the C library keeps it."""

import ctypes
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TypeVar

T = TypeVar("T")
RETURNED_AFTER = 100
"""Tracked frames after which freed memory is returned."""


def returning_memory(frames: Iterable[T]) -> Iterator[T]:
    """Pass tracked frames on, and return freed memory after each `RETURNED_AFTER` and at the end.

    glibc keeps pages between blocks that are still in use: hundreds of MB where several threads
    allocate arrays of all sizes, and more of them with time.
    """
    try:
        for done, frame in enumerate(frames, 1):
            yield frame
            if done % RETURNED_AFTER == 0:
                return_freed_memory()
    finally:
        del frames  # ends the tracker, so that its memory is free
        return_freed_memory()


def return_freed_memory() -> None:
    """Let the system have memory that was freed; with another C library nothing happens."""
    if (trim := _malloc_trim()) is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    """Return glibc's function; musl and other systems have none."""
    if sys.platform != "linux":
        return None
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim.argtypes = (ctypes.c_size_t,)
    return trim
