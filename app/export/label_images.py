"""Read label images: one image per frame whose pixels are object numbers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from app.core.errors import ExportError
from app.core.masks import RleMask
from app.export.naming import trailing_number

VOID = 255


def read_davis(folder: Path) -> Iterator[tuple[int, dict[int, RleMask]]]:
    """Read label images, such as ``Annotations/480p/<sequence>/00000.png``, in frame order.

    Args:
        folder: images whose names end in the frame number; gray or palette, one label per pixel.

    Yields:
        Frame number and its masks by label; background and void (255) are left out.

    Raises:
        ExportError: there are no such images, or one cannot be read as labels.
    """
    files = [f for f in folder.glob("*.png") if trailing_number(f.stem) is not None]
    if not files:
        raise ExportError(
            f"{folder} holds no numbered label images.", "Choose a folder with 00000.png ..."
        )
    for file in sorted(files, key=lambda f: trailing_number(f.stem) or 0):
        try:
            with Image.open(file) as image:
                labels = np.asarray(image)
        except (OSError, SyntaxError) as error:
            raise ExportError(f"{file} cannot be read: {error}.") from error
        if labels.ndim != 2:
            raise ExportError(
                f"{file} is a color image, not a label image.",
                "Each pixel must be one number: a palette or gray PNG.",
            )
        present = set(np.unique(labels).tolist()) - {0, VOID}
        masks = {label: RleMask.encode(labels == label) for label in sorted(present)}
        yield trailing_number(file.stem) or 0, masks
