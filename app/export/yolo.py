"""YOLO segmentation: one text file of polygons per frame, to train detectors; lossy."""

import json
from pathlib import Path

from app.export.coco import category_ids
from app.export.format import ExportFormat, Group, Loss, Writing
from app.export.labels import frame_folder, save_frame
from app.export.rle import outlines
from app.export.selection import Selection


def write_yolo(selection: Selection, folder: Path) -> Writing:
    """Write ``labels/00000.txt`` for every frame and ``data.yaml`` with the class names.

    Each line is a class from 0 and one polygon, relative to the image's sides; a part of an object
    is a line of its own.
    """
    place = folder / "yolo" / selection.name
    labels, images = place / "labels", frame_folder(selection, place / "images")
    labels.mkdir(parents=True)
    classes = {name: number - 1 for name, number in category_ids(selection.objects).items()}
    height, width = selection.size_hw
    for done, frame in enumerate(selection.frames, 1):
        lines = [
            f"{classes[tracked.category]} "
            + " ".join(f"{x / width:.6f} {y / height:.6f}" for x, y in outline.tolist())
            for tracked, row in selection.masks_on(frame)
            for outline in outlines(row.mask)
        ]
        text = "".join(f"{line}\n" for line in lines)
        (labels / f"{selection.frame_name(frame)}.txt").write_text(text, "ascii")
        save_frame(selection, frame, images)
        yield done
    names = "".join(f"  {number}: {json.dumps(name)}\n" for name, number in classes.items())
    (place / "data.yaml").write_text(
        f"path: .\ntrain: images\nval: images\nnames:\n{names}", encoding="ascii"
    )
    return ("YOLO's polygons lose holes, the exact pixels and which object is which.",)


YOLO = ExportFormat(
    "yolo",
    "YOLO segmentation (lossy)",
    "A text file of polygons per frame, to train detectors. Identities and holes are lost.",
    Group.ANNOTATIONS,
    write_yolo,
    ("yolo/{name}",),
    loses=(Loss.IDENTITIES, Loss.PIXELS),
    options=("with_images",),
)
