"""DAVIS 2017 and 2016: one image per frame, for the official evaluators and most research code."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from app.core.document import TrackedObject
from app.core.errors import ExportError
from app.export.format import ExportFormat, Group, Loss, Writing
from app.export.labels import (
    frame_folder,
    label_map,
    late_objects_warning,
    overlap_warning,
    save_frame,
    save_labels,
    write_objects_file,
)
from app.export.naming import listed
from app.export.selection import Selection

MAX_ID = 253  # TrackEval's text reserves 254, the evaluator 255
WHITE = 255  # the object in the images of DAVIS 2016
_LIST_2017 = "ImageSets/2017/val.txt"
_LIST_2016 = "davis_2016/ImageSets/480p/val.txt"


def write_davis(selection: Selection, folder: Path) -> Writing:
    """Write the tree of one sequence of DAVIS 2017; pixel values are the object ids.

    With ``official_ids`` the objects are numbered from 1 without gaps and so that the official
    evaluator scores all of them, and leading frames without any mask are left out.

    Raises:
        ExportError: an object has a number that an 8-bit image cannot hold.
    """
    frames, labels = _numbering(selection)
    annotations = folder / "Annotations" / "480p" / selection.name
    images = frame_folder(selection, folder / "JPEGImages" / "480p" / selection.name)
    annotations.mkdir(parents=True)
    overlapping, first_values = 0, np.zeros(0, dtype=np.uint16)
    for done, frame in enumerate(frames, 1):
        values, contested = label_map(selection, frame, labels)
        save_labels(values, annotations / f"{selection.frame_name(frame)}.png")
        save_frame(selection, frame, images)
        if done == 1:
            first_values = np.unique(values)
        overlapping += contested > 0
        yield done
    write_list(folder / _LIST_2017, [selection.name])
    write_objects_file(folder / f"{selection.name}.objects.json", selection, labels, frames)
    starting = set(first_values.tolist())
    return tuple(_warnings(selection, frames, labels, starting, overlapping))


def _numbering(selection: Selection) -> tuple[range, dict[int, int]]:
    """Return the frames to write, and the value of each object id."""
    objects, frames = selection.objects, selection.frames
    if selection.options.official_ids:
        frames = frames[selection.first_masked :]
        if not frames:
            raise ExportError("There is no mask to export.")
        starting = {o.object_id for o, _ in selection.masks_on(frames[0])}
        objects = _official_order(objects, starting)
        labels = {tracked.object_id: number for number, tracked in enumerate(objects, 1)}
    else:
        labels = {tracked.object_id: tracked.object_id for tracked in objects}
    if max(labels.values(), default=0) > MAX_ID:
        raise ExportError(
            f"DAVIS images hold {MAX_ID} objects at most, the project has {len(objects)} with "
            f"numbers up to {max(labels)}.",
            "Export to COCO, or use the official numbering."
            if len(objects) <= MAX_ID
            else "Export to COCO instead.",
        )
    return frames, labels


def _official_order(objects: Sequence[TrackedObject], starting: set[int]) -> list[TrackedObject]:
    """Order the objects so that the last one, with the highest number, is in the first image.

    The evaluator takes the highest number on the first image for the number of objects.
    """
    if not starting or objects[-1].object_id in starting:
        return list(objects)
    last = next(o for o in reversed(objects) if o.object_id in starting)
    return sorted(objects, key=lambda o: o is last)


def write_list(path: Path, lines: Sequence[str]) -> None:
    """Write a list of a split's sequences or frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def merge_lists(earlier: str, new: str) -> str:
    """Add the lines of a list that an earlier one does not have."""
    lines = dict.fromkeys(filter(None, [*earlier.split("\n"), *new.split("\n")]))
    return "".join(f"{line}\n" for line in lines)


