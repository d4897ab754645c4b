"""COCO instances with tracks, for pycocotools, CVAT and detectors; only prompts are lost."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from app.core.document import Document, FrameMask, TrackedObject
from app.core.masks import RleMask
from app.export.format import ExportFormat, ExportReport
from app.export.labels import file_stem, objects_with_masks
from app.media.frames import FrameSource


def compressed_rle(mask: RleMask) -> dict[str, Any]:
    """Encode a mask as pycocotools does: column-major runs, compressed to text."""
    coded = coco_mask.encode(np.asfortranarray(mask.decode(), dtype=np.uint8))
    return {"size": [int(n) for n in coded["size"]], "counts": coded["counts"].decode("ascii")}


def box_xywh(mask: RleMask) -> list[float]:
    """Return the bounding box as x, y, width, height; zeros for an empty mask."""
    x0, y0, x1, y1 = mask.box_xyxy or (0, 0, 0, 0)
    return [float(x0), float(y0), float(x1 - x0), float(y1 - y0)]


def category_ids(objects: Sequence[TrackedObject]) -> dict[str, int]:
    """Number the categories from 1; readers take 0 for background."""
    return {
        name: number for number, name in enumerate(dict.fromkeys(o.category for o in objects), 1)
    }


def category_list(categories: Mapping[str, int]) -> list[dict[str, Any]]:
    """Describe numbered categories as COCO and YouTube-VIS do."""
    return [{"id": number, "name": name} for name, number in categories.items()]


def image_entry(source: FrameSource, frame: int) -> dict[str, Any]:
    """Describe a frame as COCO does an image."""
    height, width = source.size_hw
    return {
        "id": frame + 1,
        "file_name": f"frame_{frame:06d}.png",  # the name CVAT gives to frames of a video
        "width": width,
        "height": height,
        "frame_index": frame,
        "source_frame_index": frame,
        "pts_seconds": source.timestamp_s(frame),
    }


def write_annotations(
    path: Path, head: Mapping[str, Any], annotations: Iterable[Mapping[str, Any]]
) -> None:
    """Write a JSON file of ``head`` and ``annotations``, which get ids from 1 (0 scores nothing).

    Annotations are written one at a time, so that long projects need little memory.
    """
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "annotations": [')
        for number, annotation in enumerate(annotations, 1):
            file.write("\n" if number == 1 else ",\n")
            file.write(json.dumps({"id": number, **annotation}, ensure_ascii=False))
        file.write("\n]}\n")


def write_coco(
    document: Document, source: FrameSource, out_dir: Path, frames: range
) -> ExportReport:
    """Write one JSON file with an annotation per object and frame that has a mask."""
    objects = objects_with_masks(document, frames)
    path = out_dir / f"{file_stem(source.name)}.coco.json"
    categories = category_ids(objects)
    head = {
        "info": {"description": source.name, "frame_rate": str(source.frame_rate)},
        "videos": [_video(source, frames)],
        "categories": category_list(categories),
        "tracks": [_track(tracked, categories) for tracked in objects],
        "images": [{**image_entry(source, frame), "video_id": 1} for frame in frames],
    }
    write_annotations(path, head, _annotations(document, categories, frames))
    return ExportReport((path,))


def _video(source: FrameSource, frames: range) -> dict[str, Any]:
    height, width = source.size_hw
    length = len(frames)
    return {"id": 1, "name": source.name, "width": width, "height": height, "length": length}


def _track(tracked: TrackedObject, categories: Mapping[str, int]) -> dict[str, Any]:
    category_id = categories[tracked.category]
    return {
        "id": tracked.object_id,
        "video_id": 1,
        "category_id": category_id,
        "name": tracked.name,
    }


def _annotations(
    document: Document, categories: Mapping[str, int], frames: range
) -> Iterator[dict[str, Any]]:
    for frame in frames:
        for tracked, row in document.masks_on(frame):
            if row.mask.area:
                yield _annotation(tracked, row, frame, categories[tracked.category])


def _annotation(
    tracked: TrackedObject, row: FrameMask, frame: int, category_id: int
) -> dict[str, Any]:
    return {
        "image_id": frame + 1,
        "category_id": category_id,
        "segmentation": compressed_rle(row.mask),
        "area": row.mask.area,
        "bbox": box_xywh(row.mask),
        "iscrowd": 0,  # 1 would make it a region to ignore, although it is run-length encoded
        "track_id": tracked.object_id,
        "score": 1.0 if row.confidence is None else row.confidence,
        "origin": row.origin.value,
        "is_verified": row.is_verified,
        # CVAT joins annotations that have both of these attributes into a track.
        "attributes": {"track_id": tracked.object_id, "keyframe": True},
    }


COCO = ExportFormat(
    "coco",
    "COCO instances with tracks",
    "One JSON file with run-length masks, for pycocotools, CVAT and detectors. "
    "Keeps overlaps, identities and confidences.",
    write_coco,
)
