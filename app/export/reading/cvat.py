"""Read CVAT XML 1.1, for video and for images."""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

import numpy as np

from app.core.errors import shown
from app.core.masks import Bitmap, RleMask
from app.export.cvat_xml import NAME_ATTRIBUTE
from app.export.reading.source import (
    MAX_JSON_BYTES,
    FrameMasks,
    FrameRef,
    MaskSource,
    ObjectNumbers,
    check_file_size,
    check_size,
    guarded,
    reading,
    text,
    united,
)
from app.export.rle import checked_counts, fill_points

_SHAPES = ("mask", "polygon", "box")
_OTHER_SHAPES = ("ellipse", "polyline", "points", "cuboid", "skeleton")
_CHUNK_BYTES = 2**20
_MAX_VALUE_LENGTH = 2**26  # of the runs or points of one shape


def open_cvat(path: Path, size_hw: tuple[int, int]) -> MaskSource:
    """Read all shapes of an XML file; those of tracks are objects.

    Shapes of images have no track: the n-th shape of a label on each image is taken for the same
    object.

    Raises:
        ExportError: it cannot be read.
    """
    what = "CVAT XML"
    with reading(path, what):
        check_file_size(path, MAX_JSON_BYTES)
        parser = _CvatParser(size_hw)
        with path.open("rb") as file:
            parser.parse(iter(lambda: file.read(_CHUNK_BYTES), b""))
    ordered = sorted(parser.frames.items(), key=lambda item: (item[0].index or 0, str(item[0])))
    frames: Iterator[FrameMasks] = iter(ordered)
    return MaskSource(what, parser.names, guarded(path, what, frames), parser.notes)


class _CvatParser:
    """Collects the masks of all frames; the document types of XML are refused.

    Attributes:
        frames: masks by frame and object.
        names: name and category by object.
        notes: what was assumed or left out.
    """

    def __init__(self, size_hw: tuple[int, int]) -> None:
        self.frames: dict[FrameRef, dict[int, RleMask]] = {}
        self.names: dict[int, tuple[str, str]] = {}
        self.notes: list[str] = []
        self._size_hw = size_hw
        self._numbers = ObjectNumbers()
        self._track: tuple[int, str] | None = None  # object and label
        self._image: FrameRef | None = None
        self._seen: Counter[str] = Counter()  # shapes of a label on the image
        self._object_id: int | None = None  # of the shape that is open
        self._is_name = False
        self._text = ""
        self._has_root = False

    def parse(self, chunks: Iterator[bytes]) -> None:
        """Read a file.

        Raises:
            ValueError: it is no such file.
        """
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            for chunk in chunks:
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise ValueError(f"it is no XML ({error})") from error

    def _start(self, tag: str, values: dict[str, str]) -> None:
        if not self._has_root:
            self._has_root = tag == "annotations"
            if not self._has_root:
                raise ValueError("it has no annotations")
        if tag == "track":
            object_id = self._numbers.of_id(values["id"])
            label = text(values["label"], "label")
            self._track = object_id, label
            self.names.setdefault(object_id, (f"{label} {values['id']}"[:200], label))
        elif tag == "image":
            self._start_image(values)
        elif tag in _SHAPES and (self._track or self._image):
            self._add_shape(tag, values)
        elif tag in _OTHER_SHAPES and (self._track or self._image):
            self._note(f"Shapes of type {shown(tag)} are left out.")
        elif tag == "attribute":
            self._is_name = values.get("name") == NAME_ATTRIBUTE and self._object_id is not None
            self._text = ""

    def _start_image(self, values: dict[str, str]) -> None:
        check_size((_number(values["height"]), _number(values["width"])), self._size_hw)
        self._image = FrameRef(Path(text(values["name"], "name")).stem)
        self._seen.clear()
        self._note(
            "Shapes of images have no tracks: the n-th of a label on each image is taken for the "
            "same object."
        )

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _add_shape(self, tag: str, values: dict[str, str]) -> None:
        if self._track is not None:
            self._object_id = self._track[0]
            ref = FrameRef(index=_number(values["frame"]))
            if values.get("outside") == "1":
                return
        else:
            assert self._image is not None  # a shape is read inside one of the two
            label, ref = text(values["label"], "label"), self._image
            self._seen[label] += 1
            self._object_id = self._numbers.of_name(label, self._seen[label])
            self.names.setdefault(self._object_id, (f"{label} {self._seen[label]}", label))
        mask = RleMask.encode(_bitmap(tag, values, self._size_hw))
        if mask.area:
            united(self.frames.setdefault(ref, {}), self._object_id, mask)

    def _characters(self, data: str) -> None:
        if self._is_name:
            self._text = (self._text + data)[:1000]

    def _end(self, tag: str) -> None:
        if tag == "track":
            self._track = None
        elif tag == "image":
            self._image = None
        elif tag in _SHAPES:
            self._object_id = None
        elif tag == "attribute" and self._is_name:
            self._is_name = False
            if self._text and self._object_id is not None:
                label = self.names[self._object_id][1]
                self.names[self._object_id] = text(self._text, "name"), label


def _refuse_document_type(*_: object) -> None:
    raise ValueError("document types of XML are not read")


def _number(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 15):
        raise ValueError(f"{value[:20]!r} must be a whole number")
    return int(value)


def _bitmap(tag: str, values: dict[str, str], size_hw: tuple[int, int]) -> Bitmap:
    if tag == "mask":
        return _mask(values, size_hw)
    if tag == "box":
        return fill_points(_corners(values), size_hw)
    pairs = [pair.split(",") for pair in _checked(values["points"]).split(";")]
    return fill_points([(float(x), float(y)) for x, y in pairs], size_hw)


def _corners(values: dict[str, str]) -> list[tuple[float, float]]:
    """Return the corners of a box, which is turned clockwise about its center by degrees."""
    x0, y0, x1, y1 = (float(values[name]) for name in ("xtl", "ytl", "xbr", "ybr"))
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    if not (angle := math.radians(float(values.get("rotation", 0)))):
        return corners  # exactly, without the rounding of a turn
    x, y, cos, sin = (x0 + x1) / 2, (y0 + y1) / 2, math.cos(angle), math.sin(angle)
    return [
        (x + (u - x) * cos - (v - y) * sin, y + (u - x) * sin + (v - y) * cos) for u, v in corners
    ]


def _mask(values: dict[str, str], size_hw: tuple[int, int]) -> Bitmap:
    """Decode a mask: runs in row order inside its box, background first."""
    left, top, width, height = (_number(values[k]) for k in ("left", "top", "width", "height"))
    if width < 1 or height < 1 or left + width > size_hw[1] or top + height > size_hw[0]:
        raise ValueError("the box of a mask must lie in the image")
    counts = [_number(part.strip()) for part in _checked(values["rle"]).split(",")]
    runs = checked_counts(counts, width * height)
    bitmap = np.zeros(size_hw, dtype=np.bool_)
    part = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    bitmap[top : top + height, left : left + width] = part
    return bitmap


def _checked(value: str) -> str:
    if len(value) > _MAX_VALUE_LENGTH:
        raise ValueError("a shape has too many points")
    return value
