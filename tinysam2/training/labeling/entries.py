"""What a folder with an ``index.json`` has to label."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from tinysam2.datasets.davis_tree import is_for_validation

Box: TypeAlias = tuple[float, float, float, float]
"""Pixels x0, y0, x1, y1 of the outermost columns and rows."""


@dataclass(frozen=True, slots=True)
class ClassBox:
    """A box around an object of a class."""

    name: str
    box_xyxy: Box


@dataclass(frozen=True, slots=True)
class Entry:
    """An image or a clip without label maps.

    Attributes:
        is_clip: whether it is a clip.
        dataset: name of the dataset that it belongs to.
        path: relative to the folder, without suffix; a folder of frames for a clip.
        boxes: of each frame, an image is one frame; None where the index names none.
    """

    is_clip: bool
    dataset: str
    path: str
    boxes: tuple[tuple[ClassBox, ...], ...] | None

    def files(self, root: Path) -> list[Path]:
        """Return the image, or the frames of the clip in order."""
        if self.is_clip:
            return sorted((root / self.path).glob("*.jpg"))
        return [root / f"{self.path}.jpg"]


def read_entries(root: Path, datasets: Collection[str] = ()) -> list[Entry]:
    """List what is neither labeled nor held out for validation, in the index's order.

    Args:
        root: folder of ``index.json``: rows, or ``entries`` with rows, of ``type`` ("video";
            others are images), ``dataset``, ``path`` and, where there are any, ``split`` and
            ``boxes``: ``[class, x0, y0, x1, y1]`` for each object of an image, a list of them for
            each frame of a clip.
        datasets: names to choose from; all of them if empty.

    Raises:
        ValueError: the index is of another layout or does not name a chosen dataset.
        OSError: the index cannot be read.
    """
    try:
        content = json.loads((root / "index.json").read_text("utf-8"))
        rows = content["entries"] if isinstance(content, dict) else content
        found = [(_entry(row), row.get("split", "train")) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{root / 'index.json'} must list images and clips: {error!r}") from error
    if unknown := set(datasets) - {entry.dataset for entry, _ in found}:
        raise ValueError(f"{root / 'index.json'} has no dataset {sorted(unknown)[0]!r}")
    return [
        entry
        for entry, split in found
        if split == "train"
        and (not datasets or entry.dataset in datasets)
        and not (entry.dataset == "davis" and is_for_validation(Path(entry.path).name))
        and not _is_labeled(root, entry)
    ]


def boxes_of_objects(
    frames: Sequence[Sequence[ClassBox]],
) -> tuple[dict[str, int], list[list[ClassBox]]]:
    """Tell which boxes of a clip show the same object: those of a class.

    Classes do not tell two objects apart, so frames with several boxes of a class are left without
    boxes.

    Returns:
        The object id of each class, from 1 on, and the boxes of each frame.
    """
    ids: dict[str, int] = {}
    usable = []
    for boxes in frames:
        is_clear = max(Counter(box.name for box in boxes).values(), default=0) <= 1
        usable.append(list(boxes) if is_clear else [])
        for box in usable[-1]:
            ids.setdefault(box.name, len(ids) + 1)
    return ids, usable


def _entry(row: Mapping[str, Any]) -> Entry:
    is_clip, boxes = row["type"] == "video", row.get("boxes")
    path = PurePosixPath(row["path"])
    if path.is_absolute() or ".." in path.parts:  # labels would be written elsewhere
        raise ValueError(f"paths must be relative to the folder, got {path}")
    frames = None
    if boxes is not None:
        frames = tuple(tuple(map(_box, frame)) for frame in (boxes if is_clip else [boxes]))
    return Entry(is_clip, row["dataset"], str(path), frames)


def _box(row: Sequence[Any]) -> ClassBox:
    name, x0, y0, x1, y1 = row
    return ClassBox(str(name), (float(x0), float(y0), float(x1), float(y1)))


def _is_labeled(root: Path, entry: Entry) -> bool:
    path = root / entry.path
    return any(path.glob("*.png")) if entry.is_clip else path.with_name(f"{path.name}.png").exists()
