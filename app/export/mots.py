"""MOTS as images and as text, and MOT boxes: the formats of the tracking benchmarks."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.core.errors import ExportError
from app.core.masks import RleMask
from app.export.coco import category_ids
from app.export.format import ExportFormat, Group, Loss, Writing
from app.export.labels import (
    frame_folder,
    label_map,
    overlap_warning,
    save_frame,
    write_objects_file,
)
from app.export.rle import box_xywh, compressed_rle
from app.export.selection import Selection

INSTANCES = 1000
"""Values are class x 1000 + instance."""

IGNORED = 10_000
"""The value of regions to ignore, of class 10."""

_MAX_CLASS = 64  # 65 x 1000 and more does not fit into 16 bits


def mots_values(selection: Selection) -> dict[int, int]:
    """Return the MOTS value of each object id.

    Instances keep the object's number where it is below 1000, and are numbered from 1 otherwise.

    Raises:
        ExportError: the format has too few numbers.
    """
    objects, categories = selection.objects, category_ids(selection.objects)
    if len(objects) >= INSTANCES or len(categories) > _MAX_CLASS - 1:
        raise ExportError(
            f"MOTS has numbers for {INSTANCES - 1} objects of {_MAX_CLASS - 1} classes, the "
            f"project has {len(objects)} of {len(categories)}.",
            "Export to COCO instead.",
        )
    ids = [tracked.object_id for tracked in objects]
    if max(ids, default=0) >= INSTANCES:
        ids = list(range(1, len(ids) + 1))
    # Class 10 is that of regions to ignore.
    classes = {
        name: number + (number >= IGNORED // INSTANCES) for name, number in categories.items()
    }
    return {
        tracked.object_id: classes[tracked.category] * INSTANCES + instance
        for tracked, instance in zip(objects, ids, strict=True)
    }


def class_names(selection: Selection, values: Mapping[int, int]) -> list[str]:
    """Return the names of the classes from 1 up; a class without objects is "ignored"."""
    names = {values[o.object_id] // INSTANCES: o.category for o in selection.objects}
    return [names.get(number, "ignored") for number in range(1, max(names, default=0) + 1)]


def write_mots_png(selection: Selection, folder: Path) -> Writing:
    """Write ``instances/<name>/00000.png`` of 16 bits, and ``labels.txt`` with the classes."""
    values, tree = mots_values(selection), folder / "mots_png" / selection.name
    instances, images = tree / "instances", frame_folder(selection, tree / "images")
    instances.mkdir(parents=True)
    overlapping = 0
    for done, frame in enumerate(selection.frames, 1):
        pixels, contested = label_map(selection, frame, values)
        Image.fromarray(pixels).save(instances / f"{selection.frame_name(frame, 6)}.png")
        save_frame(selection, frame, images)
        overlapping += contested > 0
        yield done
    labels = "".join(f"{' '.join(name.split())}\n" for name in class_names(selection, values))
    (tree / "labels.txt").write_text(labels, "utf-8", "backslashreplace")
    write_objects_file(folder / f"{selection.name}.mots_png.objects.json", selection, values)
    return tuple(overlap_warning(overlapping))


def write_mots_text(selection: Selection, folder: Path) -> Writing:
    """Write ``frame id class height width rle`` lines; frames are numbered from 1 as exported."""
    values, overlapping = mots_values(selection), 0
    path = folder / "mots_txt" / f"{selection.name}.txt"
    path.parent.mkdir()
    height, width = selection.size_hw
    with path.open("w", encoding="ascii", newline="\n") as file:
        for done, frame in enumerate(selection.frames, 1):
            pixels, contested = label_map(selection, frame, values)
            overlapping += contested > 0
            for value in np.unique(pixels[pixels > 0]).tolist():
                counts = _counts(pixels == value)
                file.write(f"{done} {value} {value // INSTANCES} {height} {width} {counts}\n")
            yield done
    write_objects_file(folder / f"{selection.name}.mots_txt.objects.json", selection, values)
    return tuple(overlap_warning(overlapping))


def _counts(bitmap: NDArray[np.bool_]) -> str:
    return str(compressed_rle(RleMask.encode(bitmap))["counts"])


def write_mot_boxes(selection: Selection, folder: Path) -> Writing:
    """Write ``frame,id,left,top,width,height,score,-1,-1,-1`` lines; all counts start at 1."""
    path = folder / "mot" / f"{selection.name}.txt"
    path.parent.mkdir()
    with path.open("w", encoding="ascii", newline="\n") as file:
        for done, frame in enumerate(selection.frames, 1):
            for tracked, row in selection.masks_on(frame):
                x, y, width, height = box_xywh(row.mask)
                score = 1.0 if row.confidence is None else row.confidence
                file.write(
                    f"{done},{tracked.object_id},{x + 1:g},{y + 1:g},{width:g},{height:g},"
                    f"{score:.4f},-1,-1,-1\n"
                )
            yield done
    return ()


MOTS_PNG = ExportFormat(
    "mots_png",
    "MOTS images",
    "16-bit PNG of every frame, class x 1000 + object, for CVAT and the MOTS benchmark.",
    Group.MASK_IMAGES,
    write_mots_png,
    ("mots_png/{name}", "{name}.mots_png.objects.json"),
    loses=(Loss.OVERLAPS,),
    options=("with_images",),
)
MOTS_TEXT = ExportFormat(
    "mots_txt",
    "MOTS text",
    "One text file with run-length masks, for TrackEval.",
    Group.ANNOTATIONS,
    write_mots_text,
    ("mots_txt/{name}.txt", "{name}.mots_txt.objects.json"),
    loses=(Loss.OVERLAPS,),
)
MOT_BOXES = ExportFormat(
    "mot",
    "MOT boxes",
    "One text file with a box per object and frame, for the MOT challenge and TrackEval.",
    Group.ANNOTATIONS,
    write_mot_boxes,
    ("mot/{name}.txt",),
    loses=(Loss.MASKS,),
)
