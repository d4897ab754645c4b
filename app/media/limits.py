"""Limits of what is decoded, checked before memory is taken."""

MAX_FRAME_PIXELS = 1 << 27
"""Largest frame that is decoded, 134 megapixels: 16384 x 8192, and 400 MB as RGB."""
