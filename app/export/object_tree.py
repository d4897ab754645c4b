"""One PNG per object and frame, as SAM 2's tools and the SA-V evaluator read them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.export.format import ExportFormat, Group, Writing
from app.export.labels import frame_folder, save_frame, save_labels, write_objects_file
from app.export.naming import listed
from app.export.selection import Selection


def write_object_tree(selection: Selection, folder: Path) -> Writing:
    """Write ``<name>/<object, 3 digits>/00000.png`` with 1 for the object, for all frames.

    Each object begins with its first frame that has a pixel, as in SA-V; later frames without
    one are written, too, empty.
    """
    tree = folder / "sam2" / selection.name
    images = frame_folder(selection, folder / "sam2_frames" / selection.name)
    started: set[int] = set()
    for done, frame in enumerate(selection.frames, 1):
        name = selection.frame_name(frame)
        for tracked in selection.objects:
            row = selection.mask(tracked.object_id, frame)
            place = tree / f"{tracked.object_id:03d}"
            if tracked.object_id not in started:
                if row is None:
                    continue
                started.add(tracked.object_id)
                place.mkdir(parents=True)
            bitmap = _empty(selection) if row is None else row.mask.decode()
            save_labels(bitmap, place / f"{name}.png")
        save_frame(selection, frame, images)
        yield done
    labels = {tracked.object_id: tracked.object_id for tracked in selection.objects}
    write_objects_file(folder / f"{selection.name}.sam2.objects.json", selection, labels)
    first = {o.object_id for o, _ in selection.masks_on(selection.frames[0])}
    late = [o.name for o in selection.objects if o.object_id not in first]
    return (f"{listed(late)} appears after the first frame.",) if late else ()


def _empty(selection: Selection) -> NDArray[np.bool_]:
    return np.zeros(selection.size_hw, dtype=np.bool_)


OBJECT_TREE = ExportFormat(
    "sam2",
    "SAM 2 masks per object",
    "A folder of PNG per object, for SAM 2's tools and the SA-V evaluator. Keeps overlaps.",
    Group.MASK_IMAGES,
    write_object_tree,
    ("sam2/{name}", "sam2_frames/{name}", "{name}.sam2.objects.json"),
    options=("with_images",),
)
