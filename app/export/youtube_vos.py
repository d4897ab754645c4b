"""YouTube-VOS: one palette image per frame, and a list of the objects of all videos."""

import json
from pathlib import Path
from typing import Any

from app.core.errors import ExportError
from app.export.davis import MAX_ID
from app.export.format import ExportFormat, Group, Loss, Writing
from app.export.labels import (
    frame_folder,
    json_text,
    label_map,
    overlap_warning,
    save_frame,
    save_labels,
)
from app.export.naming import listed
from app.export.selection import Selection

_META = "youtube_vos/meta.json"


def write_youtube_vos(selection: Selection, folder: Path) -> Writing:
    """Write ``Annotations/<name>/00000.png`` and ``meta.json``; pixel values are the object ids.

    Objects may appear late: the list names the frames of each. It leaves out those without a
    pixel, which lie under others or vanish when scaled.

    Raises:
        ExportError: an object has a number that an 8-bit image cannot hold.
    """
    labels = {tracked.object_id: tracked.object_id for tracked in selection.objects}
    if max(labels, default=0) > MAX_ID:
        raise ExportError(
            f"YouTube-VOS images hold object numbers up to {MAX_ID}, the project has "
            f"{max(labels)}.",
            "Export to YouTube-VIS instead.",
        )
    tree = folder / "youtube_vos"
    annotations = tree / "Annotations" / selection.name
    images = frame_folder(selection, tree / "JPEGImages" / selection.name)
    annotations.mkdir(parents=True)
    seen: dict[int, list[str]] = {object_id: [] for object_id in labels}
    overlapping = 0
    for done, frame in enumerate(selection.frames, 1):
        name = selection.frame_name(frame)
        values, contested = label_map(selection, frame, labels)
        save_labels(values, annotations / f"{name}.png")
        for object_id in seen.keys() & set(values[values > 0].tolist()):
            seen[object_id].append(name)
        save_frame(selection, frame, images)
        overlapping += contested > 0
        yield done
    (folder / _META).write_text(_meta_text({selection.name: _entry(selection, seen)}), "utf-8")
    unseen = [tracked.name for tracked in selection.objects if not seen[tracked.object_id]]
    warnings = [f"{listed(unseen)} has no pixel of its own and is left out."] if unseen else []
    return (*warnings, *overlap_warning(overlapping))


def _entry(selection: Selection, seen: dict[int, list[str]]) -> dict[str, Any]:
    return {
        "objects": {
            str(tracked.object_id): {
                "category": tracked.category,
                "frames": seen[tracked.object_id],
                "name": tracked.name,
            }
            for tracked in selection.objects
            if seen[tracked.object_id]  # readers look for an object on its first frame
        }
    }


def _meta_text(videos: dict[str, Any]) -> str:
    return json_text({"videos": videos}, indent=1) + "\n"


def merge_meta(earlier: str, new: str) -> str:
    """Add the videos of a list to an earlier one.

    Raises:
        ExportError: the earlier text is not such a list.
    """
    try:
        videos = dict(json.loads(earlier)["videos"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ExportError(
            f"{_META} in the folder is not a list of videos.", "Export to another folder."
        ) from error
    return _meta_text(videos | json.loads(new)["videos"])


YOUTUBE_VOS = ExportFormat(
    "youtube_vos",
    "YouTube-VOS",
    "Palette PNG of every frame and meta.json with the frames of each object.",
    Group.MASK_IMAGES,
    write_youtube_vos,
    ("youtube_vos/Annotations/{name}", "youtube_vos/JPEGImages/{name}"),
    {_META: merge_meta},
    loses=(Loss.OVERLAPS,),
    options=("with_images",),
)
