"""What a check of a data set finds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from app.export.reading.label_images import read_numbers
from app.export.reading.source import reason

MAX_PIXELS = 2**27
"""Largest image that is decoded."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that an official reader refuses, or takes for something else.

    Attributes:
        path: the file or folder.
        reason: what is wrong, and what the reader makes of it.
        is_error: whether the reader fails; otherwise it reads the file, but differently.
    """

    path: Path
    reason: str
    is_error: bool = True


BAD_IMAGE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What damaged images raise."""


def image_size(file: Path) -> tuple[int, int]:
    """Read height and width from the header of an image.

    Raises:
        OSError, ValueError: it is no image, or too large.
    """
    with Image.open(file) as image:
        if image.height * image.width > MAX_PIXELS:
            raise ValueError(f"it has {image.width} x {image.height} pixels")
        return image.height, image.width


def label_values(file: Path, size_hw: tuple[int, int] | None) -> tuple[tuple[int, int], set[int]]:
    """Read the size of an 8-bit label image and its values but 0.

    Args:
        file: the image.
        size_hw: the size it must have; any if None.

    Raises:
        OSError, ValueError: it is no such image, or of another size.
    """
    found_hw = image_size(file)
    if size_hw is not None and found_hw != size_hw:
        raise ValueError(
            f"it is {found_hw[1]} x {found_hw[0]} pixels, the images before it {size_hw[1]} x "
            f"{size_hw[0]}"
        )
    numbers = read_numbers(file, found_hw)
    values = set(np.unique(numbers).tolist()) - {0}
    if values and max(values) > 255:
        raise ValueError("it has more than 8 bits per pixel")
    return found_hw, values


def bad_image(file: Path, error: BaseException) -> Finding:
    """Return the finding of an image that cannot be read."""
    return Finding(file, f"it cannot be read as a label image: {reason(error)}")


def missing(path: Path, why: str) -> Finding:
    """Return the finding of a file or folder that is not there."""
    return Finding(path, f"it is missing: {why}")


def lines_of(path: Path) -> list[str]:
    """Return the lines of a list that are not empty.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    return [line for line in path.read_text("utf-8").splitlines() if line.strip()]


Findings = Iterator[Finding]
