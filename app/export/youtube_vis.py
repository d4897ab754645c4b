"""YouTube-VIS: one annotation per object with a mask or null for every frame."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from app.core.document import TrackedObject
from app.export.coco import category_ids, category_list
from app.export.format import ExportFormat, Group, Writing
from app.export.labels import json_text
from app.export.rle import box_xywh, compressed_rle
from app.export.selection import Selection


def write_youtube_vis(selection: Selection, folder: Path) -> Writing:
    """Write one JSON file that names its frames ``<video>/00000.jpg``."""
    categories = category_ids(selection.objects)
    height, width = selection.size_hw
    video = {
        "id": 1,
        "width": width,
        "height": height,
        "length": len(selection.frames),
        "file_names": [f"{selection.name}/{selection.frame_name(f)}.jpg" for f in selection.frames],
        "frame_indices": list(selection.frames),
    }
    head = {"videos": [video], "categories": category_list(categories)}
    path = folder / f"{selection.name}.youtube_vis.json"
    with path.open("w", encoding="utf-8") as file:
        file.write(json_text(head)[:-1] + ', "annotations": [')
        for number, tracked in enumerate(selection.objects, 1):
            category_id = categories[tracked.category]
            entry = {"id": number, "category_id": category_id, "video_id": 1, "iscrowd": 0}
            file.write("\n" if number == 1 else ",\n")
            file.write(json_text(entry)[:-1])
            for done in _write_lists(file, selection, tracked):
                yield ((number - 1) * len(selection.frames) + done) // len(selection.objects)
            ending = {"track_id": tracked.object_id, "name": tracked.name}
            file.write(", " + json_text(ending)[1:])
        file.write("\n]}\n")
    return ()


def _write_lists(file: IO[str], selection: Selection, tracked: TrackedObject) -> Iterator[int]:
    """Write the masks, areas and boxes of an object; yields the frames whose mask is written."""
    areas: list[int | None] = []
    boxes: list[list[float] | None] = []
    for done, frame in enumerate(selection.frames, 1):
        row = selection.mask(tracked.object_id, frame)
        coded = None if row is None else compressed_rle(row.mask)
        file.write(', "segmentations": [' if done == 1 else ", ")
        file.write(json.dumps(coded))
        areas.append(None if row is None else row.mask.area)
        boxes.append(None if row is None else box_xywh(row.mask))
        yield done
    file.write(f'], "areas": {json.dumps(areas)}, "bboxes": {json.dumps(boxes)}')


YOUTUBE_VIS = ExportFormat(
    "youtube_vis",
    "YouTube-VIS",
    "One JSON file with a list of masks per object, for video instance segmentation. "
    "Confidences are lost.",
    Group.ANNOTATIONS,
    write_youtube_vis,
    ("{name}.youtube_vis.json",),
)
