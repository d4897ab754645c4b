"""Gives memory that was freed back to the system, where the C library keeps it."""

import ctypes
import sys


def return_freed_memory() -> None:
    """Let the system have what was freed between blocks that are still in use.

    glibc keeps such pages: hundreds of MB where several threads allocate arrays of all sizes, and
    more of them with time.  With another C library nothing happens.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; musl has none
        if trim is not None:
            trim(0)
