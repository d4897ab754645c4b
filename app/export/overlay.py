"""Frames with the masks drawn over them."""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.core.document import FrameMask, TrackedObject
from app.export.selection import Selection
from app.media.frames import Pixels

OPACITY = 0.5
_NAME_SIZE = 1 / 30  # font size as a fraction of the height of the frame
_MIN_NAME_PX = 10


def overlaid(selection: Selection, frame: int) -> Pixels:
    """Draw the visible objects' masks, contours and names in their colors.

    Returns:
        (H, W, 3) RGB, owned by the caller.
    """
    image = selection.image(frame).copy()
    shown = [(tracked, row) for tracked, row in selection.masks_on(frame) if tracked.is_visible]
    for tracked, row in shown:
        _draw_mask(image, row, tracked.color)
    return _with_names(image, shown) if shown else image


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
        name = tracked.name.encode("utf-8", "replace").decode("utf-8")
        draw.text((x0, top), name, tracked.color, font, stroke_width=2, stroke_fill=(0, 0, 0))
    return np.array(canvas)
