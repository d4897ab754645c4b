"""Export the masks of an open project from a snapshot, while the project changes."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from app.core.cancel import CancelToken, Job
from app.core.document import Document
from app.core.errors import AppError
from app.export.preview import ExportPreview, preview_steps
from app.export.registry import ExportReport, export_steps
from app.export.selection import ExportOptions
from app.media.frames import FrameSource

EXPORT_CACHE_BYTES = 32 * 2**20
"""Ceiling of the decoded frames that an export caches; it reads each frame once."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export: names of formats, the folder to write to, the frames and the options."""

    formats: tuple[str, ...]
    folder: Path
    frames: range
    options: ExportOptions = field(default_factory=ExportOptions)


@dataclass(frozen=True, slots=True)
class ExportStep:
    """The progress of an export in frames, all formats together.

    Attributes:
        done: frames written.
        total: frames to write.
        report: of the format that was finished with this step, if one was.
    """

    done: int
    total: int
    report: ExportReport | None = None


def preview_job(document: Document, source: FrameSource, request: ExportRequest) -> Job:
    """Estimate what an export would come to; yields None now and then, last an `ExportPreview`."""
    snapshot = document.copy()

    def run(token: CancelToken) -> Iterator[ExportPreview | None]:
        with source.clone(EXPORT_CACHE_BYTES) as frames:
            steps = preview_steps(
                snapshot, frames, request.formats, request.frames, request.options
            )
            with closing(steps):
                while True:
                    token.raise_if_cancelled()
                    try:
                        next(steps)
                    except StopIteration as end:
                        preview: ExportPreview = end.value
                        break
                    except AppError as error:
                        preview = ExportPreview({}, (str(error),))
                        break
                    yield None
        yield preview

    return run


def export_job(document: Document, source: FrameSource, request: ExportRequest) -> Job:
    """Write the masks as they are now; yields an `ExportStep` for each frame and format."""
    snapshot = document.copy()

    def run(token: CancelToken) -> Iterator[ExportStep]:
        count = len(request.frames)
        total = count * len(request.formats)
        with source.clone(EXPORT_CACHE_BYTES) as frames:
            for position, name in enumerate(request.formats):
                steps = export_steps(
                    snapshot, frames, name, request.folder, request.frames, request.options
                )
                with closing(steps):
                    while True:
                        token.raise_if_cancelled()
                        try:
                            progress = next(steps)
                        except StopIteration as end:
                            report: ExportReport = end.value
                            break
                        yield ExportStep(position * count + progress.done, total)
                yield ExportStep((position + 1) * count, total, report)

    return run
