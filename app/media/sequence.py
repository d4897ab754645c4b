"""Folders of numbered images, stacks and single images as sources of frames."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.core.errors import SourceError
from app.media.cache import DEFAULT_CACHE_BYTES, FrameCache
from app.media.frame_table import damaged_table, pack_table, unpack_table
from app.media.frames import FrameSource, Pixels, SourceFingerprint, check_frame_index, reading
from app.media.identity import file_sha256, images_sha256
from app.media.image_files import (
    TIFF_SUFFIXES,
    ImageHeader,
    bit_depth,
    composed,
    decoded,
    to_8_bit,
)

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".apng", ".bmp", ".tif", ".tiff", ".webp"})

KIND_OF_SUFFIX = {".jpeg": ".jpg", ".apng": ".png", ".tiff": ".tif"}
KINDS = (".jpg", ".webp", ".bmp", ".tif", ".png")
"""Which kind of image is the frame where several have one name; the others are its masks."""

ASSUMED_RATE = Fraction(24)
"""Frames per second of images, which have no times; DAVIS and SA-V frame folders use 24."""

DEPTH_SAMPLES = 8
"""Number of 16-bit images that are read to find out how many of their bits are used."""


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which ``frame2`` comes before ``frame10``."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]


@dataclass(frozen=True, slots=True)
class ImageTable:
    """Which images are the frames, and how they are read.

    Attributes:
        files: the image files, in order.
        pages: number of images in each; more than one in stacks.
        size_hw: height and width that every image must have.
        depth: how many bits of 16-bit images are used.
        notice: what was left out, in a sentence; not stored.
    """

    files: tuple[Path, ...]
    pages: tuple[int, ...]
    size_hw: tuple[int, int]
    depth: int = 16
    notice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the values that `from_json` takes."""
        return {
            "kind": "images",
            "names": [file.name for file in self.files],
            "pages": list(self.pages),
            "size_hw": list(self.size_hw),
            "depth": self.depth,
        }

    @staticmethod
    def from_json(values: Mapping[str, Any], path: Path) -> "ImageTable":
        """Check and return stored values.

        Args:
            values: what `to_json` returned.
            path: the folder, or the file, now.

        Raises:
            ValueError, TypeError, KeyError: they cannot be used.
        """
        names, pages = [str(name) for name in values["names"]], [int(n) for n in values["pages"]]
        height, width = (int(side) for side in values["size_hw"])
        if not names or len(names) != len(pages) or min(pages) < 1 or min(height, width) < 1:
            raise ValueError("it has no frames")
        if any(Path(name).name != name for name in names):
            raise ValueError("it names files of other folders")
        files = tuple(path / name for name in names) if path.is_dir() else (path,)
        if len(files) != len(names):
            raise ValueError("it belongs to a folder")
        depth = int(values["depth"])
        if not 8 <= depth <= 16:
            raise ValueError(f"a depth of {depth} bits")
        return ImageTable(files, tuple(pages), (height, width), depth)


class ImageSequence(FrameSource):
    """Images of one size, in natural order of their names, the pages of a stack, or one image.

    All are read as 8-bit RGB: of 16-bit images the upper 8 of the bits that they use, transparent
    ones over black; the EXIF orientation is applied.  All calls are safe from any thread.

    Args:
        path: the folder, or the image when there is only one.
        table: which images.
        cache_bytes: limit of the decoded images in the cache.
    """

    def __init__(
        self, path: Path, table: ImageTable, cache_bytes: int = DEFAULT_CACHE_BYTES
    ) -> None:
        self.path = path
        self.name = path.name if path.is_dir() else path.stem
        self.table = table
        self.size_hw = table.size_hw
        self.frame_rate = ASSUMED_RATE
        self.notice = table.notice
        self._first_frames = np.cumsum((0, *table.pages))
        with reading(path):
            self._fingerprint = _fingerprint(path, table)
        self._is_closed = False
        self._cache: FrameCache[Pixels] = FrameCache(cache_bytes)

    def __len__(self) -> int:
        """Number of images."""
        return int(self._first_frames[-1])

    @property
    def files(self) -> tuple[Path, ...]:
        """The file of each frame."""
        pairs = zip(self.table.files, self.table.pages, strict=True)
        return tuple(file for file, pages in pairs for _ in range(pages))

    def __getitem__(self, frame_index: int) -> Pixels:
        """Read one frame, (H, W, 3) RGB; see `FrameSource`."""
        if self._is_closed:
            raise SourceError(f"{self.path} is closed.")
        check_frame_index(frame_index, len(self))
        pixels = self._cache.get(frame_index)
        if pixels is None:
            number = int(np.searchsorted(self._first_frames, frame_index, side="right")) - 1
            file = self.table.files[number]
            pixels = self._read(number, frame_index - int(self._first_frames[number]))
            if pixels.shape[:2] != self.size_hw:
                raise _size_error(file, pixels.shape[:2], self.size_hw)
            self._cache.put(frame_index, pixels, pixels.nbytes)
        return pixels

    def _read(self, number: int, page: int) -> Pixels:
        file, is_stack = self.table.files[number], self.table.pages[number] > 1
        is_animated = is_stack and file.suffix.lower() not in TIFF_SUFFIXES
        if ImageHeader(file, counts_pages=False).has_alpha or is_animated:
            return composed(file, page)
        return to_8_bit(decoded(file, page), self.table.depth)

    def bgra(self, frame_index: int) -> Pixels:
        """Read one frame, (H, W, 4) blue, green, red, 255; see `FrameSource`."""
        return np.asarray(cv2.cvtColor(self[frame_index], cv2.COLOR_RGB2BGRA), dtype=np.uint8)

    def timestamp_s(self, frame_index: int) -> float:
        """Seconds from the first image at the assumed rate."""
        check_frame_index(frame_index, len(self))
        return float(frame_index / self.frame_rate)

    def fingerprint(self) -> SourceFingerprint:
        """Describe the images by their names, sizes and content."""
        return self._fingerprint

    def frame_table(self) -> bytes:
        """Return the names of the images and how they are read; see `FrameSource`."""
        return pack_table(self.table.to_json())

    def clone(self, cache_bytes: int = DEFAULT_CACHE_BYTES) -> "ImageSequence":
        """Open an independent handle on the same list of files."""
        return ImageSequence(self.path, self.table, cache_bytes)

    def close(self) -> None:
        """Clear the cache; reading afterwards raises SourceError."""
        self._is_closed = True
        self._cache.clear()


