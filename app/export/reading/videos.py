"""Read YouTube-VIS and SA-V: JSON files with the masks of whole videos."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.document import Origin
from app.export.reading.coco import category_names
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
    whole,
)
from app.export.reading.video_choice import Wanted
from app.export.rle import decode_segmentation

if TYPE_CHECKING:
    from app.core.masks import RleMask


def open_youtube_vis(
    path: Path, content: dict[str, Any], size_hw: tuple[int, int], wanted: Wanted
) -> MaskSource:
    """Open one video of a YouTube-VIS file.

    Raises:
        ValueError, KeyError, TypeError: the content is not such a file.
        ChoiceError: it has several videos.
    """
    videos = entries(content, "videos")
    video = videos[chosen(path, [_video_name(video) for video in videos], wanted)]
    check_size((video["height"], video["width"]), size_hw)
    refs = _frame_refs(video)
    categories, numbers = category_names(content), ObjectNumbers()
    names: dict[int, tuple[str, str]] = {}
    tracks: list[tuple[int, list[Any]]] = []
    for annotation in entries(content, "annotations"):
        if annotation["video_id"] != video["id"]:
            continue
        object_id = numbers.of_id(annotation.get("track_id", annotation["id"]))
        name = text(annotation.get("name", f"object {object_id}"), "name")
        names[object_id] = name, categories[annotation["category_id"]]
        segments = annotation["segmentations"]
        if not isinstance(segments, list) or len(segments) != len(refs):
            raise ValueError(f"'segmentations' must list {len(refs)} masks or null")
        tracks.append((object_id, segments))
    what = "YouTube-VIS"
    return MaskSource(what, names, guarded(path, what, _frames(refs, tracks, size_hw)))


def _video_name(video: dict[str, Any]) -> str:
    """Return the name of a video: its own, or the folder of its frames."""
    if "name" in video:
        return text(video["name"], "name of a video")
    files = video["file_names"]
    return Path(text(files[0], "file name")).parent.name if files else str(video["id"])


def _frame_refs(video: dict[str, Any]) -> list[FrameRef]:
    names = [Path(text(name, "file name")).stem for name in video["file_names"]]
    indices = video.get("frame_indices") or [None] * len(names)
    checked = [None if each is None else whole(each, "frame index") for each in indices]
    return [FrameRef(*pair) for pair in zip(names, checked, strict=True)]


def _frames(
    refs: list[FrameRef], tracks: list[tuple[int, list[Any]]], size_hw: tuple[int, int]
) -> Iterator[FrameMasks]:
    for position, ref in enumerate(refs):
        masks: dict[int, RleMask] = {}
        for object_id, segments in tracks:
            if segments[position] is not None:
                mask = decode_segmentation(segments[position], size_hw)
                if mask.area:
                    masks[object_id] = mask
        yield ref, masks


def open_sav(path: Path, content: dict[str, Any], size_hw: tuple[int, int]) -> MaskSource:
    """Open an SA-V file.

    Frames are those the file names; in the data set itself they are spread evenly over the video.

    Raises:
        ValueError, KeyError, TypeError: the content is not such a file.
    """
    masklets = content["masklet"]
    if not isinstance(masklets, list) or not all(isinstance(row, list) for row in masklets):
        raise ValueError("'masklet' must be a list of frames, each a list of masks")
    check_size((whole(content["video_height"], "video_height"),
                whole(content["video_width"], "video_width")), size_hw)  # fmt: skip
    numbers = ObjectNumbers()
    ids = [numbers.of_id(value) for value in content["masklet_id"]]
    labels = content.get("masklet_name"), content.get("masklet_category")
    names = {}
    for position, object_id in enumerate(ids):
        name, category = (each[position] if each else None for each in labels)
        names[object_id] = (
            text(name if name is not None else f"object {object_id}", "masklet_name"),
            text(category if category is not None else "object", "masklet_category"),
        )
    tracks = [(object_id, _column(masklets, column)) for column, object_id in enumerate(ids)]
    what, refs = "SA-V", _sav_refs(content, len(masklets))
    details = _sav_details(content, ids, refs)
    frames = guarded(path, what, _frames(refs, tracks, size_hw))
    return MaskSource(what, names, frames, details=details)


def _sav_details(
    content: dict[str, Any], ids: list[int], refs: list[FrameRef]
) -> dict[tuple[FrameRef, int], MaskDetails]:
    """Return which masks were tracked; exports of this program alone list the others."""
    edited = content.get("masklet_edited_frames")
    if edited is None:
        return {}
    return {
        (ref, object_id): MaskDetails(Origin.TRACKED)
        for object_id, positions in zip(ids, map(set, edited), strict=True)
        for position, ref in enumerate(refs)
        if position not in positions
    }


def _column(masklets: list[list[Any]], column: int) -> list[Any]:
    return [row[column] for row in masklets]


def _sav_refs(content: dict[str, Any], count: int) -> list[FrameRef]:
    indices = content.get("frame_indices")
    if indices is None:
        total = whole(content["video_frame_count"], "video_frame_count")
        step = max(1, round(total / max(1, count)))
        return [FrameRef(index=position * step) for position in range(count)]
    names = content.get("frame_names") or [None] * count
    refs = [
        FrameRef(None if name is None else text(name, "frame name"), whole(index, "frame index"))
        for name, index in zip(names, indices, strict=True)
    ]
    if len(refs) != count:
        raise ValueError(f"'frame_indices' must list {count} frames")
    return refs
