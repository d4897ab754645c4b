"""Read LabelMe: one JSON file per frame with masks, polygons and rectangles."""

import base64
import io
import math
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from app.core.errors import shown
from app.core.masks import Bitmap, RleMask
from app.export.naming import trailing_number
from app.export.reading.source import (
    FrameMasks,
    FrameRef,
    MaskSource,
    ObjectNumbers,
    check_size,
    entries,
    guarded,
    load_json,
    text,
    united,
    whole,
)
from app.export.rle import fill_points

_MAX_MASK_TEXT = 2**26


def is_labelme(content: Any) -> bool:  # noqa: ANN401 - as in JSON
    """Return whether JSON is a LabelMe file."""
    return isinstance(content, dict) and "shapes" in content and "imageHeight" in content


def open_labelme(place: Path, files: Sequence[Path], size_hw: tuple[int, int]) -> MaskSource:
    """Open LabelMe files, each of the frame that it is named after.

    ``group_id`` tells objects apart; without it, the n-th shape of a label on each frame is taken
    for the same object.

    Raises:
        ExportError: one cannot be read (while iterating).
    """
    what = "LabelMe"
    ordered = sorted(files, key=lambda f: (trailing_number(f.stem) or 0, f.name))
    source = MaskSource(what, {}, iter(()))
    frames = guarded(place, what, _frames(ordered, size_hw, source))
    return MaskSource(what, source.names, frames, source.notes)


def _frames(
    files: Sequence[Path], size_hw: tuple[int, int], source: MaskSource
) -> Iterator[FrameMasks]:
    numbers = ObjectNumbers()
    for file in files:
        try:
            yield FrameRef(file.stem), _read_file(file, size_hw, source, numbers)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{file.name}: {error}") from error


def _read_file(
    file: Path, size_hw: tuple[int, int], source: MaskSource, numbers: ObjectNumbers
) -> dict[int, RleMask]:
    content = load_json(file)
    if not is_labelme(content):
        raise ValueError("it has no shapes")
    check_size((content["imageHeight"], content["imageWidth"]), size_hw)
    masks: dict[int, RleMask] = {}
    seen: Counter[str] = Counter()
    for shape in entries(content, "shapes"):
        bitmap = _bitmap(shape, size_hw)
        if bitmap is None:
            note = f"Shapes of type {shown(shape.get('shape_type'))} are left out."
            if note not in source.notes and len(source.notes) < 10:
                source.notes.append(note)
            continue
        label, group_id = text(shape["label"], "label"), shape.get("group_id")
        name = text(shape.get("description") or "", "description")
        if group_id is None:
            seen[label] += 1
            object_id = numbers.of_name(label, seen[label])
            name = name or f"{label} {seen[label]}"
        else:
            object_id = numbers.of_id(group_id)
        source.names.setdefault(object_id, (name or f"object {group_id}", label))
        mask = RleMask.encode(bitmap)
        if mask.area:
            united(masks, object_id, mask)
    return masks


def _bitmap(shape: dict[str, Any], size_hw: tuple[int, int]) -> Bitmap | None:
    """Draw a shape; None for kinds that have no area."""
    kind = shape.get("shape_type") or "polygon"
    if kind not in ("polygon", "rectangle", "mask"):
        return None
    points = [_point(each) for each in shape["points"]]
    if kind == "polygon":
        return fill_points(points, size_hw)
    (x0, y0), (x1, y1) = points
    if kind == "rectangle":
        return fill_points([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], size_hw)
    return _place(_decode_mask(shape["mask"], size_hw), round(x0), round(y0), size_hw)


def _point(value: Any) -> tuple[float, float]:  # noqa: ANN401 - as in JSON
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"a point must be x, y, got {shown(value)}")
    x, y = (float(each) if type(each) in (int, float) else math.nan for each in value)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(f"a point must be two numbers, got {shown(value)}")
    return x, y


def _decode_mask(value: Any, size_hw: tuple[int, int]) -> Bitmap:  # noqa: ANN401 - as in JSON
    if not isinstance(value, str) or len(value) > _MAX_MASK_TEXT:
        raise ValueError("a mask must be the text of a PNG image")
    coded = io.BytesIO(base64.b64decode(value, validate=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(coded, formats=("PNG",)) as image:
            if image.height > size_hw[0] or image.width > size_hw[1]:
                raise ValueError("a mask is larger than the image")
            pixels = np.asarray(image)
    bitmap = pixels > 0 if pixels.ndim == 2 else (pixels > 0).any(axis=2)
    return np.asarray(bitmap, dtype=np.bool_)


def _place(part: Bitmap, left: int, top: int, size_hw: tuple[int, int]) -> Bitmap:
    """Put a mask of a box into one of the image; what lies outside is cut off."""
    whole(abs(left), "left", 0, 4 * size_hw[1])
    whole(abs(top), "top", 0, 4 * size_hw[0])
    bitmap = np.zeros(size_hw, dtype=np.bool_)
    x0, y0 = max(left, 0), max(top, 0)
    inside = part[y0 - top : size_hw[0] - top, x0 - left : size_hw[1] - left]
    bitmap[y0 : y0 + inside.shape[0], x0 : x0 + inside.shape[1]] = inside
    return bitmap
