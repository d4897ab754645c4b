"""Whether a window can be shown."""

import os
import sys


def has_display() -> bool:
    """Return whether there is a screen, and a person before it."""
    if os.environ.get("CI"):
        return False
    return _names_screen()


def can_open_window() -> bool:
    """Return whether Qt has a screen, or needs none; else it would end the process."""
    return _names_screen() or "QT_QPA_PLATFORM" in os.environ


def _names_screen() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
