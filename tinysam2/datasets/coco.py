"""COCO instances: one JSON of polygons or run lengths over a folder of images."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinysam2.datasets.samples import VOID, DatasetPart, Pixels, StillFile
from tinysam2.datasets.segmentation import MAX_OBJECTS, decode, draw_labels


@dataclass(frozen=True, slots=True)
class _CocoStill(StillFile):
    """An image whose label image is drawn from its objects; ``mask`` is the JSON."""

    size_hw: tuple[int, int]
    objects: tuple[dict[str, Any], ...]

    def labels(self) -> Pixels:
        """Draw the objects; groups of objects that are not separated are void."""
        numbered = enumerate(self.objects, start=1)
        found = [(VOID if thing.get("iscrowd") else i, thing) for i, thing in numbered]
        masks = [(i, decode(thing["segmentation"], self.size_hw)) for i, thing in found]
        return draw_labels(masks, self.size_hw)


def read_coco(annotations: Path, images_root: Path | None) -> list[DatasetPart]:
    """Read the annotated images of a COCO instances file.

    Args:
        annotations: the JSON.
        images_root: folder of the images; None for the one beside the JSON's folder that is
            named like COCO's (``annotations/instances_train2017.json``: ``train2017``).

    Raises:
        ValueError: none of its images is there.
    """
    content = json.loads(annotations.read_text("utf-8"))
    folder = images_root or _image_folder(annotations)
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
        raise ValueError(f"{annotations} describes no image that is in {folder}")
    return [DatasetPart(stills=stills, images=stills)]


def _still(
    row: dict[str, Any], objects: list[dict[str, Any]], folder: Path, annotations: Path
) -> _CocoStill:
    size_hw = (int(row["height"]), int(row["width"]))
    return _CocoStill(folder / row["file_name"], annotations, size_hw, tuple(objects[:MAX_OBJECTS]))


def _image_folder(annotations: Path) -> Path:
    named = annotations.parent.parent / annotations.stem.removeprefix("instances_")
    return named if named.is_dir() else annotations.parent
