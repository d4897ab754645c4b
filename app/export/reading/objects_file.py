"""The file beside exported label images that says what the labels and file names stand for."""

from dataclasses import dataclass, field
from pathlib import Path

from app.export.reading.source import entries, load_json, reading, text, whole


@dataclass(frozen=True, slots=True)
class ObjectsFile:
    """What labels and file names stand for.

    Attributes:
        object_ids: object id by label; labels that are missing are object ids.
        names: name and category by object id.
        frame_indices: source frame by file name, without suffix.
        frames: source frames in the order of the export.
    """

    object_ids: dict[int, int] = field(default_factory=dict)
    names: dict[int, tuple[str, str]] = field(default_factory=dict)
    frame_indices: dict[str, int] = field(default_factory=dict)
    frames: tuple[int, ...] = ()


def find_objects_file(place: Path, name: str, suffix: str = "") -> ObjectsFile:
    """Read ``<name><suffix>.objects.json`` in a folder or those above it; empty if there is none.

    Raises:
        ExportError: it cannot be read.
    """
    for folder in (place, *place.parents[:3]):
        path = folder / f"{name}{suffix}.objects.json"
        if path.is_file():
            with reading(path, "a list of exported objects"):
                return _read(path)
    return ObjectsFile()


def _read(path: Path) -> ObjectsFile:
    content = load_json(path)
    object_ids, names = {}, {}
    for entry in entries(content, "objects"):
        object_id = whole(entry["object_id"], "object_id")
        object_ids[whole(entry["label"], "label")] = object_id
        names[object_id] = text(entry["name"], "name"), text(entry["category"], "category")
    frames = [
        (text(entry["file"], "file"), whole(entry["source_frame_index"], "source_frame_index"))
        for entry in entries(content, "frames")
    ]
    return ObjectsFile(object_ids, names, dict(frames), tuple(index for _, index in frames))
