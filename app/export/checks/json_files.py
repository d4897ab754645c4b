"""Check COCO and YouTube-VIS files as pycocotools and the YouTube-VIS evaluator would."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.core.masks import RleMask
from app.export.checks.finding import Finding, Findings
from app.export.reading.source import entries, load_json, reason, whole
from app.export.rle import decode_segmentation

_BAD = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)
_MAX_SIDE = 2**15
_AREA_TOLERANCE = 0.02  # fraction; tools compute the area of polygons differently


def may_hold_annotations(path: Path) -> bool:
    """Return whether a file has the keys of COCO or YouTube-VIS, or cannot be read at all."""
    keys = _keys(path)
    return keys is None or ("annotations" in keys and bool(keys & {"images", "videos"}))


def may_have(path: Path, key: str) -> bool:
    """Return whether a file holds an object with this key, or cannot be read at all."""
    keys = _keys(path)
    return keys is None or key in keys


def _keys(path: Path) -> set[str] | None:
    try:
        content = load_json(path)
    except (OSError, *_BAD):
        return None
    return set(content) if isinstance(content, dict) else set()


def check_json(path: Path) -> Findings:
    """Check a file of either kind."""
    try:
        content = load_json(path)
        annotations = entries(content, "annotations")
        is_video = any("segmentations" in annotation for annotation in annotations)
        images = _by_id(content, "videos" if is_video else "images")
        categories = _by_id(content, "categories")
    except (OSError, *_BAD) as error:
        yield Finding(path, f"it is no COCO or YouTube-VIS file: {reason(error)}")
        return
    if 0 in categories:
        yield Finding(path, "category 0 is taken for background by CVAT and others", False)
    seen: set[int] = set()
    check = _check_track if is_video else _check_annotation
    for position, annotation in enumerate(annotations):
        where = f"annotation {annotation.get('id', f'at position {position}')}"
        try:
            sentences = [
                *_check_shared(annotation, seen, categories),
                *check(annotation, images),
            ]
        except _BAD as error:
            yield Finding(path, f"{where}: {reason(error)}")
            continue
        for sentence, is_error in sentences:
            yield Finding(path, f"{where}: {sentence}", is_error)


Sentences = Iterator[tuple[str, bool]]


def _by_id(content: Any, key: str) -> dict[int, dict[str, Any]]:  # noqa: ANN401 - as in JSON
    found: dict[int, dict[str, Any]] = {}
    for entry in entries(content, key):
        number = whole(entry["id"], f"id in {key!r}")
        if number in found:
            raise ValueError(f"id {number} is twice in {key!r}")
        found[number] = entry
    return found


def _check_shared(
    annotation: dict[str, Any], seen: set[int], categories: dict[int, dict[str, Any]]
) -> Sentences:
    number = whole(annotation["id"], "id")
    if number == 0:
        yield "id 0 makes the evaluator score nothing", True
    if number in seen:
        yield "this id is there twice", True
    seen.add(number)
    if annotation["category_id"] not in categories:
        yield f"there is no category {annotation['category_id']!r}", True
    if "iscrowd" not in annotation:
        yield "'iscrowd' is missing", True
    elif annotation["iscrowd"] == 1:
        yield "'iscrowd' 1 makes it a region to ignore", False


def _check_annotation(annotation: dict[str, Any], images: dict[int, dict[str, Any]]) -> Sentences:
    if annotation["image_id"] not in images:
        yield f"there is no image {annotation['image_id']!r}", True
        return
    if "bbox" not in annotation:
        yield "'bbox' is missing", True
    size_hw = _size(images[annotation["image_id"]])
    mask = decode_segmentation(annotation["segmentation"], size_hw)
    yield from _check_area(annotation["area"], mask, "area")


def _size(image: dict[str, Any]) -> tuple[int, int]:
    return whole(image["height"], "height", 1, _MAX_SIDE), whole(
        image["width"], "width", 1, _MAX_SIDE
    )


def _check_area(area: Any, mask: RleMask, what: str) -> Sentences:  # noqa: ANN401 - as in JSON
    if type(area) not in (int, float):
        yield f"{what} must be a number", True
    elif abs(area - mask.area) > _AREA_TOLERANCE * mask.area + _perimeter(mask):
        yield f"{what} is {area}, the mask has {mask.area} pixels", False


def _perimeter(mask: RleMask) -> float:
    """Return the perimeter of a mask's box: pixels by which outlines differ."""
    x0, y0, x1, y1 = mask.box_xyxy or (0, 0, 0, 0)
    return 2 * (x1 - x0 + y1 - y0)


def _check_track(annotation: dict[str, Any], videos: dict[int, dict[str, Any]]) -> Sentences:
    if annotation["video_id"] not in videos:
        yield f"there is no video {annotation['video_id']!r}", True
        return
    video = videos[annotation["video_id"]]
    size_hw, names = _size(video), video["file_names"]
    length = whole(video["length"], "length")
    if length != len(names):
        yield f"length of its video is {length}, but it has {len(names)} file names", True
    for key in ("segmentations", "areas"):
        if not isinstance(annotation[key], list) or len(annotation[key]) != len(names):
            yield f"{key!r} must list {len(names)} frames: others are dropped silently", True
            return
    for frame, segmentation in enumerate(annotation["segmentations"]):
        if segmentation is not None:
            mask = decode_segmentation(segmentation, size_hw)
            yield from _check_area(annotation["areas"][frame], mask, f"area of frame {frame}")
