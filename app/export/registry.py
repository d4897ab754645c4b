"""The table of export formats, and running one so that a failure leaves nothing half-written."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from app.core.document import Document
from app.core.errors import ExportError
from app.export.coco import COCO
from app.export.davis import DAVIS, DAVIS_WITH_IMAGES
from app.export.format import ExportFormat, ExportReport
from app.export.labels import objects_with_masks
from app.export.youtube_vis import YOUTUBE_VIS
from app.media.frames import FrameSource

__all__ = ["FORMATS", "ExportFormat", "ExportReport", "export"]

FORMATS = {form.name: form for form in (DAVIS, DAVIS_WITH_IMAGES, COCO, YOUTUBE_VIS)}


def export(
    document: Document,
    source: FrameSource,
    format_name: str,
    out_dir: Path,
    frames: range | None = None,
) -> ExportReport:
    """Write the masks of a document; a failure leaves the folder as it was.

    Earlier files of the same export are replaced; everything else in ``out_dir`` stays.

    Args:
        document: the annotations; must not change meanwhile.
        source: the frames; must not be closed meanwhile.
        format_name: a key of `FORMATS`.
        out_dir: folder to write to; created if missing.
        frames: source frames; by default the in/out range, or all.

    Raises:
        ExportError: unknown format, frames or masks missing, or the folder cannot be written.
    """
    form = FORMATS.get(format_name)
    if form is None:
        raise ExportError(
            f"There is no export format “{format_name}”.", f"Choose from {', '.join(FORMATS)}."
        )
    frames = _checked(document, source, frames)
    try:
        with _staging(out_dir) as stage:
            _copy_extended(form, out_dir, stage)
            report = form.write(document, source, stage, frames)
            targets = [out_dir / path.relative_to(stage) for path in report.paths]
            for path, target in zip(report.paths, targets, strict=True):
                _publish(path, target, stage)
    except OSError as error:
        raise ExportError(
            f"{out_dir} cannot be written: {error.strerror or error}.",
            "Check that the folder may be written and the disk has room.",
        ) from error
    return replace(report, paths=tuple(targets))


def _checked(document: Document, source: FrameSource, frames: range | None) -> range:
    if frames is None:
        first, last = document.frame_range
        frames = range(first or 0, len(source) if last is None else last + 1)
    if not frames or min(frames) < 0 or max(frames) >= len(source):
        raise ExportError(
            f"Frames {frames.start} to {frames.stop - 1} are not in {source.name}.",
            f"It has the frames 0 to {len(source) - 1}.",
        )
    if not objects_with_masks(document, frames):
        raise ExportError(
            f"There is no mask on frames {frames.start} to {frames.stop - 1} to export.",
            "Segment or track an object first.",
        )
    return frames


@contextmanager
def _staging(out_dir: Path) -> Iterator[Path]:
    """Make a hidden folder in ``out_dir`` for the time of the block; undo both when it fails."""
    made = [folder for folder in (out_dir, *out_dir.parents) if not folder.exists()]
    out_dir.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".export-", dir=out_dir))
    try:
        yield stage
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        with suppress(OSError):  # someone else may have put something there
            for folder in made:
                folder.rmdir()
        raise
    shutil.rmtree(stage)


def _copy_extended(form: ExportFormat, out_dir: Path, stage: Path) -> None:
    for name in form.extends:
        if (out_dir / name).is_file():
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(out_dir / name, stage / name)


def _publish(path: Path, target: Path, stage: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        os.replace(target, Path(tempfile.mkdtemp(dir=stage)) / target.name)
    os.replace(path, target)
