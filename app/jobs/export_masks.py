"""Export the masks of an open project from a snapshot, while the project changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core.cancel import CancelToken, Job
from app.core.document import Document
from app.export.registry import ExportReport, export
from app.media.frames import FrameSource

EXPORT_CACHE_BYTES = 32 * 2**20
"""Ceiling of the decoded frames that an export caches; it reads each frame once."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export: names of formats, the folder to write to, and the frames."""

    formats: tuple[str, ...]
    folder: Path
    frames: range


def export_job(document: Document, source: FrameSource, request: ExportRequest) -> Job:
    """Write the masks as they are now; yields an `ExportReport` for each format."""
    snapshot = document.copy()

    def run(token: CancelToken) -> Iterator[ExportReport]:
        with source.clone(EXPORT_CACHE_BYTES) as frames:
            for name in request.formats:
                token.raise_if_cancelled()
                yield export(snapshot, frames, name, request.folder, request.frames)

    return run