def open_images(path: Path, table: bytes | None = None) -> ImageSequence:
    """Open the images directly in a folder, a stack or an image file.

    Args:
        path: the folder or the file.
        table: the `FrameSource.frame_table` of an earlier opening; None to read the folder.

    Raises:
        SourceError: there is no image, the first or the header of another cannot be read, their
            sizes differ, or the table is damaged.
    """
    if table is None:
        return ImageSequence(path, _read_table(path))
    try:
        values = ImageTable.from_json(unpack_table(table, "images"), path)
    except (ValueError, TypeError, KeyError) as error:
        raise damaged_table(error) from error
    missing = [file for file in values.files if not file.is_file()]
    if missing:
        raise SourceError(
            f"{missing[0]} is missing, which the project knows as a frame.", "Put it back."
        )
    return ImageSequence(path, values)


def image_files(path: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """List the images of a folder, or an image alone.

    Returns:
        The frames in natural order, and the images that are left out since a frame has their
        name: its masks.

    Raises:
        SourceError: the folder cannot be listed or holds no image, or one is missing behind its
            link, or is a pipe, which would be waited for.
    """
    if not path.is_dir():
        return (path,), ()
    try:
        entries = list(path.iterdir())
    except OSError as error:
        raise SourceError(f"{path} cannot be listed: {error.strerror}.") from error
    named = [
        entry
        for entry in entries
        if entry.suffix.lower() in IMAGE_SUFFIXES
        and not entry.name.startswith(".")
        and not entry.is_dir()
    ]
    if strange := [entry for entry in named if not entry.is_file()]:
        raise SourceError(
            f"{strange[0]} is not a file that can be read.", "Remove it, or put the image there."
        )
    if not named:
        raise SourceError(
            f"{path} holds no images.",
            f"A frame folder holds files such as 00000.jpg ({', '.join(sorted(IMAGE_SUFFIXES))}).",
        )
    frame_of: dict[str, Path] = {}
    for file in sorted(named, key=lambda file: KINDS.index(_kind(file))):
        frame_of.setdefault(file.stem, file)
    ordered = sorted(named, key=lambda file: natural_key(file.name))
    is_frame = {file: frame_of[file.stem] == file or _kind(file) != ".png" for file in ordered}
    return tuple(f for f in ordered if is_frame[f]), tuple(f for f in ordered if not is_frame[f])


def _kind(file: Path) -> str:
    suffix = file.suffix.lower()
    return KIND_OF_SUFFIX.get(suffix, suffix)


def _read_table(path: Path) -> ImageTable:
    files, masks = image_files(path)
    headers = [ImageHeader(file) for file in files]
    first = composed(files[0], 0) if headers[0].has_alpha else decoded(files[0])
    height, width = first.shape[:2]
    for file, header in zip(files, headers, strict=True):
        # Orientation may swap the sides; reading a frame compares them exactly.
        if sorted(header.size_hw) != sorted((height, width)):
            raise _size_error(file, header.size_hw, (height, width))
    pages = tuple(header.pages for header in headers)
    depth = _depth(files, pages) if first.dtype == np.uint16 else 16
    notice = (
        f"{len(masks)} PNG images in {path} are named like its frames and are not taken for "
        "frames; they can be imported as masks."
        if masks
        else ""
    )
    return ImageTable(files, pages, (height, width), depth, notice)


def _depth(files: Sequence[Path], pages: Sequence[int]) -> int:
    # What is animated is always read in 8 bits.
    counts = [
        count if file.suffix.lower() in TIFF_SUFFIXES else 1
        for file, count in zip(files, pages, strict=True)
    ]
    places = ((f, page) for f, count in zip(files, counts, strict=True) for page in range(count))
    sampled = islice(places, 0, None, -(-sum(counts) // DEPTH_SAMPLES))
    deep = [image for place in sampled if (image := decoded(*place)).dtype == np.uint16]
    return max(bit_depth(int(image.max())) for image in deep)


def _fingerprint(path: Path, table: ImageTable) -> SourceFingerprint:
    sizes = [file.stat().st_size for file in table.files]
    listing = "".join(f"{f.name}\0{size}\n" for f, size in zip(table.files, sizes, strict=True))
    digest = hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()
    content = images_sha256(table.files) if path.is_dir() else file_sha256(path)
    return SourceFingerprint(sum(table.pages), digest, sum(sizes), content)


def _size_error(file: Path, found_hw: tuple[int, ...], size_hw: tuple[int, int]) -> SourceError:
    return SourceError(
        f"{file} is {found_hw[1]} x {found_hw[0]} pixels, but the first image is "
        f"{size_hw[1]} x {size_hw[0]}.",
        "All frames must have one size: remove the images that do not belong.",
    )
