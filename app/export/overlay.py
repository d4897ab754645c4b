"""A video of the frames with the masks drawn over them."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.core.document import Document, FrameMask, TrackedObject
from app.media.frames import FrameSource, Pixels
from app.media.writer import write_video

OPACITY = 0.5
_NAME_SIZE = 1 / 30  # font size as a fraction of the height of the frame
_MIN_NAME_PX = 10


def write_overlay(document: Document, source: FrameSource, path: Path, frames: range) -> int:
    """Write a video with the visible objects' masks, contours and names in their colors.

    Returns:
        Number of frames written.

    Raises:
        ExportError: the video cannot be written.
        SourceError: a frame cannot be read.
    """
    return write_video(path, overlaid(document, source, frames), source.frame_rate)


def overlaid(document: Document, source: FrameSource, frames: range) -> Iterator[Pixels]:
    """Yield each frame, (H, W, 3) RGB owned by the caller, with its masks drawn over it."""
    for frame in frames:
        image = source[frame].copy()
        shown = [(o, row) for o, row in document.masks_on(frame) if o.is_visible and row.mask.area]
        for tracked, row in shown:
            _draw_mask(image, row, tracked.color)
        yield _with_names(image, shown) if shown else image


def _draw_mask(image: Pixels, row: FrameMask, color: tuple[int, int, int]) -> None:
    bitmap = row.mask.decode()
    mixed = image[bitmap] * (1 - OPACITY) + np.array(color) * OPACITY
    image[bitmap] = mixed.astype(np.uint8)
    contours, _ = cv2.findContours(bitmap.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(image, contours, -1, color, 1 + image.shape[0] // 540)


def _with_names(image: Pixels, shown: list[tuple[TrackedObject, FrameMask]]) -> Pixels:
    canvas = Image.fromarray(image)
    draw = ImageDraw.Draw(canvas)
    size = max(_MIN_NAME_PX, round(image.shape[0] * _NAME_SIZE))
    # LIMIT: Pillow's default font has Latin letters only; others appear as boxes.
    font = ImageFont.load_default(size)
    for tracked, row in shown:
        x0, y0, _, _ = row.mask.box_xyxy or (0, 0, 0, 0)
        top = max(0, y0 - size - 4)
        draw.text(
            (x0, top), tracked.name, tracked.color, font, stroke_width=2, stroke_fill=(0, 0, 0)
        )
    return np.array(canvas)
