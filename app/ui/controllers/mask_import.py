"""Mask import in the background, as one undo step, after a dry run that the user sees."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QInputDialog, QWidget

from app.core.cancel import CancelToken, Job
from app.export.reading.source import ChoiceError
from app.jobs.import_masks import ImportPlan, ImportRequest, import_job, plan_job
from app.session import Session
from app.ui.dialogs import paths
from app.ui.dialogs.import_dialog import ImportDialog
from app.ui.jobs.job_queue import JobQueue
from app.ui.state.preferences import Preferences


class ImportController(QObject):
    """Imports masks of files, as new objects or into those that are there.

    Call `stop` before the session of an import is closed.
    """

    def __init__(self, jobs: JobQueue, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._preferences = preferences
        self._window = parent
        self._job_ids: list[int] = []
        self._dialog: QDialog | None = None

    def stop(self) -> None:
        """Cancel the imports, and close the dialog of one that has not started."""
        for job_id in self._job_ids:
            self._jobs.cancel(job_id)
        self._job_ids.clear()
        if self._dialog is not None:
            self._dialog.reject()

    def ask(self, session: Session) -> None:
        """Let the user select mask files; a dialog shows what they hold before the import."""
        if path := paths.ask_masks(self._window, self._preferences):
            self.start(ImportRequest(path), session)

    def start(self, request: ImportRequest, session: Session) -> None:
        """Read the masks in the background and show what an import would do."""

        def show(step: ImportPlan | ChoiceError | None) -> None:
            if isinstance(step, ImportPlan):
                self._confirm(step, session)
            elif step is not None:
                self._ask_video(step.choices, request, session)

        job = _choice_or_plan(plan_job(session.document, session.source, request))
        self._submit(job, self.tr("Check {name}").format(name=request.path.name), show)

    def _ask_video(self, names: list[str], request: ImportRequest, session: Session) -> None:
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle(self.tr("Import masks"))
        dialog.setLabelText(self.tr("The file holds several videos. Import the masks of:"))
        dialog.setComboBoxItems(names)
        dialog.textValueSelected.connect(
            lambda name: self.start(replace(request, video=name), session)
        )
        dialog.finished.connect(dialog.deleteLater)
        self._open(dialog)

    def _confirm(self, plan: ImportPlan, session: Session) -> None:
        dialog = ImportDialog(plan, self._window)
        dialog.accepted.connect(lambda: self._import(plan, session, dialog.is_update()))
        self._open(dialog)

    def _open(self, dialog: QDialog) -> None:
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()

    def _forget_dialog(self) -> None:
        self._dialog = None

    def _import(self, plan: ImportPlan, session: Session, is_update: bool) -> None:
        job = import_job(plan, session.source, session.history.new_key(), is_update)
        label = self.tr("Import {name}").format(name=plan.request.path.name)
        self._submit(job, label, session.apply, keeps_finished=True)

    def _submit(
        self,
        job: Job,
        label: str,
        on_step: Callable[[Any], object],
        keeps_finished: bool = False,
    ) -> None:
        job_id = self._jobs.submit(job, label, on_step, keeps_finished=keeps_finished)
        self._job_ids.append(job_id)


def _choice_or_plan(job: Job) -> Job:
    """Yield what a dry run yields, or last the `ChoiceError` that it raises."""

    def run(token: CancelToken) -> Iterator[ImportPlan | ChoiceError | None]:
        try:
            yield from job(token)
        except ChoiceError as error:
            yield error

    return run
