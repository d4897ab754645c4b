"""COCO instances with tracks, and COCO results, for pycocotools, CVAT and detectors."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.core.document import FrameMask, TrackedObject
from app.export.format import ExportFormat, Group, Writing
from app.export.labels import json_text
from app.export.rle import box_xywh, compressed_rle, outlines
from app.export.selection import Selection
from app.media.frames import FrameSource

Add = Callable[[Mapping[str, Any]], None]


def category_ids(objects: Sequence[TrackedObject]) -> dict[str, int]:
    """Number the categories from 1; readers take 0 for background."""
    return {
        name: number for number, name in enumerate(dict.fromkeys(o.category for o in objects), 1)
    }


def category_list(categories: Mapping[str, int]) -> list[dict[str, Any]]:
    """Describe numbered categories as COCO and YouTube-VIS do."""
    return [{"id": number, "name": name} for name, number in categories.items()]


def image_entry(
    source: FrameSource, frame: int, size_hw: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Describe a frame as COCO does an image; at the size of the source by default."""
    height, width = size_hw or source.size_hw
    return {
        "id": frame + 1,
        "file_name": f"frame_{frame:06d}.png",  # the name CVAT gives to frames of a video
        "width": width,
        "height": height,
        "frame_index": frame,
        "source_frame_index": frame,
        "pts_seconds": source.timestamp_s(frame),
    }


@contextmanager
def annotation_file(path: Path, head: Mapping[str, Any]) -> Iterator[Add]:
    """Write a JSON file of ``head`` and annotations, which get ids from 1 (0 scores nothing).

    Yields:
        A function that writes one annotation, so that long projects need little memory.
    """
    number = 0

    def add(annotation: Mapping[str, Any]) -> None:
        nonlocal number
        number += 1
        file.write("\n" if number == 1 else ",\n")
        file.write(json_text({"id": number, **annotation}))

    with path.open("w", encoding="utf-8") as file:
        file.write(json_text(head)[:-1] + ', "annotations": [')
        yield add
        file.write("\n]}\n")


def write_coco(selection: Selection, folder: Path) -> Writing:
    """Write one JSON file with an annotation per object and frame that has a mask."""
    categories = category_ids(selection.objects)
    path = folder / f"{selection.name}.coco.json"
    with annotation_file(path, coco_head(selection, categories)) as add:
        for done, frame in enumerate(selection.frames, 1):
            for tracked, row in selection.masks_on(frame):
                add(_annotation(selection, tracked, row, frame, categories[tracked.category]))
            yield done
    if selection.options.polygons:
        return ("Holes of masks are filled: polygons cannot hold them.",)
    return ()


def coco_head(selection: Selection, categories: Mapping[str, int]) -> dict[str, Any]:
    """Describe the video, its objects and frames; all of a COCO file but the annotations."""
    source, (height, width) = selection.source, selection.size_hw
    video = {"id": 1, "name": selection.name, "width": width, "height": height}
    return {
        "info": {"description": source.name, "frame_rate": str(source.frame_rate)},
        "videos": [{**video, "length": len(selection.frames)}],
        "categories": category_list(categories),
        "tracks": [_track(tracked, categories) for tracked in selection.objects],
        "images": [
            {
                **image_entry(source, frame, selection.size_hw),
                "file_name": coco_file_name(selection, frame),
                "video_id": 1,
            }
            for frame in selection.frames
        ],
    }


def coco_file_name(selection: Selection, frame: int) -> str:
    """Return the name of a frame's image: the chosen one, that of its file, or else CVAT's."""
    if selection.options.frame_names is not None:
        return f"{selection.frame_name(frame)}.png"
    if selection.own_files:
        return selection.own_files[frame].name
    return f"frame_{selection.frame_name(frame, 6)}.png"


def _track(tracked: TrackedObject, categories: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": tracked.object_id,
        "video_id": 1,
        "category_id": categories[tracked.category],
        "name": tracked.name,
    }


def _annotation(
    selection: Selection, tracked: TrackedObject, row: FrameMask, frame: int, category_id: int
) -> dict[str, Any]:
    if selection.options.polygons:
        segmentation: Any = [outline.ravel().tolist() for outline in outlines(row.mask)]
    else:
        segmentation = compressed_rle(row.mask)
    return {
        "image_id": frame + 1,
        "category_id": category_id,
        "segmentation": segmentation,
        "area": row.mask.area,
        "bbox": box_xywh(row.mask),
        "iscrowd": 0,  # 1 would make it a region to ignore, although it is run-length encoded
        "track_id": tracked.object_id,
        "score": _score(row),
        "origin": row.exported_origin.value,
        "is_verified": row.is_verified,
        # CVAT joins annotations that have both of these attributes into a track.
        "attributes": {"track_id": tracked.object_id, "keyframe": True},
    }


def _object_id(item: tuple[TrackedObject, FrameMask]) -> int:
    return item[0].object_id


def _score(row: FrameMask) -> float:
    return 1.0 if row.confidence is None else row.confidence


def write_coco_results(selection: Selection, folder: Path) -> Writing:
    """Write the list of scored masks that ``loadRes`` of pycocotools compares with a truth.

    Image ids are source frame numbers + 1, category ids those of the `coco` format.
    """
    categories = category_ids(selection.objects)
    path = folder / f"{selection.name}.coco_results.json"
    with path.open("w", encoding="utf-8") as file:
        separator = "["
        for done, frame in enumerate(selection.frames, 1):
            for tracked, row in sorted(selection.masks_on(frame), key=_object_id):
                result = {
                    "image_id": frame + 1,
                    "category_id": categories[tracked.category],
                    "segmentation": compressed_rle(row.mask),
                    "score": _score(row),
                    "track_id": tracked.object_id,
                    "frame_index": frame,
                }
                file.write(f"{separator}\n{json.dumps(result)}")
                separator = ","
            yield done
        file.write("\n]\n")
    return ()


COCO = ExportFormat(
    "coco",
    "COCO instances with tracks",
    "One JSON file with run-length masks or polygons, for pycocotools, CVAT and detectors. "
    "Keeps overlaps, identities and confidences.",
    Group.ANNOTATIONS,
    write_coco,
    ("{name}.coco.json",),
    options=("polygons",),
)
COCO_RESULTS = ExportFormat(
    "coco_results",
    "COCO results",
    "The list of scored masks that pycocotools compares with a ground truth. Names are lost.",
    Group.ANNOTATIONS,
    write_coco_results,
    ("{name}.coco_results.json",),
)
