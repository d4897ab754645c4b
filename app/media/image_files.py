"""Decode image files and the pages of stacks: checked sizes, 8-bit RGB."""

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from app.core.errors import SourceError
from app.media.frames import Pixels, on_black
from app.media.limits import MAX_FRAME_PIXELS

TIFF_SUFFIXES = frozenset({".tif", ".tiff"})

DEPTHS = (8, 10, 12, 14, 16)
"""Numbers of bits that cameras put into 16-bit images."""

PILLOW_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, MemoryError, TypeError, AttributeError),
    *(LookupError, ArithmeticError, RuntimeError, struct.error, zlib.error),
)
"""What Pillow raises for damaged images, beside its own errors."""

MAX_PAGES = 1_000_000

_ONE_IMAGE = ("JPEG", "MPO")  # cameras put a preview or the other eye's view behind the image

Image.MAX_IMAGE_PIXELS = MAX_FRAME_PIXELS  # it raises an error at twice as many

_COLOR = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH


class ImageHeader:
    """What an image file says of itself; no pixels are decoded.

    Attributes:
        size_hw: height and width of the stored pixels, before any orientation is applied.
        pages: number of images in the file: of a TIFF stack, an animated PNG or WebP; 1 of a JPEG.
        has_alpha: whether pixels may be transparent.

    Args:
        file: the image.
        counts_pages: whether to find the number of pages, which takes a while for large stacks.

    Raises:
        SourceError: the file cannot be read or is larger than the limit.
    """

    def __init__(self, file: Path, counts_pages: bool = True) -> None:
        self.pages, self.has_alpha = 1, False
        try:
            with Image.open(file) as image:
                self.size_hw = (image.height, image.width)
                self._check_size(file)
                if counts_pages and image.format not in _ONE_IMAGE:
                    self.pages = min(getattr(image, "n_frames", 1), MAX_PAGES)
                self.has_alpha = image.has_transparency_data
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise SourceError(
                f"{file} has more pixels than can be read ({MAX_FRAME_PIXELS >> 20} megapixels)."
            ) from error
        except FileNotFoundError as error:
            raise SourceError(f"{file} does not exist.") from error
        except PILLOW_ERRORS:
            # Pillow reads fewer kinds of TIFF than OpenCV, which checks the size itself.
            height, width = decoded(file).shape[:2]
            self.size_hw = (height, width)
            self._check_size(file)

    def _check_size(self, file: Path) -> None:
        height, width = self.size_hw
        if height * width > MAX_FRAME_PIXELS:
            raise SourceError(
                f"{file} is {width} x {height} pixels, more than can be read "
                f"({MAX_FRAME_PIXELS >> 20} megapixels).",
                "Scale it down or cut it into parts.",
            )


def decoded(file: Path, page: int = 0) -> NDArray[np.uint8 | np.uint16]:
    """Decode one image of a file whose size was checked.

    Returns:
        (H, W, 3) RGB, in 16 bits where the file has them; the EXIF orientation is applied.

    Raises:
        SourceError: it cannot be decoded.
    """
    try:
        bgr = _decode(file, page, _COLOR)
        if bgr is not None and bgr.dtype not in (np.uint8, np.uint16):
            bgr = _decode(file, page, cv2.IMREAD_COLOR)
    except (OSError, cv2.error, MemoryError) as error:
        raise SourceError(f"{file} cannot be read: {error}.") from error
    if bgr is None:
        raise unreadable(file)
    rgb: NDArray[np.uint8 | np.uint16] = bgr[..., ::-1]
    return np.ascontiguousarray(rgb)


def _decode(file: Path, page: int, flags: int) -> NDArray[Any] | None:
    if page == 0:
        coded = np.frombuffer(file.read_bytes(), dtype=np.uint8)  # cv2 cannot open every path
        return cv2.imdecode(coded, flags) if coded.size else None
    if str(file).isascii():  # only then cv2 opens it everywhere
        is_read, pages = cv2.imreadmulti(str(file), page, 1, flags=flags)
    else:
        coded = np.frombuffer(file.read_bytes(), dtype=np.uint8)
        is_read, pages = cv2.imdecodemulti(coded, flags, range=(page, page + 1))
    return np.asarray(pages[0]) if is_read and pages else None


def composed(file: Path, page: int) -> Pixels:
    """Decode an image that may be transparent or animated, over black.

    Raises:
        SourceError: it cannot be decoded.
    """
    try:
        with Image.open(file) as image:
            image.seek(page)
            turned = ImageOps.exif_transpose(image)
            return on_black(np.asarray(turned.convert("RGBA"), dtype=np.uint8))
    except PILLOW_ERRORS as error:
        raise unreadable(file) from error


def unreadable(file: Path) -> SourceError:
    """Return the error for a file whose pixels cannot be decoded."""
    return SourceError(
        f"{file} is not an image that can be read.", "It may be damaged or misnamed."
    )


def bit_depth(maximum: int) -> int:
    """Return the number of bits that 16-bit images use whose largest value is ``maximum``."""
    return next(bits for bits in DEPTHS if maximum < 1 << bits)


def to_8_bit(pixels: NDArray[np.uint8 | np.uint16], depth: int) -> Pixels:
    """Return the upper 8 of ``depth`` bits of 16-bit pixels; larger values become white."""
    if pixels.dtype != np.uint16:
        return pixels.astype(np.uint8, copy=False)
    return np.minimum(np.right_shift(pixels, depth - 8), 255).astype(np.uint8)
