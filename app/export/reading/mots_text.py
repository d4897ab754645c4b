"""Read MOTS text: one run-length mask per line."""

from collections.abc import Iterator
from pathlib import Path

from app.core.masks import RleMask
from app.export.mots import IGNORED, INSTANCES
from app.export.reading.objects_file import ObjectsFile, find_objects_file
from app.export.reading.source import (
    MAX_JSON_BYTES,
    FrameMasks,
    FrameRef,
    MaskSource,
    check_file_size,
    check_size,
    guarded,
    reading,
    united,
    whole,
)
from app.export.rle import decode_counts, mask_of_counts


def open_mots_text(path: Path, size_hw: tuple[int, int]) -> MaskSource:
    """Open ``frame id class height width rle`` lines, whose frames count from 1.

    Raises:
        ExportError: it cannot be read (also while iterating).
    """
    what = "MOTS text"
    known = find_objects_file(path.parent, path.stem, ".mots_txt")
    names = dict(known.names)
    with reading(path, what):
        check_file_size(path, MAX_JSON_BYTES)
        if not known.frames:
            _parse(next(_lines(path), ""), 1, size_hw)
    return MaskSource(what, names, guarded(path, what, _frames(path, known, names, size_hw)))


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="ascii") as file:
        yield from file


def _frames(
    path: Path, known: ObjectsFile, names: dict[int, tuple[str, str]], size_hw: tuple[int, int]
) -> Iterator[FrameMasks]:
    current, masks = None, dict[int, RleMask]()
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        time, value, counts = _parse(line, number, size_hw)
        if current is not None and time < current:
            raise ValueError(f"line {number} goes back to frame {time}")
        if time != current:
            if current is not None:
                yield _ref(current, known), masks
            current, masks = time, {}
        if value // INSTANCES != IGNORED // INSTANCES:
            object_id = known.object_ids.get(value, value)
            names.setdefault(object_id, (f"object {value}", f"class {value // INSTANCES}"))
            united(masks, object_id, mask_of_counts(decode_counts(counts), size_hw))
    if current is not None:
        yield _ref(current, known), masks


def _parse(line: str, number: int, size_hw: tuple[int, int]) -> tuple[int, int, str]:
    parts = line.split()
    if len(parts) != 6:
        raise ValueError(f"line {number} must be: frame id class height width rle")
    time, value, _, height, width = (_number(part, number) for part in parts[:5])
    check_size((height, width), size_hw)
    return whole(time, f"frame of line {number}", 1), value, parts[5]


def _number(text: str, line: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise ValueError(f"line {line} must have whole numbers, got {text[:20]!r}")
    return int(text)


def _ref(time: int, known: ObjectsFile) -> FrameRef:
    """Return the source frame of a frame of the file, which counts from 1."""
    if time <= len(known.frames):
        return FrameRef(index=known.frames[time - 1])
    return FrameRef(index=time - 1)
