"""Whether a window can be shown."""

import os
import sys


def has_display() -> bool:
    """Return whether there is a screen, and a person before it."""
    if os.environ.get("CI"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
