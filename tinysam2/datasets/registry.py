"""Which reader reads which kind of data."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from tinysam2.datasets.coco import read_coco
from tinysam2.datasets.davis_tree import read_davis_tree
from tinysam2.datasets.image_folder import (
    read_image_folder,
    read_mask_folder,
    read_region_folder,
)
from tinysam2.datasets.index_folder import read_index_folder
from tinysam2.datasets.samples import DatasetPart
from tinysam2.datasets.sav import read_sav

_OLD_KINDS = {"pictures": "images"}
"""Names of kinds in recipes of earlier versions, which are still read."""


@dataclass(frozen=True, slots=True)
class DataRow:
    """A place that training data is read from.

    Attributes:
        path: folder, or the JSON file of ``coco``.
        kind: a key of `READERS`.
        weight: how often stills, clips and backgrounds are drawn from here, relative to others.
        images: folder of the images, for ``coco`` and ``masks`` that lie elsewhere.
        regions: whether regions of unlabeled images are stills, for ``index``.
    """

    path: Path
    kind: str
    weight: float = 1.0
    images: Path | None = None
    regions: bool = True

    def __post_init__(self) -> None:
        if self.kind in _OLD_KINDS:
            object.__setattr__(self, "kind", _OLD_KINDS[self.kind])
        if self.kind not in READERS:
            raise ValueError(f"kind must be one of {', '.join(READERS)}, got {self.kind!r}")
        if self.weight <= 0:
            raise ValueError(f"weight must be greater than 0, got {self.weight}")
        if self.images is not None and self.kind not in ("coco", "masks"):
            raise ValueError(f"images is for the kinds coco and masks, not for {self.kind}")
        if not self.regions and self.kind != "index":
            raise ValueError(f"regions is for the kind index, not for {self.kind}")


Data: TypeAlias = Path | tuple[DataRow, ...]
"""A folder with ``index.json``, or several places."""

READERS: dict[str, Callable[[DataRow], list[DatasetPart]]] = {
    "index": lambda row: read_index_folder(row.path, row.regions),
    "davis": lambda row: read_davis_tree(row.path),
    "coco": lambda row: read_coco(row.path, row.images),
    "sav": lambda row: read_sav(row.path),
    "masks": lambda row: read_mask_folder(row.path, row.images),
    "images": lambda row: read_image_folder(row.path),
    "regions": lambda row: read_region_folder(row.path),
}


def read_data(data: Data) -> list[DatasetPart]:
    """Find everything that there is to train on.

    Raises:
        ValueError: a place holds nothing of its kind.
        OSError: a place cannot be read.
    """
    rows = (DataRow(data, "index"),) if isinstance(data, Path) else data
    return [replace(part, weight=part.weight * row.weight) for row in rows for part in _read(row)]


def _read(row: DataRow) -> list[DatasetPart]:
    try:
        return READERS[row.kind](row)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{row.path} is no data of the kind {row.kind}: {error!r}") from error
