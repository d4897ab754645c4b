"""What an export would take on disk and what it would lose, before it is written."""

import tempfile
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.document import Document, FrameMask, Table, TrackedObject
from app.core.errors import AppError
from app.export.format import ExportFormat, Loss
from app.export.naming import listed
from app.export.registry import FORMATS, chosen_frames
from app.export.selection import ExportOptions, Selection
from app.media.frames import FrameSource

SAMPLE_FRAMES = 6
"""Frames that each format is tried on, to estimate what all of them take."""

OVERLAP_FRAMES = 60
"""Most frames that are searched for overlaps; the number found is scaled up."""

_MOST_OBJECTS = 8  # whose missing frames get a sentence of their own


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """What an export would come to.

    Attributes:
        size_bytes: estimated size on disk by format; None where it cannot be written.
        warnings: sentences about what is missing or would be lost.
    """

    size_bytes: dict[str, int | None]
    warnings: tuple[str, ...]


def preview_steps(
    document: Document,
    source: FrameSource,
    format_names: Sequence[str],
    frames: range,
    options: ExportOptions,
) -> Generator[None, None, ExportPreview]:
    """Estimate sizes by writing a few frames to a temporary folder; yields now and then.

    Raises:
        ExportError, UsageError: there are no such frames.
        SourceError: a frame cannot be read.
    """
    selection = Selection(document, source, chosen_frames(document, source, frames), options)
    forms = [FORMATS[name] for name in format_names]
    warnings = list(_mask_warnings(selection))
    if any(Loss.OVERLAPS in form.loses for form in forms):
        found = yield from _overlapping_frames(selection)
        if found:
            warnings.append(
                f"Objects overlap on about {found} of the frames: "
                f"{_titles(forms, Loss.OVERLAPS)} gives each pixel to the more certain mask."
            )
    warnings += [
        f"{_titles(forms, loss)} does not keep {loss.value}."
        for loss in (Loss.IDENTITIES, Loss.PIXELS, Loss.MASKS)
        if any(loss in form.loses for form in forms)
    ]
    if selection.size_hw != source.size_hw:
        warnings.append("Scaled masks cannot be imported again at their exact pixels.")
    sizes: dict[str, int | None] = {}
    for form in forms if selection.objects else []:
        try:
            sizes[form.name] = yield from _estimated_bytes(form, selection)
        except AppError as error:
            sizes[form.name] = None
            warnings.append(f"{form.title}: {error}")
    return ExportPreview(sizes, tuple(dict.fromkeys(warnings)))


def _titles(forms: Sequence[ExportFormat], loss: Loss) -> str:
    return listed(form.title for form in forms if loss in form.loses)


def _mask_warnings(selection: Selection) -> Iterator[str]:
    """Say what is missing: objects without masks, frames on which they are lost or left out."""
    if not selection.objects:
        yield "There is no mask to export."
        return
    incomplete = [text for o in selection.chosen_objects if (text := _object_gaps(selection, o))]
    yield from incomplete[:_MOST_OBJECTS]
    if len(incomplete) > _MOST_OBJECTS:
        yield f"{len(incomplete) - _MOST_OBJECTS} more objects are missing on some frames."
    rows = [row for o in selection.chosen_objects for row in _rows(selection, o).values()]
    unverified = sum(not row.is_verified for row in rows if row.mask.area)
    if unverified and selection.options.verified_only:
        yield f"{unverified} masks that were not verified are left out."
    elif unverified:
        yield f"{unverified} of {sum(row.mask.area > 0 for row in rows)} masks are not verified."


def _rows(selection: Selection, tracked: TrackedObject) -> dict[int, FrameMask]:
    found = selection.document.of_object(Table.MASKS, tracked.object_id).items()
    return {frame: row for frame, row in found if frame in selection.frames}


def _object_gaps(selection: Selection, tracked: TrackedObject) -> str:
    rows = _rows(selection, tracked)
    missing = len(selection.frames) - len(rows)
    lost = sum(row.mask.area == 0 for row in rows.values())
    parts = [f"has no mask on {missing}"] if missing else []
    parts += [f"is lost on {lost}"] if lost else []
    frames = f"of {len(selection.frames)} frames"
    return f"“{tracked.name}” {' and '.join(parts)} {frames}." if parts else ""


def _overlapping_frames(selection: Selection) -> Generator[None, None, int]:
    """Estimate on how many frames masks overlap."""
    step = -(-len(selection.frames) // OVERLAP_FRAMES)
    looked_at = selection.frames[::step]
    found = 0
    for frame in looked_at:
        rows = [row for _, row in selection.masks_on(frame)]
        found += _overlap(rows)
        yield
    return round(found * len(selection.frames) / len(looked_at))


def _overlap(rows: Sequence[FrameMask]) -> bool:
    if len(rows) < 2:
        return False
    claimed = np.zeros(rows[0].mask.size_hw, dtype=np.bool_)
    for row in rows:
        bitmap = row.mask.decode()
        if (claimed & bitmap).any():
            return True
        claimed |= bitmap
    return False


def _estimated_bytes(form: ExportFormat, selection: Selection) -> Generator[None, None, int]:
    """Write a few frames in a format and scale up what they take."""
    count = len(selection.frames)
    if form.is_video:
        start = max(0, count // 2 - SAMPLE_FRAMES)
        sampled = selection.frames[start : start + 2 * SAMPLE_FRAMES]
    else:
        step = -(-count // SAMPLE_FRAMES)
        # Some formats refuse frames without any mask: the first that has one is among them.
        sampled = selection.frames[selection.first_masked % step :: step]
    sample = Selection(selection.document, selection.source, sampled, selection.options)
    with tempfile.TemporaryDirectory(prefix="tinysam2-preview-") as folder:
        writing = form.write(sample, Path(folder))
        try:
            for _ in writing:
                yield
        finally:
            writing.close()
        written = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    return written * count // len(sampled)
