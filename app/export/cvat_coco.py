"""COCO as CVAT's importer makes tracks of it: a zip file whose tracks also end."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.core.document import FrameMask, TrackedObject
from app.export.coco import category_ids, coco_head
from app.export.format import ExportFormat, Group, Writing
from app.export.labels import json_text
from app.export.rle import box_xywh, compressed_rle
from app.export.selection import Selection

MEMBER = "annotations/instances_default.json"
_STAMP = (1980, 1, 1, 0, 0, 0)  # the least that a zip file can hold: equal exports are equal files


def write_cvat_coco(selection: Selection, folder: Path) -> Writing:
    """Write a zip file of one COCO file whose tracks end where the object is absent.

    CVAT shows a mask until the next one of its track; one marked ``outside`` ends it.  pycocotools
    would take that one for an object, which is why this is not the `coco` format.
    """
    path = folder / f"{selection.name}.cvat_coco.zip"
    categories = category_ids(selection.objects)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo(MEMBER, _STAMP)
        member.compress_type = zipfile.ZIP_DEFLATED
        with (
            archive.open(member, "w", force_zip64=True) as binary,
            io.TextIOWrapper(binary, "utf-8") as file,
        ):
            file.write(json_text(coco_head(selection, categories))[:-1] + ', "annotations": [')
            for number, (done, annotation) in enumerate(_annotations(selection, categories), 1):
                file.write("\n" if number == 1 else ",\n")
                file.write(json_text({"id": number, **annotation}))
                yield done
            file.write("\n]}\n")
    return ()


def _annotations(
    selection: Selection, categories: dict[str, int]
) -> Iterator[tuple[int, dict[str, Any]]]:
    shown: dict[int, FrameMask] = {}
    for done, frame in enumerate(selection.frames, 1):
        for tracked in selection.objects:
            row = selection.mask(tracked.object_id, frame)
            category_id = categories[tracked.category]
            if row is not None:
                yield done, _annotation(tracked, row, frame, category_id, is_outside=False)
                shown[tracked.object_id] = row
            elif (last := shown.pop(tracked.object_id, None)) is not None:
                yield done, _annotation(tracked, last, frame, category_id, is_outside=True)


def _annotation(
    tracked: TrackedObject, row: FrameMask, frame: int, category_id: int, is_outside: bool
) -> dict[str, Any]:
    return {
        "image_id": frame + 1,
        "category_id": category_id,
        "segmentation": compressed_rle(row.mask),
        "area": row.mask.area,
        "bbox": box_xywh(row.mask),
        "iscrowd": 0,
        "attributes": {
            "track_id": tracked.object_id,
            "keyframe": True,
            "outside": is_outside,
            "occluded": False,
        },
    }


CVAT_COCO = ExportFormat(
    "cvat_coco",
    "COCO for CVAT",
    "A zip file to upload to CVAT as COCO 1.0; its tracks end where an object is absent.",
    Group.ANNOTATIONS,
    write_cvat_coco,
    ("{name}.cvat_coco.zip",),
)
