"""Model selection: list, download, import and switch models in the background."""

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.core.cancel import CancelToken, Job
from app.core.settings import ModelSettings
from app.tracking.model_catalog import AvailableModels, FetchStep, ModelCatalog
from app.ui.dialogs import paths
from app.ui.dialogs.model_dialog import ModelDialog
from app.ui.jobs.job_queue import JobQueue, Priority
from app.ui.jobs.model_host import ModelHost
from app.ui.jobs.progress import Outcome
from app.ui.state.preferences import Preferences


class ModelSelection(QObject):
    """Opens the model dialog and carries out its requests.

    Args:
        host: owns the model in use.
        model_jobs: the queue that runs the model; another model is loaded there too.
        file_jobs: the queue that reads and writes the model store.
        preferences: stores the selected model.
        parent: the window.

    Attributes:
        catalog: the models that can be selected.

    Signals:
        switched: another model is in use now.
    """

    switched = Signal()

    def __init__(
        self,
        host: ModelHost,
        model_jobs: JobQueue,
        file_jobs: JobQueue,
        preferences: Preferences,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.catalog = ModelCatalog()
        self._host = host
        self._model_jobs = model_jobs
        self._file_jobs = file_jobs
        self._preferences = preferences
        self._window = parent
        self._dialog: ModelDialog | None = None
        self._fetch_id = 0
        self._asked = ""

    @property
    def description(self) -> str:
        """Name, input size and device of the loaded model and what runs it, as text."""
        return self._host.description

    def ask(self, selected: str = "") -> None:
        """List the available models, then open the dialog.

        Args:
            selected: name of the model to select; the one in use if empty.
        """
        self._asked = selected
        self._list_models(None)

    def report(self, show: Callable[[AvailableModels, ModelSettings], object]) -> None:
        """List the available models in the background, for display only.

        Args:
            show: receives them, and the settings of the model in use.
        """

        def display(available: AvailableModels) -> None:
            show(available, self._host.settings)

        # It imports the model library: beside the jobs of the model, it delays no file.
        label = self.tr("List models")
        self._model_jobs.submit(self._list_job, label, display, priority=Priority.IDLE)

    def list_for(
        self, owner: QObject, show: Callable[[AvailableModels, ModelSettings], object]
    ) -> None:
        """List the available models, soon, for a dialog that the user waits for.

        Args:
            owner: without it, nothing is shown.
            show: receives them, and the settings of the model in use.
        """
        self._file_jobs.submit(
            self._list_job,
            self.tr("List models"),
            lambda available: show(available, self._host.settings),
            priority=Priority.INTERACTIVE,
            owner=owner,
        )

    def _list_models(self, selected: str | None) -> None:
        self.list_for(self, lambda available, _settings: self._show(available, selected))

    def _list_job(self, token: CancelToken) -> Iterator[AvailableModels]:
        yield self.catalog.available()

    def _show(self, available: AvailableModels, selected: str | None) -> None:
        if self._dialog is not None:
            self._dialog.show_models(available, selected)
            return
        if selected is not None:  # the dialog was closed before its request completed
            return
        dialog = self._dialog = ModelDialog(available, self._host.settings, self._window)
        dialog.show_in_use(self.description)
        if self._asked:
            dialog.show_models(available, self._asked)
        dialog.finished.connect(self._forget_dialog)
        dialog.import_requested.connect(self._ask_import)
        dialog.fetch_requested.connect(self._fetch)
        dialog.stop_requested.connect(lambda: self._file_jobs.cancel(self._fetch_id))
        dialog.chosen.connect(self._switch)
        if self._file_jobs.is_active(self._fetch_id):
            dialog.show_progress(FetchStep(0, 0))
        dialog.open()

    def _forget_dialog(self) -> None:
        self._dialog = None

    def _ask_import(self) -> None:
        assert self._dialog is not None
        selected = self._dialog.table.selected.name
        path = paths.ask_weights(self._dialog, self._preferences)
        if path is None:
            return

        def job(token: CancelToken) -> Iterator[str]:
            yield self.catalog.import_file(path, selected)

        label = self.tr("Import {name}").format(name=path.name)
        self._run_file_job(job, label, self._list_models)

    def _fetch(self, name: str) -> None:
        def job(token: CancelToken) -> Iterator[FetchStep]:
            yield from self.catalog.fetch(name)

        def end(outcome: Outcome) -> None:
            self._show_progress(None)
            if outcome is Outcome.DONE:
                self._list_models(name)

        assert self._dialog is not None
        label = self.tr("Download {model}").format(model=self._dialog.table.selected.title)
        self._fetch_id = self._file_jobs.submit(
            job, label, self._show_progress, on_end=end, unit="MB"
        )
        self._show_progress(FetchStep(0, 0))

    def _show_progress(self, step: FetchStep | None) -> None:
        if self._dialog is not None:
            self._dialog.show_progress(step)

    def _switch(self, settings: ModelSettings) -> None:
        def job(token: CancelToken) -> Iterator[object]:
            self._host.switch(settings, token)
            yield from ()

        def end(outcome: Outcome) -> None:
            is_switched = self._host.settings is settings
            if is_switched:
                self._preferences.model = settings
                self.switched.emit()
            if self._dialog is dialog:
                dialog.show_loading(False)
                if is_switched:
                    dialog.accept()

        assert self._dialog is not None
        dialog = self._dialog
        dialog.show_loading(True)
        label = self.tr("Load {model}").format(model=settings.name)
        job_id = self._model_jobs.submit(
            job, label, lambda _: None, priority=Priority.INTERACTIVE, on_end=end
        )
        dialog.rejected.connect(lambda: self._model_jobs.cancel(job_id))

    def _run_file_job(self, job: Job, label: str, on_step: Callable[[Any], None]) -> None:
        self._file_jobs.submit(job, label, on_step, priority=Priority.INTERACTIVE)
