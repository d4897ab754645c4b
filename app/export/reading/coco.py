"""Read COCO instances and results, also those that CVAT and other tools write."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.document import Origin
from app.export.reading.source import (
    FrameMasks,
    FrameRef,
    MaskDetails,
    MaskSource,
    ObjectNumbers,
    check_size,
    chosen,
    entries,
    guarded,
    text,
    united,
    whole,
)
from app.export.reading.video_choice import Wanted
from app.export.rle import decode_segmentation

if TYPE_CHECKING:
    from app.core.masks import RleMask

_NO_TRACKS = (
    "The file has no track ids: the n-th annotation of a category on each image is taken for the "
    "same object."
)
_OTHER_ORIGINS = tuple(origin for origin in Origin if origin is not Origin.IMPORTED)
_Annotations = dict[FrameRef, list[tuple[int, Any]]]
_Details = dict[tuple[FrameRef, int], MaskDetails]


def open_coco(
    path: Path, content: dict[str, Any], size_hw: tuple[int, int], wanted: Wanted
) -> MaskSource:
    """Open COCO instances; annotations without a track id are numbered in each category.

    Raises:
        ValueError, KeyError, TypeError: the content is not such a file.
        ChoiceError: it has several videos.
    """
    categories = category_names(content)
    images = _images(path, content, size_hw, wanted)
    numbers, names = ObjectNumbers(), _track_names(content, categories)
    found: _Annotations = {ref: [] for ref in images.values()}
    details: _Details = {}
    seen: Counter[tuple[int, int]] = Counter()  # of an image and a category
    has_tracks = True
    for annotation in entries(content, "annotations"):
        image_id, category_id = annotation["image_id"], annotation["category_id"]
        if image_id not in images or _is_outside(annotation):
            continue
        category = categories[whole(category_id, "category_id")]
        track_id = _track_id(annotation)
        if track_id is None:
            has_tracks = False
            seen[image_id, category_id] += 1
            object_id = numbers.of_name(category_id, seen[image_id, category_id])
            name = f"{category} {seen[image_id, category_id]}"
        else:
            object_id = numbers.of_id(track_id)
            name = f"object {track_id}"
        names.setdefault(object_id, (text(name, "name"), category))
        found[images[image_id]].append((object_id, annotation["segmentation"]))
        _add_details(details, (images[image_id], object_id), annotation)
    notes = [] if has_tracks else [_NO_TRACKS]
    frames = guarded(path, "COCO instances", _decoded(found, size_hw))
    return MaskSource("COCO instances", names, frames, notes, details)


def _add_details(
    details: _Details, key: tuple[FrameRef, int], annotation: Mapping[str, Any]
) -> None:
    """Add what exports say about a mask; of one in several parts it is not known."""
    if key in details:
        details[key] = MaskDetails()
        return
    origin = annotation.get("origin")
    stated = Origin(origin) if origin in _OTHER_ORIGINS else None
    confidence = _confidence(annotation.get("score"))
    if confidence == 1 and stated in (Origin.PAINTED, None):
        confidence = None  # exports write 1 for it, as for masks that a person drew
    details[key] = MaskDetails(stated, confidence, annotation.get("is_verified") is True)


def _confidence(score: object) -> float | None:
    if isinstance(score, bool) or not isinstance(score, int | float):
        return None
    return float(score) if 0 <= score <= 1 else None


def _decoded(found: _Annotations, size_hw: tuple[int, int]) -> Iterator[FrameMasks]:
    for ref, segmentations in found.items():
        masks: dict[int, RleMask] = {}
        for object_id, segmentation in segmentations:
            united(masks, object_id, decode_segmentation(segmentation, size_hw))
        yield ref, {object_id: mask for object_id, mask in masks.items() if mask.area}


def category_names(content: dict[str, Any]) -> dict[int, str]:
    """Return the categories of a COCO or YouTube-VIS file by id."""
    return {
        whole(entry["id"], "id of a category"): text(entry["name"], "name of a category")
        for entry in entries(content, "categories")
    }


def _images(
    path: Path, content: dict[str, Any], size_hw: tuple[int, int], wanted: Wanted
) -> dict[Any, FrameRef]:
    """Return the frames of the wanted video by image id, in the order of the file."""
    images = entries(content, "images")
    videos = entries(content, "videos") if content.get("videos") else []
    if len(videos) > 1:
        names = [text(video.get("name", str(video["id"])), "name") for video in videos]
        video_id = videos[chosen(path, names, wanted)]["id"]
        images = [image for image in images if image.get("video_id") == video_id]
    found = {}
    for image in images:
        check_size((image["height"], image["width"]), size_hw)
        index = image.get("frame_index")
        if index is not None:
            index = whole(index, "frame_index")
        stem = Path(text(image["file_name"], "file_name")).stem
        found[whole(image["id"], "id of an image")] = FrameRef(stem, index)
    return found


def _track_names(content: dict[str, Any], categories: dict[int, str]) -> dict[int, tuple[str, str]]:
    if not content.get("tracks"):
        return {}
    return {
        whole(track["id"], "id of a track"): (
            text(track.get("name", f"object {track['id']}"), "name of a track"),
            categories[track["category_id"]],
        )
        for track in entries(content, "tracks")
    }


def _track_id(annotation: dict[str, Any]) -> Any:  # noqa: ANN401 - as in JSON
    attributes = annotation.get("attributes") or {}
    found = annotation.get("track_id", annotation.get("instance_id"))
    return attributes.get("track_id") if found is None else found


def _is_outside(annotation: dict[str, Any]) -> bool:
    """Return whether CVAT marks the end of a track with it."""
    return (annotation.get("attributes") or {}).get("outside") is True


def open_coco_results(path: Path, content: list[Any], size_hw: tuple[int, int]) -> MaskSource:
    """Open COCO results; they need the track ids and frame numbers that exports add.

    Raises:
        ValueError, KeyError, TypeError: the content is not such a file.
    """
    numbers = ObjectNumbers()
    names: dict[int, tuple[str, str]] = {}
    category_of: dict[int, int] = {}
    found: _Annotations = defaultdict(list)
    details: _Details = {}
    for result in content:
        object_id = numbers.of_id(result["track_id"])
        ref = FrameRef(index=whole(result["frame_index"], "frame_index"))
        category_id = whole(result["category_id"], "category_id")
        category_of.setdefault(object_id, category_id)
        names.setdefault(object_id, (f"object {object_id}", f"category {category_id}"))
        found[ref].append((object_id, result["segmentation"]))
        _add_details(details, (ref, object_id), {"score": result.get("score")})
    # Objects in the order of their categories, which a further export then numbers alike.
    names = dict(sorted(names.items(), key=lambda item: category_of[item[0]]))
    what = "COCO results"
    return MaskSource(what, names, guarded(path, what, _decoded(found, size_hw)), details=details)
