"""Rasterization of timeline rows with numpy, at a cost that depends on the width only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from app.core.queries import WEAK_CONFIDENCE
from app.ui.timeline.model import Flag
from app.ui.timeline.time_axis import Columns

Argb = NDArray[np.uint32]

BAR_TOP_PX = 11  # the prompts of a lane are above its bar
BAR_BOTTOM_PX = 6  # the underline of verified frames is below it
VERIFIED_PX = 4
HATCH_PERIOD_PX = 6


@dataclass(frozen=True, slots=True)
class BarColors:
    """Opaque 0xAARRGGBB colors of the bars of a lane."""

    tracked: int
    by_hand: int
    empty: int
    verified: int


def bar_pixels(flags: NDArray[np.uint8], columns: Columns, height: int, colors: BarColors) -> Argb:
    """Rasterize the mask bars of a lane.

    Args:
        flags: `Flag` bits, one per frame and one padding element.
        columns: the frames of each pixel column.
        height: height of the lane in pixels.
        colors: colors of the lane.

    Returns:
        (height, number of columns) 0xAARRGGBB: bars where there are masks, only the lower half
        where some frames of a column have none; hatched where a mask is empty, underlined where
        it is verified.
    """
    found = columns.reduce(np.bitwise_or, flags)
    shared = columns.reduce(np.bitwise_and, flags)
    ys, xs = np.ogrid[:height, : len(found)]
    last = height - BAR_BOTTOM_PX - 1
    middle = (BAR_TOP_PX + last + 1) // 2
    inside = (ys >= BAR_TOP_PX) & (ys <= last)
    is_complete = (shared & Flag.MASK) != 0
    bar = inside & ((found & Flag.SOLID) != 0) & (is_complete | (ys >= middle))
    color = np.where(found & Flag.BY_HAND, colors.by_hand, colors.tracked).astype(np.uint32)
    pixels = np.where(bar, color, np.uint32(0))
    has_empty = (found & Flag.EMPTY) != 0
    only_empty = has_empty & ((found & Flag.SOLID) == 0)
    stripes = (xs + ys) % HATCH_PERIOD_PX < 2
    edge = (ys == BAR_TOP_PX) | (ys == last)
    hatch = inside & has_empty & (only_empty | (ys < middle))
    pixels = np.where(hatch, np.where(stripes | edge, np.uint32(colors.empty), 0), pixels)
    underline = (ys >= height - VERIFIED_PX) & ((found & Flag.VERIFIED) != 0)
    return np.where(underline, np.uint32(colors.verified), pixels).astype(np.uint32)


@dataclass(frozen=True, slots=True)
class CurveColors:
    """Premultiplied 0xAARRGGBB colors of the quality curve."""

    fill: int
    line: int
    weak_fill: int
    weak_line: int


def quality_pixels(
    quality: NDArray[np.float32], columns: Columns, height: int, colors: CurveColors
) -> Argb:
    """Rasterize the quality of an object as a filled curve from 0 (bottom) to 1 (top).

    Args:
        quality: in [0, 1] or NaN, one per frame and one padding element.
        columns: the frames of each pixel column; a column shows its lowest quality.
        height: height of the row in pixels.
        colors: colors of the curve.

    Returns:
        (height, number of columns) 0xAARRGGBB.
    """
    low = columns.reduce(np.fmin, quality)
    is_known = ~np.isnan(low)
    tops = np.where(is_known, (height - 2) * (1 - np.nan_to_num(low)), height).astype(np.intp)
    ys = np.arange(height)[:, None]
    before = np.concatenate([tops[:1], tops[:-1]])
    joins = np.concatenate([[False], is_known[:-1]]) & is_known
    line_from = np.where(joins, np.minimum(tops, before), tops)
    line_to = np.where(joins, np.maximum(tops, before), tops) + 2
    is_weak = low < WEAK_CONFIDENCE
    fill = np.where(is_weak, colors.weak_fill, colors.fill).astype(np.uint32)
    line = np.where(is_weak, colors.weak_line, colors.line).astype(np.uint32)
    on_line = (ys >= line_from) & (ys < line_to) & is_known
    pixels = np.where((ys >= tops) & is_known, fill, np.uint32(0))
    return np.where(on_line, line, pixels).astype(np.uint32)


def curve_pixels(
    ys: NDArray[np.float32], is_inked: NDArray[np.bool_], height: int, width_px: float, color: int
) -> Argb:
    """Rasterize a line with smooth edges; its cost does not depend on how steep it is.

    Args:
        ys: (C,) distance of the line's center from the top in pixels, NaN where there is none.
            Neighboring columns that have a value are joined.
        is_inked: (C,) which columns are drawn, to dash the line.
        height: of the image in pixels.
        width_px: of the line.
        color: opaque 0xAARRGGBB.

    Returns:
        (height, C) premultiplied 0xAARRGGBB.
    """
    before = np.concatenate([ys[:1], ys[:-1]])  # fmin and fmax skip it where it is NaN
    upper = np.fmin(ys, before) - np.float32(width_px / 2)
    lower = np.fmax(ys, before) + np.float32(width_px / 2)
    rows = np.arange(height, dtype=np.float32)[:, None]
    cover = np.minimum(lower, rows + 1) - np.maximum(upper, rows)
    cover = np.where(is_inked & ~np.isnan(ys), np.clip(cover, 0, 1), 0)
    alpha = (cover * 255 + 0.5).astype(np.uint32)
    pixels = alpha << np.uint32(24)
    for shift in (16, 8, 0):
        pixels |= (alpha * np.uint32(color >> shift & 0xFF) // 255) << np.uint32(shift)
    return pixels


def image_of(pixels: Argb) -> QImage:
    """Copy (H, W) premultiplied 0xAARRGGBB pixels into an image."""
    height, width = pixels.shape
    contiguous = np.ascontiguousarray(pixels)
    image_format = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(contiguous.data, width, height, width * 4, image_format).copy()
