"""Choosing a model: what there is, getting what is missing, switching to it; beside the window."""

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.core.cancel import CancelToken
from app.core.settings import ModelSettings
from app.tracking.models import Catalogue, FetchStep, ModelShelf
from app.ui.dialogs import paths
from app.ui.dialogs.model_dialog import ModelDialog
from app.ui.jobs.job_queue import JobDesk
from app.ui.jobs.job_runner import Job, Outcome, Priority
from app.ui.jobs.model_host import ModelHost
from app.ui.state.preferences import Preferences


class ModelChoosing(QObject):
    """Opens the dialog and does what it asks for.

    Args:
        host: the model in use.
        desk: where the model runs, and where another one is loaded.
        files: where the store is read and written.
        preferences: where the choice is remembered.
        parent: the window.

    Attributes:
        shelf: the model store.

    Signals:
        switched: another model is in use.
    """

    switched = Signal()

    def __init__(
        self,
        host: ModelHost,
        desk: JobDesk,
        files: JobDesk,
        preferences: Preferences,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.shelf = ModelShelf()
        self._host = host
        self._desk = desk
        self._files = files
        self._preferences = preferences
        self._window = parent
        self._dialog: ModelDialog | None = None
        self._fetch_id = 0

    def ask(self) -> None:
        """Look at what there is, then open the dialog."""
        self._look(None)

    def _look(self, selected: str | None) -> None:
        def job(token: CancelToken) -> Iterator[Catalogue]:
            yield self.shelf.catalogue()

        self._run_on_files(job, "Look at the model store", lambda it: self._show(it, selected))

    def _show(self, catalogue: Catalogue, selected: str | None) -> None:
        if self._dialog is not None:
            self._dialog.show_catalogue(catalogue, selected)
            return
        if selected is not None:  # the dialog was closed before its wish was fulfilled
            return
        dialog = self._dialog = ModelDialog(catalogue, self._host.settings, self._window)
        dialog.finished.connect(self._forget_dialog)
        dialog.import_requested.connect(self._ask_import)
        dialog.fetch_requested.connect(self._fetch)
        dialog.stop_requested.connect(lambda: self._files.runner.cancel(self._fetch_id))
        dialog.chosen.connect(self._switch)
        if self._files.runner.is_active(self._fetch_id):
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
            yield self.shelf.import_file(path, selected)

        self._run_on_files(job, f"Import {path.name}", self._look)

    def _fetch(self, name: str) -> None:
        def job(token: CancelToken) -> Iterator[FetchStep]:
            yield from self.shelf.fetch(name)

        def end(outcome: Outcome) -> None:
            self._show_progress(None)
            if outcome is Outcome.DONE:
                self._look(name)

        label = f"Download {name}"
        self._fetch_id = self._files.submit(job, label, self._show_progress, on_end=end, unit="MB")
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
        job_id = self._desk.submit(
            job, f"Load {settings.name}", lambda _: None, priority=Priority.INTERACTIVE, on_end=end
        )
        dialog.rejected.connect(lambda: self._desk.runner.cancel(job_id))

    def _run_on_files(self, job: Job, label: str, on_step: Callable[[Any], None]) -> None:
        self._files.submit(job, label, on_step, priority=Priority.INTERACTIVE)
