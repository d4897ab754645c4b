"""Read a prompts file and check it against the video."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.core import rules
from app.core.errors import UsageError, shown
from app.core.masks import RleMask
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt
from app.export.reading.source import BAD_FILE, check_file_size, reason

HINT = "See `Prompts` in docs/formats.md."
MAX_COORDINATE = 1e6
ALPHA_THRESHOLD = 127
MAX_FILE_BYTES = 64 << 20
MAX_SHOWN_PATH = 300
MAX_OBJECT_ID = 2**31 - 1  # readers of exported files may use int32
OBJECT_ENTRIES = {"id", "name", "category", "prompts"}
PROMPT_ENTRIES = {"frame", "points", "box", "mask", "label"}


@dataclass(frozen=True, slots=True)
class ObjectPrompts:
    """One object of a prompts file and its prompts by frame."""

    object_id: int
    name: str | None
    category: str
    prompts: Mapping[int, FramePrompts]


def read_prompts(path: Path, frame_count: int, size_hw: tuple[int, int]) -> list[ObjectPrompts]:
    """Read a prompts file.

    Args:
        path: the file; mask files are looked up beside it.
        frame_count: number of frames of the video.
        size_hw: height and width of the video.

    Raises:
        UsageError: the file cannot be read, or something in it does not fit the video; the
            message names the object and the frame.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("objects"), list):
        raise UsageError(f'{path} must hold {{"objects": [...]}}.', HINT)
    reader = _PromptsReader(path, frame_count, size_hw)
    objects = [reader.read_object(entry, place) for place, entry in enumerate(content["objects"])]
    if not objects:
        raise UsageError(f"{path} names no object.", HINT)
    seen: set[int] = set()
    for each in objects:
        if each.object_id in seen:
            raise UsageError(f"{path}: the id {each.object_id} is given to two objects.")
        seen.add(each.object_id)
    return objects


