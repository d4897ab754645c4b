"""SA-V: one JSON file per video with the masks of all objects, frame by frame."""

import json
from pathlib import Path
from typing import Any

from app.core.document import Origin
from app.core.masks import RleMask
from app.export.format import ExportFormat, Group, Writing
from app.export.labels import json_text
from app.export.rle import compressed_rle
from app.export.selection import Selection

_BUCKETS = ((0, 32**2, "small"), (32**2, 96**2, "medium"))  # areas in pixels, as in COCO


def write_sav(selection: Selection, folder: Path) -> Writing:
    """Write ``<name>_manual.json``; an absent object keeps its place with an empty mask.

    The data set has every 4th frame of 24 a second; choose the step to do as it does.
    """
    empty = {"size": list(selection.size_hw), "counts": _empty_counts(selection.size_hw)}
    seen = [_Masklet() for _ in selection.objects]
    path = folder / f"{selection.name}_manual.json"
    with path.open("w", encoding="utf-8") as file:
        file.write(json_text(_video(selection))[:-1] + ', "masklet": [')
        for done, frame in enumerate(selection.frames, 1):
            coded = []
            for tracked, masklet in zip(selection.objects, seen, strict=True):
                row = selection.mask(tracked.object_id, frame)
                coded.append(empty if row is None else compressed_rle(row.mask))
                is_edited = row is not None and row.exported_origin is not Origin.TRACKED
                masklet.add(done - 1, row.mask.area if row else 0, is_edited)
            file.write(("\n" if done == 1 else ",\n") + json.dumps(coded))
            yield done
        file.write("\n], " + json_text(_masklets(selection, seen))[1:] + "\n")
    return ()


class _Masklet:
    """What is counted of one object."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.frame_count = self.changes = self.area = 0
        self.edited: list[int] = []  # positions in the list of frames
        self._was_visible = False

    def add(self, position: int, area: int, is_edited: bool) -> None:
        is_visible = area > 0
        if self.first is None and is_visible:
            self.first = position
        elif is_visible != self._was_visible and self.first is not None:
            self.changes += 1
        self._was_visible = is_visible
        self.frame_count += is_visible
        self.edited += [position] if is_edited else []
        self.area += area

    @property
    def mean_area(self) -> float:
        return self.area / max(1, self.frame_count)


def _empty_counts(size_hw: tuple[int, int]) -> str:
    return str(compressed_rle(RleMask.empty(size_hw))["counts"])


def _video(selection: Selection) -> dict[str, Any]:
    height, width = selection.size_hw
    source, frames = selection.source, selection.frames
    duration = source.timestamp_s(frames[-1]) - source.timestamp_s(frames[0])
    return {
        "video_id": selection.name,
        "video_duration": duration + float(1 / source.frame_rate),
        "video_frame_count": float(len(source)),
        "video_height": float(height),
        "video_width": float(width),
        "video_resolution": float(height * width),
        "video_environment": "",
        "video_split": "",
        "frame_names": [selection.frame_name(frame) for frame in frames],
        "frame_indices": list(frames),
    }


def _masklets(selection: Selection, seen: list[_Masklet]) -> dict[str, Any]:
    pixels = selection.size_hw[0] * selection.size_hw[1]
    return {
        "masklet_id": [tracked.object_id for tracked in selection.objects],
        "masklet_name": [tracked.name for tracked in selection.objects],
        "masklet_category": [tracked.category for tracked in selection.objects],
        "masklet_size_rel": [each.mean_area / pixels for each in seen],
        "masklet_size_abs": [each.mean_area for each in seen],
        "masklet_size_bucket": [_bucket(each.mean_area) for each in seen],
        "masklet_visibility_changes": [each.changes for each in seen],
        "masklet_first_appeared_frame": [float(each.first or 0) for each in seen],
        "masklet_frame_count": [each.frame_count for each in seen],
        "masklet_edited_frame_count": [len(each.edited) for each in seen],
        "masklet_edited_frames": [each.edited for each in seen],
        "masklet_type": ["manual"] * len(seen),
        "masklet_stability_score": [None] * len(seen),
        "masklet_num": len(seen),
    }


def _bucket(area: float) -> str:
    return next((name for low, high, name in _BUCKETS if low <= area < high), "large")


SAV = ExportFormat(
    "sav",
    "SA-V",
    "One JSON file with the masks of every frame, as in SAM 2's data set. Confidences are lost.",
    Group.ANNOTATIONS,
    write_sav,
    ("{name}_manual.json",),
)
