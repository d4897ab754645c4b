"""Folders of numbered images, and single images, as sources of frames."""

import hashlib
import re
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from app.core.errors import SourceError
from app.media.cache import DEFAULT_CACHE_BYTES, FrameCache
from app.media.frames import FrameSource, Pixels, SourceFingerprint, check_frame_index

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})

ASSUMED_RATE = Fraction(24)
"""Frames per second of images, which have no times; DAVIS and SA-V frame folders use 24."""


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which ``frame2`` comes before ``frame10``."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]


class ImageSequence(FrameSource):
    """Images of one size, in natural order of their names, or one image alone.

    Gray, 16-bit, palette and transparent images are read as 8-bit RGB (16-bit values keep
    their upper byte, transparency is dropped); the EXIF orientation is applied.
    All calls are safe from any thread.

    Args:
        path: the folder, or the image when there is only one.
        files: the image of each frame, in order.
        size_hw: height and width that every image must have.
        cache_bytes: limit of the decoded images in the cache.
    """

    def __init__(
        self,
        path: Path,
        files: tuple[Path, ...],
        size_hw: tuple[int, int],
        cache_bytes: int = DEFAULT_CACHE_BYTES,
    ) -> None:
        self.path = path
        self.name = path.name if path.is_dir() else path.stem
        self.files = files
        self.size_hw = size_hw
        self.frame_rate = ASSUMED_RATE
        self._is_closed = False
        self._cache: FrameCache[Pixels] = FrameCache(cache_bytes)

    def __len__(self) -> int:
        """Number of images."""
        return len(self.files)

    def __getitem__(self, frame_index: int) -> Pixels:
        """Read one frame, (H, W, 3) RGB; see `FrameSource`."""
        if self._is_closed:
            raise SourceError(f"{self.path} is closed.")
        check_frame_index(frame_index, len(self))
        pixels = self._cache.get(frame_index)
        if pixels is None:
            file = self.files[frame_index]
            pixels = _read_rgb(file)
            if pixels.shape[:2] != self.size_hw:
                raise _size_error(file, pixels.shape[:2], self.size_hw)
            self._cache.put(frame_index, pixels, pixels.nbytes)
        return pixels

    def bgra(self, frame_index: int) -> Pixels:
        """Read one frame, (H, W, 4) blue, green, red, 255; see `FrameSource`."""
        return np.asarray(cv2.cvtColor(self[frame_index], cv2.COLOR_RGB2BGRA), dtype=np.uint8)

    def timestamp_s(self, frame_index: int) -> float:
        """Seconds from the first image at the assumed rate."""
        check_frame_index(frame_index, len(self))
        return float(frame_index / self.frame_rate)

    def fingerprint(self) -> SourceFingerprint:
        """Describe the images by their names and sizes."""
        sizes = [file.stat().st_size for file in self.files]
        listing = "".join(f"{f.name}\0{size}\n" for f, size in zip(self.files, sizes, strict=True))
        digest = hashlib.sha256(listing.encode()).hexdigest()
        return SourceFingerprint(len(self), digest, sum(sizes))

    def clone(self, cache_bytes: int = DEFAULT_CACHE_BYTES) -> "ImageSequence":
        """Open an independent handle on the same list of files."""
        return ImageSequence(self.path, self.files, self.size_hw, cache_bytes)

    def close(self) -> None:
        """Clear the cache; reading afterwards raises SourceError."""
        self._is_closed = True
        self._cache.clear()


def open_images(path: Path) -> ImageSequence:
    """Open the images directly in a folder, or an image file.

    Raises:
        SourceError: there is no image, the first or the header of another cannot be read, or
            their sizes differ.
    """
    files = _list_images(path)
    height, width = _read_rgb(files[0]).shape[:2]
    for file in files[1:]:
        found_hw = _stored_size_hw(file)
        # Orientation may swap the sides; reading a frame compares them exactly.
        if sorted(found_hw) != sorted((height, width)):
            raise _size_error(file, found_hw, (height, width))
    return ImageSequence(path, files, (height, width))


def _list_images(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    try:
        entries = list(path.iterdir())
    except OSError as error:
        raise SourceError(f"{path} cannot be listed: {error.strerror}.") from error
    files = [
        entry
        for entry in entries
        if entry.suffix.lower() in IMAGE_SUFFIXES and not entry.name.startswith(".")
    ]
    if not files:
        raise SourceError(
            f"{path} holds no images.",
            f"A frame folder holds files such as 00000.jpg ({', '.join(sorted(IMAGE_SUFFIXES))}).",
        )
    return tuple(sorted(files, key=lambda file: natural_key(file.name)))


def _read_rgb(file: Path) -> Pixels:
    try:
        coded = np.frombuffer(file.read_bytes(), dtype=np.uint8)  # cv2 cannot open every path
        bgr = cv2.imdecode(coded, cv2.IMREAD_COLOR) if coded.size else None
    except (OSError, cv2.error) as error:
        raise SourceError(f"{file} cannot be read: {error}.") from error
    if bgr is None:
        raise SourceError(
            f"{file} is not an image that can be read.", "It may be damaged or misnamed."
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _stored_size_hw(file: Path) -> tuple[int, int]:
    """Read height and width from the header, before any orientation is applied."""
    try:
        with Image.open(file) as image:
            return image.height, image.width
    except (OSError, SyntaxError):  # Pillow reads fewer kinds of TIFF than OpenCV
        height, width = _read_rgb(file).shape[:2]
        return height, width


def _size_error(file: Path, found_hw: tuple[int, ...], size_hw: tuple[int, int]) -> SourceError:
    return SourceError(
        f"{file} is {found_hw[1]} x {found_hw[0]} pixels, but the first image is "
        f"{size_hw[1]} x {size_hw[0]}.",
        "All frames must have one size: remove the images that do not belong.",
    )
