"""LabelMe: one JSON file per frame, with a mask or polygons per object."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from app.core.document import FrameMask, TrackedObject
from app.export.format import ExportFormat, Group, Writing
from app.export.labels import frame_folder, json_text, save_frame
from app.export.rle import outlines
from app.export.selection import Selection

VERSION = "5.5.0"
"""The first versions with masks are 5.3 and later; earlier ones read polygons only."""


def write_labelme(selection: Selection, folder: Path) -> Writing:
    """Write ``<name>/00000.json`` for every frame; ``group_id`` is the object's number.

    Source:
        wkentaro/labelme: a mask is a PNG of its box, whose corners (both inclusive) are its points.
    """
    place = folder / "labelme" / selection.name
    place.mkdir(parents=True)
    images = frame_folder(selection, place)
    for done, frame in enumerate(selection.frames, 1):
        name = selection.frame_name(frame)
        content: dict[str, Any] = {
            "version": VERSION,
            "flags": {},
            "shapes": [
                shape
                for tracked, row in _by_number(selection, frame)
                for shape in _shapes(selection, tracked, row)
            ],
            "imagePath": f"{name}.jpg",
            "imageData": None,
            "imageHeight": selection.size_hw[0],
            "imageWidth": selection.size_hw[1],
        }
        (place / f"{name}.json").write_text(json_text(content, indent=1), "utf-8")
        save_frame(selection, frame, images)
        yield done
    if selection.options.polygons:
        return ("Holes of masks are filled: polygons cannot hold them.",)
    return ()


def _by_number(selection: Selection, frame: int) -> list[tuple[TrackedObject, FrameMask]]:
    return sorted(selection.masks_on(frame), key=lambda item: item[0].object_id)


def _shapes(selection: Selection, tracked: TrackedObject, row: FrameMask) -> list[dict[str, Any]]:
    shared = {
        "label": tracked.category,
        "group_id": tracked.object_id,
        "description": tracked.name,
        "flags": {},
    }
    if selection.options.polygons:
        return [
            {**shared, "shape_type": "polygon", "points": outline.tolist(), "mask": None}
            for outline in outlines(row.mask)
        ]
    assert row.mask.box_xyxy is not None  # empty masks are not exported
    x0, y0, x1, y1 = row.mask.box_xyxy
    points = [[x0, y0], [x1 - 1, y1 - 1]]
    part = np.ascontiguousarray(row.mask.decode()[y0:y1, x0:x1])
    coded = io.BytesIO()
    Image.fromarray(part.astype(np.uint8) * 255).save(coded, "PNG")
    text = base64.b64encode(coded.getvalue()).decode("ascii")
    return [{**shared, "shape_type": "mask", "points": points, "mask": text}]


LABELME = ExportFormat(
    "labelme",
    "LabelMe",
    "One JSON file per frame with a mask or polygons per object. Confidences are lost.",
    Group.ANNOTATIONS,
    write_labelme,
    ("labelme/{name}",),
    options=("with_images", "polygons"),
)
