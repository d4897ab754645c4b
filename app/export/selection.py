"""What an export contains: the chosen frames, objects and masks, at the chosen scale."""

import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from app.core.document import Document, FrameMask, Table, TrackedObject
from app.core.errors import UsageError
from app.core.masks import RleMask
from app.export.naming import file_stem, frame_digits
from app.media.frames import FrameSource, Pixels
from app.media.sequence import ImageSequence

MIN_SCALE, MAX_SCALE = 0.01, 4.0


class Existing(StrEnum):
    """What to do when an earlier export has the same name."""

    REFUSE = "refuse"
    REPLACE = "replace"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to export; each format takes the options that it has a use for.

    Attributes:
        object_ids: the objects to export; all if None.
        verified_only: leave out masks that nobody declared right.
        scale: size of the exported images and masks relative to the video, `MIN_SCALE` to
            `MAX_SCALE`; masks are sampled by nearest neighbor.
        frame_names: template of file names, with ``{frame}`` or ``{frame:06d}`` and ``{name}``;
            None keeps the names of a folder's images, and numbers the frames of a video.
        with_images: also write the frames, as JPEG.
        official_ids: number the objects of label images as the official DAVIS evaluator needs.
        polygons: write outlines instead of masks, where a format has both.
        existing: what to do with an earlier export of the same name.
    """

    object_ids: frozenset[int] | None = None
    verified_only: bool = False
    scale: float = 1.0
    frame_names: str | None = None
    with_images: bool = False
    official_ids: bool = False
    polygons: bool = False
    existing: Existing = Existing.REFUSE

    def __post_init__(self) -> None:
        """Check the values that a person may type.

        Raises:
            UsageError: the scale or the template of frame names cannot be used.
        """
        if not MIN_SCALE <= self.scale <= MAX_SCALE:
            raise UsageError(
                f"The scale must be from {MIN_SCALE} to {MAX_SCALE:g}, got {self.scale:g}."
            )
        if self.frame_names is not None:
            check_template(self.frame_names)


def check_template(template: str) -> None:
    """Check a template of frame names.

    Raises:
        UsageError: it cannot be used, or gives two frames one name.
    """
    hint = "Use {frame}, {frame:06d} and {name}."
    try:
        fields = list(string.Formatter().parse(template))
        if any(part[1] not in (None, "frame", "name") or part[3] for part in fields):
            raise ValueError("unknown field")
        if any(part[1] == "name" and part[2] for part in fields):
            raise ValueError("format of a name")
        if any(len(part[2] or "") > 4 or (part[2] or "0d").strip("0123456789d") for part in fields):
            raise ValueError("unknown format")
        made = [template.format(frame=number, name="clip") for number in (0, 1, 12)]
        safe = [file_stem(text) == text and len(text) <= 120 for text in made]
    except (ValueError, KeyError, IndexError) as error:
        raise UsageError(f"{template!r} is not a template of frame names.", hint) from error
    if len(set(made)) < len(made):
        raise UsageError(f"{template!r} gives all frames the same name.", hint)
    if not all(safe):
        raise UsageError(
            f"{template!r} gives names that not every file system takes.",
            "Use letters, digits, '-', '_' and '.'.",
        )


class Selection:
    """The frames, objects and masks of one export, as a writer needs them.

    Args:
        document: the annotations; must not change meanwhile.
        source: the frames; must not be closed meanwhile.
        frames: source frames, ascending.
        options: what to leave out, and how to name and scale it.
        name: name of the sequence in files; that of the source by default.
    """

    def __init__(
        self,
        document: Document,
        source: FrameSource,
        frames: range,
        options: ExportOptions | None = None,
        name: str | None = None,
    ) -> None:
        self.document = document
        self.source = source
        self.frames = frames
        self.options = options or ExportOptions()
        self.name = name or file_stem(source.name)

    def renamed(self, name: str) -> "Selection":
        """Return the same selection under another name."""
        return Selection(self.document, self.source, self.frames, self.options, name)

    @cached_property
    def size_hw(self) -> tuple[int, int]:
        """Height and width in pixels of what is exported."""
        height, width = (max(1, round(side * self.options.scale)) for side in self.source.size_hw)
        return height, width

    @cached_property
    def objects(self) -> list[TrackedObject]:
        """The objects that have a mask with pixels on these frames, in display order."""
        return [tracked for tracked in self.chosen_objects if self._has_pixels(tracked)]

    @property
    def chosen_objects(self) -> list[TrackedObject]:
        """The objects that are asked for, in display order, with or without masks."""
        chosen = self.options.object_ids
        return [o for o in self.document.objects if chosen is None or o.object_id in chosen]

    def _has_pixels(self, tracked: TrackedObject) -> bool:
        rows = self.document.of_object(Table.MASKS, tracked.object_id).items()
        return any(self._is_chosen(row) and frame in self.frames for frame, row in rows)

    def _is_chosen(self, row: FrameMask | None) -> bool:
        return (
            row is not None
            and row.mask.area > 0
            and (row.is_verified or not self.options.verified_only)
        )

    def mask(self, object_id: int, frame: int) -> FrameMask | None:
        """Return the mask of an object, scaled; None where it has no pixel."""
        row = self.document.mask(object_id, frame)
        if row is None or not self._is_chosen(row):
            return None
        if row.mask.size_hw == self.size_hw:
            return row
        scaled = scaled_mask(row.mask, self.size_hw)
        return replace(row, mask=scaled) if scaled.area else None

    def masks_on(self, frame: int) -> list[tuple[TrackedObject, FrameMask]]:
        """List the masks of a frame that have pixels, in display order."""
        rows = ((tracked, self.mask(tracked.object_id, frame)) for tracked in self.objects)
        return [(tracked, row) for tracked, row in rows if row is not None]

    @cached_property
    def first_masked(self) -> int:
        """Position of the first frame that has a mask; the number of frames if none has."""
        masked = (position for position, f in enumerate(self.frames) if self.masks_on(f))
        return next(masked, len(self.frames))

    def image(self, frame: int) -> Pixels:
        """Read a frame, (H, W, 3) RGB at the scale of the export; not to be written to."""
        pixels = self.source[frame]
        if pixels.shape[:2] == self.size_hw:
            return pixels
        mode = cv2.INTER_AREA if self.options.scale < 1 else cv2.INTER_LINEAR
        scaled = cv2.resize(pixels, self.size_hw[::-1], interpolation=mode)
        return np.asarray(scaled, dtype=np.uint8)

    def frame_name(self, frame: int, digits: int = 5) -> str:
        """Return the name of a frame's files, without suffix.

        Args:
            frame: source frame.
            digits: least number of digits for frames that have no name of their own.
        """
        if self.options.frame_names is not None:
            return self.options.frame_names.format(frame=frame, name=self.name)
        if self._own_names is not None:
            return self._own_names[frame]
        return f"{frame:0{frame_digits(self.frames, digits)}d}"

    @cached_property
    def own_files(self) -> tuple[Path, ...]:
        """The file of each source frame; see `frame_files`."""
        return frame_files(self.source)

    @cached_property
    def _own_names(self) -> Sequence[str] | None:
        return image_names(self.source)


def frame_files(source: FrameSource) -> tuple[Path, ...]:
    """Return the files of a folder's images; none for other sources and folders of stacks."""
    if not isinstance(source, ImageSequence) or not source.path.is_dir():
        return ()
    return source.files if max(source.table.pages) == 1 else ()


def image_names(source: FrameSource) -> list[str] | None:
    """Return the file names, without suffix, of a folder's images; None for other sources.

    Images that differ only in their suffix have no names of their own.
    """
    names = [file.stem for file in frame_files(source)]
    return names if names and len(set(names)) == len(names) else None


def scaled_mask(mask: RleMask, size_hw: tuple[int, int]) -> RleMask:
    """Resize a mask by nearest neighbor, sampled at the centers of pixels as images are."""
    bitmap = mask.decode().astype(np.uint8)
    scaled = cv2.resize(bitmap, size_hw[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return RleMask.encode(np.asarray(scaled, dtype=np.bool_))
