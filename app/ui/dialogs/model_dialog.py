"""The dialog that selects a model and its settings."""

from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.settings import ModelSettings
from app.tracking.model_catalog import AvailableModels, FetchStep, KnownModelRow, ModelState
from app.ui.dialogs.model_form import ModelForm
from app.ui.dialogs.model_table import ModelTable
from app.ui.style.theme import SPACING_PX

SIZE = QSize(800, 780)
TITLE_BAR = QSize(0, 40)  # about what a desktop adds


def problem(model: KnownModelRow, settings: ModelSettings) -> str:
    """Return a sentence that says why a model cannot run with these settings; empty if it can."""
    if settings.checkpoint is not None:
        if not settings.checkpoint.is_file():
            return f"There is no weights file at {settings.checkpoint}."
    elif model.state is ModelState.NOT_STORED:
        fetching = "Download or import" if model.can_fetch else "Import"
        return f"The weights of {model.title} are not stored. {fetching} them first."
    size = settings.input_size
    if size is not None and size % model.size_step:
        return (
            f"The input size of {model.title} must be a multiple of {model.size_step} px, "
            f"got {size} px."
        )
    return ""


class ModelDialog(QDialog):
    """Lists the models and edits `ModelSettings`; the caller downloads, imports and loads.

    Args:
        available: the models, devices and memory policies to list.
        settings: the settings in use.
        parent: owner.

    Signals:
        chosen: the `ModelSettings` to use; the dialog stays open until the caller accepts it.
        import_requested: the user wants to import a weights file.
        fetch_requested: name of the model whose weights to download.
        stop_requested: the user cancels the download.
    """

    chosen = Signal(object)
    import_requested = Signal()
    fetch_requested = Signal(str)
    stop_requested = Signal()

    def __init__(
        self, available: AvailableModels, settings: ModelSettings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Model")
        self.resize(SIZE.boundedTo(self.screen().availableSize() - TITLE_BAR))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._settings = settings
        self._is_loading = False
        self.table = ModelTable(self)
        self.form = ModelForm(available, self)
        self._sentence = QLabel(self, wordWrap=True)
        self._sentence.setProperty("role", "error")
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * SPACING_PX)
        layout.addWidget(self.table, 1)
        layout.addLayout(self._make_store_row())
        layout.addWidget(self.form)
        layout.addWidget(self._sentence)
        layout.addWidget(self._make_buttons())
        self.table.itemSelectionChanged.connect(self._show_selected)
        self.form.changed.connect(self._update)
        self.table.show_models(available.models, settings.name)
        self.show_progress(None)
        self.table.setFocus()

    def show_models(self, available: AvailableModels, selected: str | None = None) -> None:
        """List the models again and select one; None keeps the selection."""
        entered, before = self.form.settings(), self.table.selected.name
        self.table.show_models(available.models, selected or before)
        if self.table.selected.name == before:
            self.form.show_model(self.table.selected, entered)
        self._update()

    def show_progress(self, step: FetchStep | None) -> None:
        """Show the progress of the download; None hides it."""
        for widget in (self._progress, self._stop):
            widget.setVisible(step is not None)
        if step is not None:
            self._progress.setRange(0, step.total)
            self._progress.setValue(step.done)
            self._progress.setFormat("%v of %m MB" if step.total else "Connecting…")
        self._update()

    def show_loading(self, is_loading: bool) -> None:
        """Show whether the model is being loaded."""
        self._is_loading = is_loading
        self._ok.setText("Loading…" if is_loading else "Use this model")
        self._update()

    def _make_store_row(self) -> QHBoxLayout:
        self._import = QPushButton("Import weights file…", self)
        self._import.clicked.connect(self.import_requested)
        self._fetch = QPushButton("Download", self)
        self._fetch.clicked.connect(lambda: self.fetch_requested.emit(self.table.selected.name))
        self._progress = QProgressBar(self)
        self._progress.setAccessibleName("Download progress")
        self._stop = QPushButton("Stop", self)
        self._stop.clicked.connect(self.stop_requested)
        row = QHBoxLayout()
        for widget in (self._import, self._fetch, self._progress, self._stop):
            row.addWidget(widget, int(widget is self._progress))
        for button in (self._import, self._fetch, self._stop):
            button.setAutoDefault(False)
        row.addStretch()
        return row

    def _make_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._ok = buttons.addButton("Use this model", QDialogButtonBox.ButtonRole.AcceptRole)
        self._ok.setDefault(True)
        reset = buttons.addButton("Reset to defaults", QDialogButtonBox.ButtonRole.ResetRole)
        reset.setAutoDefault(False)
        reset.clicked.connect(self.form.reset)
        buttons.accepted.connect(lambda: self.chosen.emit(self.form.settings()))
        buttons.rejected.connect(self.reject)
        return buttons

    def _show_selected(self) -> None:
        model = self.table.selected
        is_in_use = model.name == self._settings.name
        other = replace(ModelSettings(model.name), device=self.form.settings().device)
        self.form.show_model(model, self._settings if is_in_use else other)
        self._update()

    def _update(self) -> None:
        model, is_fetching = self.table.selected, not self._stop.isHidden()
        sentence = problem(model, self.form.settings())
        self._sentence.setText(sentence)
        self._ok.setEnabled(not sentence and not self._is_loading)
        size = f" ({model.megabytes} MB)" if model.megabytes else ""
        self._fetch.setText(f"Download{size}")
        is_missing = model.state is ModelState.NOT_STORED
        self._fetch.setEnabled(model.can_fetch and is_missing and not is_fetching)
