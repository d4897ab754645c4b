"""DAVIS 2017: one palette image per frame, read by the official evaluator and many models."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from app.core.document import Document, TrackedObject
from app.core.errors import ExportError
from app.core.masks import RleMask
from app.core.palette import davis_palette
from app.export.format import ExportFormat, ExportReport
from app.export.labels import (
    file_stem,
    frame_digits,
    label_map,
    listed,
    objects_with_masks,
    trailing_number,
)
from app.media.frames import FrameSource

MAX_OBJECTS = 253  # TrackEval's text reserves 254, the evaluator 255
VOID = 255
JPEG_QUALITY = 95
_SEQUENCE_LIST = "ImageSets/2017/val.txt"


def write_davis(
    document: Document,
    source: FrameSource,
    out_dir: Path,
    frames: range,
    with_images: bool = False,
) -> ExportReport:
    """Write the annotation tree of one sequence; images are named after source frame numbers.

    Args:
        document: the masks.
        source: the frames.
        out_dir: an existing folder.
        frames: frames to write; leading ones without any mask are left out.
        with_images: also write the frames as JPEG, which the evaluator needs in a ground truth.

    Raises:
        ExportError: there are more objects than the format can number.
    """
    objects = objects_with_masks(document, frames)
    if len(objects) > MAX_OBJECTS:
        raise ExportError(
            f"DAVIS images hold {MAX_OBJECTS} objects at most, the project has {len(objects)}.",
            "Export to COCO instead.",
        )
    written = _from_first_mask(document, objects, frames)
    starting = _visible_on(document, objects, written[0], source.size_hw)
    objects = _numbered(objects, starting)
    sequence = file_stem(source.name)
    paths = [out_dir / "Annotations" / "480p" / sequence]
    contested = _write_label_images(document, source, paths[0], objects, written)
    if with_images:
        paths.append(out_dir / "JPEGImages" / "480p" / sequence)
        _write_frames(source, paths[1], written)
    paths += [out_dir / _SEQUENCE_LIST, out_dir / f"{sequence}.objects.json"]
    _add_to_list(paths[-2], sequence)
    paths[-1].write_text(_mapping(source, objects, written), encoding="utf-8")
    late = [o.name for o in objects if o not in starting]
    return ExportReport(tuple(paths), tuple(_warnings(frames, written, contested, late)))


def _from_first_mask(document: Document, objects: Sequence[TrackedObject], frames: range) -> range:
    for position, frame in enumerate(frames):
        masks = (document.mask(o.object_id, frame) for o in objects)
        if any(row is not None and row.mask.area for row in masks):
            return frames[position:]
    raise ExportError("There is no mask to export.")


def _visible_on(
    document: Document, objects: Sequence[TrackedObject], frame: int, size_hw: tuple[int, int]
) -> list[TrackedObject]:
    ids = {o.object_id: label for label, o in enumerate(objects, 1)}
    visible = set(np.unique(label_map(document, frame, ids, size_hw)[0]).tolist())
    return [o for o in objects if ids[o.object_id] in visible]


def _numbered(
    objects: Sequence[TrackedObject], starting: Sequence[TrackedObject]
) -> list[TrackedObject]:
    """Order the objects so that the last one, with the highest number, is in the first image.

    The evaluator takes the highest number on the first image for the number of objects.
    """
    return sorted(objects, key=lambda o: o is starting[-1] and objects[-1] not in starting)


def _image_name(frame: int, frames: range) -> str:
    return f"{frame:0{frame_digits(frames, 5)}d}"


def _write_label_images(
    document: Document,
    source: FrameSource,
    folder: Path,
    objects: Sequence[TrackedObject],
    frames: range,
) -> int:
    """Write a label image for every frame; return the number of frames with overlaps."""
    folder.mkdir(parents=True)
    ids = {o.object_id: label for label, o in enumerate(objects, 1)}
    palette = davis_palette().tobytes()
    contested_frames = 0
    for frame in frames:
        labels, contested = label_map(document, frame, ids, source.size_hw)
        image = Image.fromarray(labels)
        image.putpalette(palette)
        image.save(folder / f"{_image_name(frame, frames)}.png")
        contested_frames += contested > 0
    return contested_frames


def _write_frames(source: FrameSource, folder: Path, frames: range) -> None:
    folder.mkdir(parents=True)
    for frame in frames:
        name = f"{_image_name(frame, frames)}.jpg"
        Image.fromarray(source[frame]).save(folder / name, quality=JPEG_QUALITY)


def _add_to_list(path: Path, sequence: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    known = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    names = dict.fromkeys([*filter(None, known), sequence])
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _mapping(source: FrameSource, objects: Sequence[TrackedObject], frames: range) -> str:
    content = {
        "source": source.path.name,
        "frame_rate": str(source.frame_rate),
        "objects": [
            {"label": label, "object_id": o.object_id, "name": o.name, "category": o.category}
            for label, o in enumerate(objects, 1)
        ],
        "frames": [
            {
                "file": _image_name(frame, frames),
                "source_frame_index": frame,
                "pts_seconds": source.timestamp_s(frame),
            }
            for frame in frames
        ],
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def _warnings(
    asked: range, written: range, contested_frames: int, late: Sequence[str]
) -> Iterator[str]:
    if written[0] != asked[0]:
        yield f"The sequence starts at frame {written[0]}: nothing is annotated before it."
    if late:
        yield (
            f"{listed(late)} appears after the first image; SAM 2's vos_inference.py then needs "
            "--track_object_appearing_later_in_video."
        )
    if contested_frames:
        yield (
            f"Objects overlap on {contested_frames} of the frames; each pixel went to the more "
            "certain mask. COCO keeps overlaps."
        )
    if len(written) < 3:
        yield f"The official evaluator needs 3 frames or more; this sequence has {len(written)}."


def read_davis(folder: Path) -> Iterator[tuple[int, dict[int, RleMask]]]:
    """Read label images, such as ``Annotations/480p/<sequence>/00000.png``, in frame order.

    Args:
        folder: images whose names end in the frame number; gray or palette, one label per pixel.

    Yields:
        Frame number and its masks by label; background and void (255) are left out.

    Raises:
        ExportError: there are no such images, or one cannot be read as labels.
    """
    files = [f for f in folder.glob("*.png") if trailing_number(f.stem) is not None]
    if not files:
        raise ExportError(
            f"{folder} holds no numbered label images.", "Choose a folder with 00000.png ..."
        )
    for file in sorted(files, key=lambda f: trailing_number(f.stem) or 0):
        try:
            with Image.open(file) as image:
                labels = np.asarray(image)
        except (OSError, SyntaxError) as error:
            raise ExportError(f"{file} cannot be read: {error}.") from error
        if labels.ndim != 2:
            raise ExportError(
                f"{file} is a color image, not a label image.",
                "Each pixel must be one number: a palette or gray PNG.",
            )
        present = set(np.unique(labels).tolist()) - {0, VOID}
        masks = {label: RleMask.encode(labels == label) for label in sorted(present)}
        yield trailing_number(file.stem) or 0, masks


DAVIS = ExportFormat(
    "davis",
    "DAVIS 2017 masks",
    "Palette PNG of every frame, for the DAVIS evaluator and most research code. "
    "Overlaps and confidences are lost.",
    write_davis,
    extends=(_SEQUENCE_LIST,),
)
DAVIS_WITH_IMAGES = ExportFormat(
    "davis_with_images",
    "DAVIS 2017 dataset",
    "The same with the frames as JPEG: a ground-truth tree for the evaluator or for training.",
    partial(write_davis, with_images=True),
    extends=(_SEQUENCE_LIST,),
)
