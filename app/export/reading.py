"""Import masks from label images, COCO and YouTube-VIS files of this and other tools."""

import json
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from app.core.errors import ExportError
from app.core.masks import RleMask
from app.export.label_images import read_davis
from app.export.naming import trailing_number

FrameMasks = tuple[int, dict[int, RleMask]]


@dataclass(frozen=True, slots=True)
class MaskSource:
    """Masks of a file or folder.

    Attributes:
        names: name and category by object id, as far as the file has them.
        frames: frame number and masks by object id, ascending; read while iterating.
    """

    names: dict[int, tuple[str, str]]
    frames: Iterator[FrameMasks]


def read_masks(path: Path) -> MaskSource:
    """Open a folder of label images, a DAVIS tree of one sequence, or a JSON file.

    Raises:
        ExportError: it is none of these, or it cannot be read (also while iterating).
    """
    if path.is_dir():
        return _open_labels(path)
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read as JSON: {error}.") from error
    try:
        is_video = any("segmentations" in a for a in content["annotations"])
        return _open_youtube_vis(content) if is_video else _open_coco(content)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ExportError(
            f"{path} is not a COCO or YouTube-VIS file of tracked objects ({error!r}).",
            "Annotations need image_id, segmentation and track_id.",
        ) from error


def _open_labels(path: Path) -> MaskSource:
    tree = path / "Annotations" / "480p"
    folders = sorted(tree.iterdir()) if tree.is_dir() else [path]
    if len(folders) != 1:
        raise ExportError(
            f"{path} holds {len(folders)} sequences.", f"Choose one of the folders in {tree}."
        )
    (folder,) = folders
    mapping = folder.parent.parent.parent / f"{folder.name}.objects.json"
    entries = json.loads(mapping.read_text("utf-8"))["objects"] if mapping.is_file() else []
    names = {entry["label"]: (entry["name"], entry["category"]) for entry in entries}
    return MaskSource(names, read_davis(folder))


def _open_coco(content: dict[str, Any]) -> MaskSource:
    images = {image["id"]: image for image in content["images"]}
    names = _names(content, content.get("tracks", []))
    masks: dict[int, dict[int, RleMask]] = defaultdict(dict)
    for annotation in content["annotations"]:
        image = images[annotation["image_id"]]
        track_id = annotation.get("track_id", annotation.get("attributes", {}).get("track_id"))
        size_hw = image["height"], image["width"]
        frame = (
            image["frame_index"] if "frame_index" in image else _frame_number(image["file_name"])
        )
        masks[frame][int(track_id)] = _decode(annotation["segmentation"], size_hw)
    return MaskSource(names, iter(sorted(masks.items())))


def _open_youtube_vis(content: dict[str, Any]) -> MaskSource:
    (video,) = content["videos"]
    numbers = [_frame_number(name) for name in video["file_names"]]
    masks: dict[int, dict[int, RleMask]] = defaultdict(dict)
    for annotation in content["annotations"]:
        annotation.setdefault("track_id", annotation["id"])
        for number, segment in zip(numbers, annotation["segmentations"], strict=True):
            if segment is not None:
                size_hw = video["height"], video["width"]
                masks[number][annotation["track_id"]] = _decode(segment, size_hw)
    return MaskSource(
        _names(content, [{**a, "id": a["track_id"]} for a in content["annotations"]]),
        iter(sorted(masks.items())),
    )


def _names(content: dict[str, Any], tracks: list[dict[str, Any]]) -> dict[int, tuple[str, str]]:
    categories = {category["id"]: category["name"] for category in content["categories"]}
    return {
        track["id"]: (track.get("name", f"object {track['id']}"), categories[track["category_id"]])
        for track in tracks
    }


def _frame_number(file_name: str) -> int:
    number = trailing_number(Path(file_name).stem)
    if number is None:
        raise ValueError(f"file name must end in a frame number, got {file_name}")
    return number


def _decode(segmentation: Any, size_hw: tuple[int, int]) -> RleMask:  # noqa: ANN401 - as in JSON
    """Decode polygons, or column-major runs, plain or compressed."""
    if isinstance(segmentation, list):
        coded = coco_mask.merge(coco_mask.frPyObjects(segmentation, *size_hw))
    elif isinstance(segmentation["counts"], list):
        coded = coco_mask.frPyObjects(segmentation, *size_hw)
    else:
        coded = segmentation
    with warnings.catch_warnings():
        # WORKAROUND(https://github.com/ppwwyyxx/cocoapi): it ignores NumPy 2's copy argument.
        warnings.simplefilter("ignore", DeprecationWarning)
        bitmap = coco_mask.decode(coded)
    if bitmap.shape != size_hw:
        raise ValueError(f"mask must be {size_hw}, got {bitmap.shape}")
    return RleMask.encode(np.ascontiguousarray(bitmap).astype(np.bool_))
