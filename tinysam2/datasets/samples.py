"""Samples that dataset readers return, whatever the layout on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels: TypeAlias = NDArray[np.uint8]
VOID = 255
"""The label of pixels that belong to no object and to no background."""
MIN_AREA, MAX_AREA = 0.004, 0.75
"""Fractions of the image between which an object's area must lie to be prompted for."""


class ImageSample(Protocol):
    """An image on disk, read when asked for."""

    def pixels(self) -> Pixels:
        """Read it as (H, W, 3) RGB."""


class Still(ImageSample, Protocol):
    """An image whose objects are known."""

    def labels(self) -> Pixels:
        """Read the object ids (H, W): 0 is background, `VOID` neither."""


Clip: TypeAlias = Sequence[Still]
"""Annotated frames of one video, in order; an object keeps its id."""


@dataclass(frozen=True, slots=True)
class DatasetPart:
    """Images and clips of one dataset, drawn with one weight.

    Attributes:
        weight: how often stills, clips and backgrounds are drawn from here, relative to others.
        stills: annotated images.
        clips: annotated videos, of at least two frames each.
        backgrounds: images without annotations.
        images: everything that an encoder may learn from.
    """

    weight: float = 1.0
    stills: Sequence[Still] = ()
    clips: Sequence[Clip] = ()
    backgrounds: Sequence[ImageSample] = ()
    images: Sequence[ImageSample] = ()


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image file."""

    path: Path

    def pixels(self) -> Pixels:
        """Read it as (H, W, 3) RGB."""
        bgr = cv2.imdecode(np.fromfile(self.path, np.uint8), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ValueError(f"cannot read image {self.path}")
        return np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)


@dataclass(frozen=True, slots=True)
class StillFile(ImageFile):
    """An image file and its label image, an 8-bit palette or gray PNG.

    A black and white label image shows one object.
    """

    mask: Path

    def labels(self) -> Pixels:
        """Read the object ids (H, W)."""
        with Image.open(self.mask) as image:
            is_gray = image.mode in ("1", "L")
            labels = np.array(image.convert("L") if is_gray else image)
        if labels.ndim != 2 or labels.dtype != np.uint8:
            raise ValueError(f"{self.mask} must be an 8-bit palette or gray PNG")
        if is_gray and not ((labels > 0) & (labels < VOID)).any():
            labels[labels == VOID] = 1
        return labels
