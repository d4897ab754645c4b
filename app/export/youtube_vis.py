"""YouTube-VIS: one annotation per object with a mask or null for every frame."""

from pathlib import Path
from typing import Any

from app.core.document import Document, TrackedObject
from app.export.coco import box_xywh, category_ids, category_list, compressed_rle, write_annotations
from app.export.format import ExportFormat, ExportReport
from app.export.labels import file_stem, frame_digits, objects_with_masks
from app.media.frames import FrameSource


def write_youtube_vis(
    document: Document, source: FrameSource, out_dir: Path, frames: range
) -> ExportReport:
    """Write one JSON file that names its frames ``<video>/00000.jpg`` by source frame number."""
    objects = objects_with_masks(document, frames)
    categories = category_ids(objects)
    name = file_stem(source.name)
    digits = frame_digits(frames, 5)
    height, width = source.size_hw
    video = {
        "id": 1,
        "width": width,
        "height": height,
        "length": len(frames),
        "file_names": [f"{name}/{frame:0{digits}d}.jpg" for frame in frames],
    }
    head = {"videos": [video], "categories": category_list(categories)}
    path = out_dir / f"{name}.youtube_vis.json"
    annotations = (
        {"category_id": categories[o.category], **_annotation(document, o, frames)} for o in objects
    )
    write_annotations(path, head, annotations)
    return ExportReport((path,))


def _annotation(document: Document, tracked: TrackedObject, frames: range) -> dict[str, Any]:
    rows = [document.mask(tracked.object_id, frame) for frame in frames]
    masks = [row.mask if row is not None and row.mask.area else None for row in rows]
    return {
        "video_id": 1,
        "iscrowd": 0,
        "segmentations": [mask and compressed_rle(mask) for mask in masks],
        "areas": [mask and mask.area for mask in masks],
        "bboxes": [mask and box_xywh(mask) for mask in masks],
        "track_id": tracked.object_id,
        "name": tracked.name,
    }


YOUTUBE_VIS = ExportFormat(
    "youtube_vis",
    "YouTube-VIS",
    "One JSON file with a list of masks per object, for video instance segmentation. "
    "Confidences are lost.",
    write_youtube_vis,
)
