"""Colors: a color-blind-safe set for the screen, the DAVIS palette for label images."""

import numpy as np
from numpy.typing import NDArray

# The colors of Okabe and Ito (2008), then those that differ most from all before: chosen from a
# grid of sRGB colors by the distance in OKLab (Ottosson 2020), seen normally and, at half weight,
# as with protanopia and deuteranopia (simulated as Machado et al. 2009 do).  Any prefix is a good
# palette: the least distance of the first 16 is 0.148, of all 24 it is 0.114.
_DISPLAY = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (128, 0, 255),
    (128, 32, 32),
    (128, 255, 255),
    (0, 224, 128),
    (255, 192, 192),
    (128, 0, 128),
    (192, 96, 255),
    (64, 32, 192),
    (96, 96, 0),
    (224, 0, 192),
    (0, 96, 96),
    (255, 64, 96),
    (192, 192, 255),
    (128, 192, 160),
    (160, 64, 128),
    (192, 32, 0),
    (96, 96, 224),
)
NUM_COLORS = len(_DISPLAY)
NUM_PATTERNS = 6


def display_color(object_id: int) -> tuple[int, int, int]:
    """Return the (r, g, b) that a new object gets; they repeat after `NUM_COLORS` objects."""
    return _DISPLAY[(object_id - 1) % len(_DISPLAY)]


def display_pattern(object_id: int) -> int:
    """Return the hatching of an object, from 0 (none) to `NUM_PATTERNS` - 1."""
    return (object_id - 1) % NUM_PATTERNS


def davis_palette() -> NDArray[np.uint8]:
    """Return the (256, 3) Pascal VOC palette of DAVIS label images: bits of the id, reversed."""
    ids = np.arange(256)
    palette = np.zeros((256, 3), dtype=np.int64)
    for bit in range(8):
        for channel in range(3):
            palette[:, channel] |= ((ids >> (3 * bit + channel)) & 1) << (7 - bit)
    return palette.astype(np.uint8)
