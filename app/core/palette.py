"""Colors: a color-blind-safe set for the screen, the DAVIS palette for label images."""

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito (2008), reordered so that consecutive colors differ most, and two more tints.
_DISPLAY = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (148, 203, 236),
    (170, 170, 60),
    (255, 140, 180),
)


def display_color(object_id: int) -> tuple[int, int, int]:
    """Return the (r, g, b) that a new object gets."""
    return _DISPLAY[(object_id - 1) % len(_DISPLAY)]


def davis_palette() -> NDArray[np.uint8]:
    """Return the (256, 3) Pascal VOC palette of DAVIS label images: bits of the id, reversed."""
    ids = np.arange(256)
    palette = np.zeros((256, 3), dtype=np.int64)
    for bit in range(8):
        for channel in range(3):
            palette[:, channel] |= ((ids >> (3 * bit + channel)) & 1) << (7 - bit)
    return palette.astype(np.uint8)
