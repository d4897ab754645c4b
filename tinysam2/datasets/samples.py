"""What every reader of training data gives, whatever the layout on disk."""

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


class Picture(Protocol):
    """A picture on disk, read when asked for."""

    def pixels(self) -> Pixels:
        """Read it as (H, W, 3) RGB."""


class Still(Picture, Protocol):
    """A picture whose objects are known."""

    def labels(self) -> Pixels:
        """Read the object ids (H, W): 0 is background, `VOID` neither."""


Clip: TypeAlias = Sequence[Still]
"""Annotated frames of one video, in order; an object keeps its id."""


@dataclass(frozen=True, slots=True)
class Material:
    """Pictures of one origin.

    Attributes:
        weight: how often stills, clips and backgrounds are drawn from here, relative to others.
        stills: annotated pictures.
        clips: annotated videos, of at least two frames each.
        backgrounds: pictures without annotations.
        pictures: everything that an encoder may learn from.
    """

    weight: float = 1.0
    stills: Sequence[Still] = ()
    clips: Sequence[Clip] = ()
    backgrounds: Sequence[Picture] = ()
    pictures: Sequence[Picture] = ()


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture file."""

    path: Path

    def pixels(self) -> Pixels:
        """Read it as (H, W, 3) RGB."""
        bgr = cv2.imdecode(np.fromfile(self.path, np.uint8), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ValueError(f"cannot read picture {self.path}")
        return np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)


@dataclass(frozen=True, slots=True)
class StillFile(PictureFile):
    """A picture file and its label picture, an 8-bit palette or grey PNG.

    A black and white label picture shows one object.
    """

    mask: Path

    def labels(self) -> Pixels:
        """Read the object ids (H, W)."""
        with Image.open(self.mask) as picture:
            is_grey = picture.mode in ("1", "L")
            labels = np.array(picture.convert("L") if is_grey else picture)
        if labels.ndim != 2 or labels.dtype != np.uint8:
            raise ValueError(f"{self.mask} must be an 8-bit palette or grey PNG")
        if is_grey and not ((labels > 0) & (labels < VOID)).any():
            labels[labels == VOID] = 1
        return labels