def _warnings(
    selection: Selection,
    frames: range,
    labels: dict[int, int],
    starting: set[int],
    overlapping_frames: int,
) -> Iterator[str]:
    if frames[0] != selection.frames[0]:
        yield f"The sequence starts at frame {frames[0]}: nothing is annotated before it."
    late = [o.name for o in selection.objects if labels[o.object_id] not in starting]
    yield from late_objects_warning(late)
    highest = max(starting, default=0)
    unscored = [o.name for o in selection.objects if labels[o.object_id] > highest]
    if unscored:
        yield (
            f"As ground truth, the official evaluator would not score {listed(unscored)}: it "
            "counts the objects of the first image. The official numbering avoids this."
        )
    elif set(labels.values()) != set(range(1, len(labels) + 1)):
        yield (
            "Object numbers have gaps; the official evaluator counts an object without pixels for "
            "each and scores it 1. The official numbering avoids this."
        )
    yield from overlap_warning(overlapping_frames)
    if len(frames) < 3:
        yield f"The official evaluator needs 3 frames or more; this sequence has {len(frames)}."


def write_davis_2016(selection: Selection, folder: Path) -> Writing:
    """Write the tree of one sequence of DAVIS 2016: 255 where any object is, 0 elsewhere.

    Raises:
        ExportError: names of frames are the same without their spaces.
    """
    names = _names_without_spaces(selection)
    tree = folder / "davis_2016"
    annotations = tree / "Annotations" / "480p" / selection.name
    images = frame_folder(selection, tree / "JPEGImages" / "480p" / selection.name)
    annotations.mkdir(parents=True)
    lines = []
    for done, (frame, name) in enumerate(zip(selection.frames, names, strict=True), 1):
        pixels = np.zeros(selection.size_hw, dtype=np.uint8)
        for _, row in selection.masks_on(frame):
            pixels[row.mask.decode()] = WHITE
        Image.fromarray(pixels).save(annotations / f"{name}.png")
        save_frame(selection, frame, images, name)
        sequence = selection.name
        lines.append(
            f"/JPEGImages/480p/{sequence}/{name}.jpg /Annotations/480p/{sequence}/{name}.png"
        )
        yield done
    write_list(folder / _LIST_2016, lines)
    if len(selection.objects) < 2:
        return ()
    return (f"The {len(selection.objects)} objects are one in DAVIS 2016.",)


def _names_without_spaces(selection: Selection) -> list[str]:
    """Return the names of the frames as a list can hold them, which has two files per line."""
    names = [re.sub(r"\s", "_", selection.frame_name(frame)) for frame in selection.frames]
    if len(set(names)) < len(names):
        raise ExportError(
            f"Frames of {selection.source.path} have the same name where spaces become “_”.",
            "DAVIS 2016 lists cannot hold spaces: choose other names for the frames.",
        )
    return names


def _merge_frame_lists(earlier: str, new: str) -> str:
    """Replace the frames of the sequences in ``new``, whose images were replaced, too."""
    renewed = {Path(line.split()[0]).parent for line in new.splitlines() if line}
    kept = [
        line
        for line in earlier.splitlines()
        if line and Path(line.split()[0]).parent not in renewed
    ]
    return "".join(f"{line}\n" for line in [*kept, *new.splitlines()])


DAVIS = ExportFormat(
    "davis",
    "DAVIS 2017 masks",
    "Palette PNG of every frame whose values are the object numbers, for the DAVIS evaluator and "
    "most research code.",
    Group.MASK_IMAGES,
    write_davis,
    ("Annotations/480p/{name}", "JPEGImages/480p/{name}", "{name}.objects.json"),
    {_LIST_2017: merge_lists},
    loses=(Loss.OVERLAPS,),
    options=("with_images", "official_ids"),
)
DAVIS_2016 = ExportFormat(
    "davis_2016",
    "DAVIS 2016 masks",
    "Black and white PNG of every frame, all objects as one, for foreground segmentation.",
    Group.MASK_IMAGES,
    write_davis_2016,
    ("davis_2016/Annotations/480p/{name}", "davis_2016/JPEGImages/480p/{name}"),
    {_LIST_2016: _merge_frame_lists},
    loses=(Loss.IDENTITIES,),
    options=("with_images",),
)
