"""COCO instances: one JSON of polygons or run lengths over a folder of pictures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from tinysam2.training.sources.material import VOID, Material, Pixels, StillFile

_MOST_OBJECTS = VOID - 1


@dataclass(frozen=True, slots=True)
class _CocoStill(StillFile):
    """A picture whose label picture is drawn from its objects; ``mask`` is the JSON."""

    size_hw: tuple[int, int]
    objects: tuple[dict[str, Any], ...]

    def labels(self) -> Pixels:
        """Draw the objects, large ones first, so that what lies on them is seen."""
        labels = np.zeros(self.size_hw, np.uint8)
        for number, thing in enumerate(self.objects, start=1):
            value = VOID if thing.get("iscrowd") else number
            labels[_decode(thing["segmentation"], self.size_hw)] = value
        return labels


def read_coco(annotations: Path, pictures_root: Path | None) -> list[Material]:
    """Read the annotated pictures of a COCO instances file.

    Args:
        annotations: the JSON.
        pictures_root: folder of the pictures; None for the one beside the JSON's folder that is
            named like COCO's (``annotations/instances_train2017.json``: ``train2017``).

    Raises:
        ValueError: none of its pictures is there.
    """
    content = json.loads(annotations.read_text("utf-8"))
    folder = pictures_root or _picture_folder(annotations)
    objects: dict[int, list[dict[str, Any]]] = {}
    for row in content["annotations"]:
        objects.setdefault(row["image_id"], []).append(row)
    stills = [
        _still(row, objects[row["id"]], folder, annotations)
        for row in content["images"]
        if row["id"] in objects
    ]
    stills = [still for still in stills if still.path.exists()]
    if not stills:
        raise ValueError(f"{annotations} describes no picture that is in {folder}")
    return [Material(stills=stills, pictures=stills)]


def _still(
    row: dict[str, Any], objects: list[dict[str, Any]], folder: Path, annotations: Path
) -> _CocoStill:
    by_area = sorted(objects, key=lambda thing: -float(thing.get("area", 0)))[:_MOST_OBJECTS]
    size_hw = (int(row["height"]), int(row["width"]))
    return _CocoStill(folder / row["file_name"], annotations, size_hw, tuple(by_area))


def _picture_folder(annotations: Path) -> Path:
    named = annotations.parent.parent / annotations.stem.removeprefix("instances_")
    return named if named.is_dir() else annotations.parent


def _decode(segmentation: Any, size_hw: tuple[int, int]) -> Any:  # noqa: ANN401 - untyped library
    """Decode COCO's three forms: polygons, plain and compressed run lengths; (H, W) bool."""
    height, width = size_hw
    is_packed = isinstance(segmentation, dict) and isinstance(segmentation["counts"], str)
    coded = segmentation if is_packed else coco_mask.frPyObjects(segmentation, height, width)
    if isinstance(coded, list):
        coded = coco_mask.merge(coded)
    return coco_mask.decode(coded).astype(bool)
