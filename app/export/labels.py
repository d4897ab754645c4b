"""Label maps: one number per pixel, where masks may overlap; and files that describe them."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.core.document import FrameMask, TrackedObject
from app.core.masks import Bitmap
from app.core.palette import davis_palette
from app.export.naming import listed
from app.export.selection import Selection

Labels = NDArray[np.uint16]

JPEG_QUALITY = 95
_COMMENT = b"written by an export of tinysam2"
_COMMENT_WITHIN = 256  # bytes of a JPEG's start


def label_map(selection: Selection, frame: int, labels: Mapping[int, int]) -> tuple[Labels, int]:
    """Assign each pixel of a frame to one object.

    Where masks overlap, one that a person drew or verified wins, then the one with the higher
    confidence, then the object that comes first in the list.

    Args:
        selection: the masks.
        frame: source frame.
        labels: the value to write for each object id; other objects are left out.

    Returns:
        (H, W) uint16 with 0 for background, and the number of pixels in more than one mask.
    """
    label_of_pixel = np.zeros(selection.size_hw, dtype=np.uint16)
    claims = np.zeros(selection.size_hw, dtype=np.uint16)
    rows = [(o, row) for o, row in selection.masks_on(frame) if o.object_id in labels]
    for tracked, row in sorted(reversed(rows), key=lambda item: _trust(item[1])):
        bitmap = row.mask.decode()
        label_of_pixel[bitmap] = labels[tracked.object_id]
        claims += bitmap
    return label_of_pixel, int(np.count_nonzero(claims > 1))


def _trust(row: FrameMask) -> float:
    return math.inf if row.is_verified or row.confidence is None else row.confidence


def save_labels(labels: NDArray[np.integer] | Bitmap, path: Path) -> None:
    """Write (H, W) numbers up to 255 as a PNG with the DAVIS palette."""
    image = Image.fromarray(labels.astype(np.uint8))
    image.putpalette(davis_palette().tobytes())
    image.save(path)


def frame_folder(selection: Selection, folder: Path) -> Path | None:
    """Make the folder that `save_frame` writes to, when the frames are asked for."""
    if not selection.options.with_images:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save_frame(
    selection: Selection, frame: int, folder: Path | None, name: str | None = None
) -> None:
    """Write a frame as JPEG, by its own name unless another is given; not where no folder is."""
    if folder is None:
        return
    path = folder / f"{name or selection.frame_name(frame)}.jpg"
    Image.fromarray(selection.image(frame)).save(path, quality=JPEG_QUALITY, comment=_COMMENT)


def saved_frames(folder: Path) -> list[Path]:
    """List the files that `save_frame` wrote to a folder, not what others have put there."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return [file for file in folder.glob("*.jpg") if file.is_file() and _is_saved_frame(file)]


def _is_saved_frame(file: Path) -> bool:
    with file.open("rb") as opened:
        return _COMMENT in opened.read(_COMMENT_WITHIN)


def write_objects_file(
    path: Path, selection: Selection, labels: Mapping[int, int], frames: Sequence[int] | None = None
) -> None:
    """Describe what the labels of an export stand for, and which frame each file is.

    Args:
        path: the JSON file to write.
        selection: what is exported.
        labels: value in the files by object id.
        frames: source frames that are written; those of the selection by default.
    """
    by_id = {tracked.object_id: tracked for tracked in selection.objects}
    numbered = sorted((label, by_id[object_id]) for object_id, label in labels.items())
    written = selection.frames if frames is None else frames
    content = {
        "source": selection.source.path.name,
        "frame_rate": str(selection.source.frame_rate),
        "objects": [_object_entry(label, tracked) for label, tracked in numbered],
        "frames": [
            {
                "file": selection.frame_name(frame),
                "source_frame_index": frame,
                "pts_seconds": selection.source.timestamp_s(frame),
            }
            for frame in written
        ],
    }
    path.write_text(json_text(content, indent=1), encoding="utf-8")


def _object_entry(label: int, tracked: TrackedObject) -> dict[str, object]:
    return {
        "label": label,
        "object_id": tracked.object_id,
        "name": tracked.name,
        "category": tracked.category,
    }


def json_text(content: object, indent: int | None = None) -> str:
    """Return readable JSON that UTF-8 can hold, also where a name has half of a surrogate pair."""
    text = json.dumps(content, ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def overlap_warning(overlapping_frames: int) -> list[str]:
    """Say how many frames lost an overlap; nothing for none."""
    if not overlapping_frames:
        return []
    return [
        f"Objects overlap on {overlapping_frames} of the frames; each pixel went to the more "
        "certain mask. COCO keeps overlaps."
    ]


def late_objects_warning(late: Sequence[str]) -> list[str]:
    """Name the objects that SAM 2's evaluation takes only on request."""
    if not late:
        return []
    return [
        f"{listed(late)} appears after the first image; SAM 2's vos_inference.py then needs "
        "--track_object_appearing_later_in_video."
    ]


def spreadsheet_cell(text: str) -> str:
    """Keep spreadsheets from taking a text for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
