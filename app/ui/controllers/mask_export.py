"""Mask export in the background: from a snapshot of the document, one step per format."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.export.preview import ExportPreview
from app.export.registry import FORMATS, ExportReport
from app.jobs.export_masks import ExportRequest, ExportStep, export_job, preview_job
from app.session import Session
from app.ui.dialogs.export_dialog import ExportDialog, ExportResult
from app.ui.dialogs.export_form import ExportContents
from app.ui.jobs.job_queue import JobQueue, Priority
from app.ui.jobs.progress import Outcome
from app.ui.state.preferences import Preferences
from app.ui.translation.sentences import translate_sentence


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
        self._window = parent
        self._dialog: ExportDialog | None = None

    def ask(self, session: Session, formats: tuple[str, ...] | None = None) -> ExportDialog:
        """Open the export dialog; accepting it starts the export.

        Args:
            session: whose masks are exported.
            formats: names of the formats that are checked; those of the last export if None.
        """
        name, document = session.source.name, session.document
        folder = Path(self._preferences.folder("export")) / f"{name}-masks"
        objects = tuple((tracked.object_id, tracked.name) for tracked in document.objects)
        contents = ExportContents(name, session.num_frames, document.frame_range, objects)
        checked = self._preferences.export_formats if formats is None else formats
        dialog = ExportDialog(contents, folder, checked, self._window)
        self._dialog = dialog
        dialog.finished.connect(self._forget_dialog)
        dialog.preview_requested.connect(lambda: self._preview(session, dialog))
        dialog.accepted.connect(lambda: self.start(session, dialog.request()))
        dialog.open()
        return dialog

    def close_dialog(self) -> None:
        """Close the dialog, because its session ends; a running export continues."""
        if self._dialog is not None:
            self._dialog.reject()

    def _forget_dialog(self) -> None:
        self._dialog = None

    def _preview(self, session: Session, dialog: ExportDialog) -> None:
        """Show what the edited request would come to, computed in the background."""

        def show(preview: ExportPreview | None) -> bool:
            is_open = self._dialog is dialog
            if preview is not None and is_open:
                dialog.show_preview(preview)
            return is_open

        job = preview_job(session.document, session.source, dialog.request())
        self._jobs.submit(job, self.tr("Estimate the export"), show, priority=Priority.PREVIEW)

    def start(self, session: Session, request: ExportRequest) -> None:
        """Export in the background."""
        self._preferences.set_folder("export", request.folder.parent)
        self._preferences.export_formats = request.formats
        reports: list[ExportReport] = []

        def keep(step: ExportStep) -> None:
            if step.report is not None:
                reports.append(step.report)

        def finish(outcome: Outcome) -> None:
            if outcome is Outcome.DONE:
                paths = tuple(path for report in reports for path in report.paths)
                warnings = dict.fromkeys(w for report in reports for w in report.warnings)
                self.exported.emit(ExportResult(request.folder, paths, tuple(warnings)))

        titles = self.tr(" and ").join(
            translate_sentence(FORMATS[name].title) for name in request.formats
        )
        label = self.tr("Export {formats} to {folder}/")
        label = label.format(formats=titles, folder=request.folder.name)
        job = export_job(session.document, session.source, request)
        job_id = self._jobs.submit(job, label, keep, on_end=finish)
        self._jobs.annotate(job_id, self.tr("Written to {folder}").format(folder=request.folder))
