"""Exports beside the window: a copy of the document, then one step per format."""

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
    """Copy a document; its rows are immutable and shared."""
    rows = tuple(
        Change(table, key, None, row)
        for table in Table
        for key, row in document.rows(table).items()
    )
    copy = Document()
    copy.apply(Edit("Copy", rows))
    return copy


def export_job(session: Session, order: ExportRequest) -> Job:
    """Write the masks as they are now in every format of an order; yields `ExportReport`s."""
    document, source = snapshot(session.document), session.source

    def run(token: CancelToken) -> Iterator[ExportReport]:
        with source.clone(SOURCE_CACHE_BYTES) as frames:
            for name in order.formats:
                token.raise_if_cancelled()
                yield export(document, frames, name, order.folder, order.frames)

    return run


class ExportController(QObject):
    """Asks what to export and does it.

    Signals:
        exported: `ExportResult`, when all is written.
    """

    exported = Signal(object)

    def __init__(self, jobs: JobQueue, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._preferences = preferences

    def ask(self, session: Session, parent: QWidget) -> ExportDialog:
        """Open the dialog; the export begins when it is accepted."""
        name = session.source.name
        folder = Path(self._preferences.folder("export")) / f"{name}-masks"
        dialog = ExportDialog(
            session.num_frames,
            session.document.frame_range,
            folder,
            self._preferences.export_formats,
            parent,
        )
        dialog.accepted.connect(lambda: self.start(session, dialog.order()))
        dialog.open()
        return dialog

    def start(self, session: Session, order: ExportRequest) -> None:
        """Export in the background."""
        self._preferences.set_folder("export", order.folder.parent)
        self._preferences.export_formats = order.formats
        reports: list[ExportReport] = []

        def finish(outcome: Outcome) -> None:
            if outcome is Outcome.DONE:
                paths = tuple(path for report in reports for path in report.paths)
                warnings = dict.fromkeys(w for report in reports for w in report.warnings)
                self.exported.emit(ExportResult(order.folder, paths, tuple(warnings)))

        label = f"Export {', '.join(order.formats)}"
        job_id = self._jobs.submit(export_job(session, order), label, reports.append, on_end=finish)
        self._jobs.annotate(job_id, f"Written to {order.folder}")
