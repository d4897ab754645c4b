"""Mask export in the background: from a snapshot of the document, one step per format."""

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.core.cancel import CancelToken
from app.core.document import Change, Document, Edit, Table
from app.export.registry import ExportReport, export
from app.session import Session
from app.ui.dialogs.export_dialog import ExportDialog, ExportRequest, ExportResult
from app.ui.jobs.job_queue import JobQueue
from app.ui.jobs.job_runner import Job, Outcome
from app.ui.state.preferences import Preferences

SOURCE_CACHE_BYTES = 32 << 20


def snapshot(document: Document) -> Document:
    """Return a copy of a document that shares its immutable rows."""
    rows = tuple(
        Change(table, key, None, row)
        for table in Table
        for key, row in document.rows(table).items()
    )
    copy = Document()
    copy.apply(Edit("Copy", rows))
    return copy


def export_job(session: Session, request: ExportRequest) -> Job:
    """Write a snapshot of the masks in every requested format; yields one `ExportReport` each."""
    document, source = snapshot(session.document), session.source

    def run(token: CancelToken) -> Iterator[ExportReport]:
        with source.clone(SOURCE_CACHE_BYTES) as frames:
            for name in request.formats:
                token.raise_if_cancelled()
                yield export(document, frames, name, request.folder, request.frames)

    return run


class ExportController(QObject):
    """Opens the export dialog and runs the export.

    Signals:
        exported: `ExportResult` of an export that wrote all its formats.
    """

    exported = Signal(object)

    def __init__(self, jobs: JobQueue, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._preferences = preferences

    def ask(self, session: Session, parent: QWidget) -> ExportDialog:
        """Open the export dialog; accepting it starts the export."""
        name = session.source.name
        folder = Path(self._preferences.folder("export")) / f"{name}-masks"
        dialog = ExportDialog(
            session.num_frames,
            session.document.frame_range,
            folder,
            self._preferences.export_formats,
            parent,
        )
        dialog.accepted.connect(lambda: self.start(session, dialog.request()))
        dialog.open()
        return dialog

    def start(self, session: Session, request: ExportRequest) -> None:
        """Export in the background."""
        self._preferences.set_folder("export", request.folder.parent)
        self._preferences.export_formats = request.formats
        reports: list[ExportReport] = []

        def finish(outcome: Outcome) -> None:
            if outcome is Outcome.DONE:
                paths = tuple(path for report in reports for path in report.paths)
                warnings = dict.fromkeys(w for report in reports for w in report.warnings)
                self.exported.emit(ExportResult(request.folder, paths, tuple(warnings)))

        label = f"Export {', '.join(request.formats)}"
        job_id = self._jobs.submit(
            export_job(session, request), label, reports.append, on_end=finish
        )
        self._jobs.annotate(job_id, f"Written to {request.folder}")