def read_json(path: Path) -> Any:  # noqa: ANN401 - it can be anything, which is then checked
    """Read a prompts file without checking what it says.

    Raises:
        UsageError: it cannot be read, is too large or no JSON.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"The prompts file {path} is not a file.")
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UsageError(f"The prompts file {path} is larger than {MAX_FILE_BYTES >> 20} MB.")
        return json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"The prompts file {path} cannot be read: {error.strerror}.") from error
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{path} is not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not a text file in UTF-8.") from error
    except (RecursionError, ValueError) as error:  # or a number of thousands of digits
        raise UsageError(f"{path} is not a prompts file: it is nested too deeply.", HINT) from error


@dataclass(frozen=True, slots=True)
class _PromptsReader:
    path: Path
    frame_count: int
    size_hw: tuple[int, int]

    def read_object(self, entry: Any, place: int) -> ObjectPrompts:  # noqa: ANN401
        where = f"{self.path}: object number {place + 1}"
        self._check_entries(entry, OBJECT_ENTRIES, where)
        object_id = entry.get("id")
        if not _is_whole(object_id) or not 1 <= object_id <= MAX_OBJECT_ID:
            raise UsageError(
                f"{where}: the id must be a whole number from 1 to {MAX_OBJECT_ID}, "
                f"got {shown(object_id)}."
            )
        name, category = entry.get("name"), entry.get("category", "object")
        if not isinstance(name, str | None) or not isinstance(category, str):
            raise UsageError(f"{where}: name and category must be text.")
        rules.check_texts(name, category)
        where = f"{self.path}: object {object_id}" + (f" ({name})" if name else "")
        if not isinstance(entry.get("prompts"), list) or not entry["prompts"]:
            raise UsageError(f"{where} has no prompts.", HINT)
        prompts: dict[int, FramePrompts] = {}
        for each in entry["prompts"]:
            frame, found = self._read_prompts(each, where)
            if frame in prompts:
                raise UsageError(f"{where}: frame {frame} is given twice.", "Put both in one.")
            prompts[frame] = found
        return ObjectPrompts(object_id, name, category, prompts)

    def _read_prompts(self, entry: Any, where: str) -> tuple[int, FramePrompts]:  # noqa: ANN401
        self._check_entries(entry, PROMPT_ENTRIES, f"{where}: a prompt")
        frame = entry.get("frame")
        if not _is_whole(frame):
            raise UsageError(f"{where}: the frame must be a whole number, got {shown(frame)}.")
        if not 0 <= frame < self.frame_count:
            raise UsageError(
                f"{where}: there is no frame {shown(frame)}, the video has the frames 0 to "
                f"{self.frame_count - 1}."
            )
        where = f"{where}, frame {frame}"
        if "mask" in entry and ("points" in entry or "box" in entry):
            raise UsageError(f"{where}: a mask stands alone, without points or a box.")
        found = FramePrompts(
            self._read_points(entry.get("points", []), where),
            self._read_box(entry["box"], where) if "box" in entry else None,
            self._read_mask(entry, where) if "mask" in entry else None,
        )
        if found.is_empty:
            raise UsageError(f"{where}: there are no points, no box and no mask.")
        if found.points and not found.box and not any(p.is_positive for p in found.points):
            raise UsageError(f"{where}: at least one point must be on the object (label 1).")
        return frame, found

    def _check_entries(self, entry: Any, known: set[str], where: str) -> None:  # noqa: ANN401
        if not isinstance(entry, dict):
            raise UsageError(f"{where} must be a JSON object, got {shown(entry)}.", HINT)
        if unknown := sorted(entry.keys() - known):
            raise UsageError(
                f"{where} has the unknown entry {shown(unknown[0])}.",
                f"Known are {', '.join(sorted(known))}.",
            )

    def _read_points(self, entries: Any, where: str) -> tuple[PointPrompt, ...]:  # noqa: ANN401
        points = []
        for entry in entries if isinstance(entries, list) else [entries]:
            if not _are_numbers(entry, 3) or entry[2] not in (0, 1):
                raise UsageError(f"{where}: a point must be [x, y, 1 or 0], got {shown(entry)}.")
            x, y, label = entry
            self._check_inside(x, y, f"{where}: the point ({x}, {y})", is_edge_inside=False)
            points.append(PointPrompt(float(x), float(y), bool(label)))
        return tuple(points)

    def _read_box(self, entry: Any, where: str) -> BoxPrompt:  # noqa: ANN401
        if not _are_numbers(entry, 4):
            raise UsageError(f"{where}: a box must be [x0, y0, x1, y1], got {shown(entry)}.")
        x0, y0, x1, y1 = map(float, entry)
        if x0 >= x1 or y0 >= y1:
            raise UsageError(
                f"{where}: the box {shown(entry)} is empty; x0 < x1 and y0 < y1 must hold."
            )
        for x, y in ((x0, y0), (x1, y1)):
            self._check_inside(x, y, f"{where}: the box corner ({x:g}, {y:g})", is_edge_inside=True)
        return BoxPrompt(x0, y0, x1, y1)

    def _check_inside(self, x: float, y: float, what: str, is_edge_inside: bool) -> None:
        height, width = self.size_hw
        is_inside = 0 <= x < width and 0 <= y < height
        is_on_edge = is_edge_inside and 0 <= x <= width and 0 <= y <= height
        if not is_inside and not is_on_edge:
            raise UsageError(f"{what} is outside the frame of {width} x {height} pixels.")

    def _read_mask(self, entry: dict[str, Any], where: str) -> RleMask:
        if not isinstance(entry["mask"], str):
            raise UsageError(f"{where}: mask must be a file name, got {shown(entry['mask'])}.")
        file = self.path.parent / entry["mask"]
        if "label" in entry and not _is_whole(entry["label"]):
            raise UsageError(f"{where}: label must be a whole number, got {shown(entry['label'])}.")
        where = f"{where}: the mask {_cut(file)}"
        labels = self._read_labels(file, where)
        bitmap = labels == entry["label"] if "label" in entry else labels != 0
        if not bitmap.any():
            raise UsageError(f"{where} has no pixel of the object.")
        if "label" not in entry and len(found := np.unique(labels[bitmap])) > 1:
            raise UsageError(
                f"{where} holds several labels ({', '.join(map(str, found[:5]))}"
                f"{', ...' if len(found) > 5 else ''}).",
                'Select one with "label".',
            )
        return RleMask.encode(bitmap)

    def _read_labels(self, file: Path, where: str) -> NDArray[np.generic]:
        """Return the values of a mask: those of its palette, of its alpha channel or gray."""
        height, width = self.size_hw
        try:
            check_file_size(file, MAX_FILE_BYTES)
            with Image.open(file) as image:
                if image.size != (width, height):  # checked before memory is taken
                    raise UsageError(
                        f"{where} has {image.width} x {image.height} pixels, the "
                        f"video {width} x {height}."
                    )
                if image.mode in ("1", "L", "P", "I", "I;16"):
                    return np.asarray(image)
                if image.has_transparency_data:  # a cut-out: the object is what can be seen
                    return np.asarray(image.convert("RGBA").getchannel("A")) > ALPHA_THRESHOLD
                return np.asarray(image.convert("L"))
        except BAD_FILE as error:
            sentence = f"{where} cannot be read: {reason(error)}."
            raise UsageError(sentence) from error


def _cut(file: Path) -> str:
    """Return a path for a sentence, whatever length the prompts file has given it."""
    path = str(file)
    return path if len(path) <= MAX_SHOWN_PATH else f"…{path[-MAX_SHOWN_PATH:]}"


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_numbers(value: object, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
        and all(abs(v) < MAX_COORDINATE for v in value)
    )
