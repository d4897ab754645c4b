"""COCO instances: one JSON of polygons or run lengths over a folder of pictures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinysam2.datasets.samples import VOID, Material, Pixels, StillFile
from tinysam2.datasets.segmentation import MOST_OBJECTS, decode, draw_labels


@dataclass(frozen=True, slots=True)
class _CocoStill(StillFile):
    """A picture whose label picture is drawn from its objects; ``mask`` is the JSON."""

    size_hw: tuple[int, int]
    objects: tuple[dict[str, Any], ...]

    def labels(self) -> Pixels:
        """Draw the objects; groups that nobody told apart are void."""
        numbered = enumerate(self.objects, start=1)
        found = [(VOID if thing.get("iscrowd") else i, thing) for i, thing in numbered]
        masks = [(i, decode(thing["segmentation"], self.size_hw)) for i, thing in found]
        return draw_labels(masks, self.size_hw)


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
    size_hw = (int(row["height"]), int(row["width"]))
    return _CocoStill(
        folder / row["file_name"], annotations, size_hw, tuple(objects[:MOST_OBJECTS])
    )


def _picture_folder(annotations: Path) -> Path:
    named = annotations.parent.parent / annotations.stem.removeprefix("instances_")
    return named if named.is_dir() else annotations.parent
