"""The table of export formats, and writing one of them."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.core.document import Document
from app.core.errors import ExportError, UsageError
from app.export import (
    coco,
    cvat_coco,
    cvat_xml,
    davis,
    labelme,
    memory_report,
    mots,
    object_tree,
    sav,
    stills,
    tables,
    videos,
    yolo,
    youtube_vis,
    youtube_vos,
)
from app.export.format import ExportFormat, ExportReport
from app.export.publishing import refuse_existing, staging
from app.export.selection import Existing, ExportOptions, Selection
from app.media.frames import FrameSource

__all__ = ["FORMATS", "ExportFormat", "ExportReport", "export", "export_steps"]

FORMATS: dict[str, ExportFormat] = {
    form.name: form
    for form in (
        davis.DAVIS,
        davis.DAVIS_2016,
        youtube_vos.YOUTUBE_VOS,
        object_tree.OBJECT_TREE,
        mots.MOTS_PNG,
        coco.COCO,
        coco.COCO_RESULTS,
        youtube_vis.YOUTUBE_VIS,
        sav.SAV,
        mots.MOTS_TEXT,
        mots.MOT_BOXES,
        cvat_xml.CVAT_XML,
        cvat_coco.CVAT_COCO,
        labelme.LABELME,
        yolo.YOLO,
        videos.OVERLAY,
        videos.ALPHA_WEBM,
        videos.ALPHA_PRORES,
        stills.MATTE,
        stills.CUT_OUT,
        tables.CSV,
        memory_report.JSON,
        memory_report.CSV,
        memory_report.MAPS,
    )
}


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far the writing of one format is, in frames."""

    format_name: str
    done: int
    total: int


def export_steps(
    document: Document,
    source: FrameSource,
    format_name: str,
    out_dir: Path,
    frames: range | None = None,
    options: ExportOptions | None = None,
) -> Generator[ExportProgress, None, ExportReport]:
    """Write masks, yielding after each frame; failing or closing leaves the folder as it was.

    Args:
        document: the annotations; must not change meanwhile.
        source: the frames; must not be closed meanwhile.
        format_name: a key of `FORMATS`.
        out_dir: folder to write to; created if missing.
        frames: source frames, ascending; by default the in/out range, or all.
        options: what to write, and what to do with an earlier export; the defaults if None.

    Raises:
        ExportError: unknown format, frames or masks missing, the name is taken, or the folder
            cannot be written.
    """
    form = _format(format_name)
    wanted = Selection(document, source, chosen_frames(document, source, frames), options)
    _check(wanted)
    try:
        with staging(form, out_dir, wanted.name, wanted.options.existing) as stage:
            warnings = yield from _progress(form, wanted.renamed(stage.name), stage.files)
            paths = stage.publish(source.path)
    except OSError as error:
        raise ExportError(
            f"{out_dir} cannot be written: {error.strerror or error}.",
            "Check that the folder may be written and the disk has room.",
        ) from error
    return ExportReport(paths, warnings)


def _progress(
    form: ExportFormat, selection: Selection, folder: Path
) -> Generator[ExportProgress, None, tuple[str, ...]]:
    total = len(selection.frames)
    with closing(form.write(selection, folder)) as writing:
        while True:
            try:
                done = next(writing)
            except StopIteration as end:
                warnings: tuple[str, ...] = end.value
                return warnings
            yield ExportProgress(form.name, min(done, total), total)


def export(
    document: Document,
    source: FrameSource,
    format_name: str,
    out_dir: Path,
    frames: range | None = None,
    options: ExportOptions | None = None,
    on_progress: Callable[[ExportProgress], object] = lambda progress: None,
) -> ExportReport:
    """Write the masks of a document at once; see `export_steps`."""
    steps = export_steps(document, source, format_name, out_dir, frames, options)
    while True:
        try:
            on_progress(next(steps))
        except StopIteration as end:
            report: ExportReport = end.value
            return report


def check_targets(
    format_names: Sequence[str], out_dir: Path, name: str, existing: Existing
) -> None:
    """Check that an export can be put into a folder, before hours of work.

    Raises:
        ExportError: there is an earlier export of this name, and ``existing`` says to refuse.
    """
    if existing is Existing.REFUSE:
        refuse_existing(earlier_exports(format_names, out_dir, name))


def earlier_exports(format_names: Sequence[str], out_dir: Path, name: str) -> list[Path]:
    """Return what exports of this name in these formats have left in a folder."""
    targets = [t for each in format_names for t in _format(each).target_names(name)]
    return [path for target in targets if (path := out_dir / target).exists()]


def _format(name: str) -> ExportFormat:
    if name not in FORMATS:
        raise ExportError(
            f"There is no export format “{name}”.", f"Choose from {', '.join(FORMATS)}."
        )
    return FORMATS[name]


def chosen_frames(document: Document, source: FrameSource, frames: range | None) -> range:
    """Return the frames to export: those given, else the in/out range, else all.

    Raises:
        ExportError: they are not in the source.
        UsageError: they do not ascend.
    """
    if frames is None:
        first, last = document.frame_range
        frames = range(first or 0, len(source) if last is None else last + 1)
    if frames.step < 1:
        raise UsageError(f"Exported frames must ascend, got a step of {frames.step}.")
    if not frames or frames[0] < 0 or frames[-1] >= len(source):
        raise ExportError(
            f"Frames {frames.start} to {frames.stop - 1} are not in {source.name}.",
            f"It has the frames 0 to {len(source) - 1}.",
        )
    return frames


def _check(selection: Selection) -> None:
    chosen = selection.options.object_ids or frozenset()
    if unknown := sorted(chosen - {each.object_id for each in selection.document.objects}):
        raise ExportError(f"There is no object {unknown[0]} in the project.")
    if selection.objects:
        return
    frames, options = selection.frames, selection.options
    kind = "verified mask" if options.verified_only else "mask"
    whose = " of the chosen objects" if options.object_ids is not None else ""
    raise ExportError(
        f"There is no {kind}{whose} on frames {frames[0]} to {frames[-1]} to export.",
        "Segment or track an object first.",
    )
