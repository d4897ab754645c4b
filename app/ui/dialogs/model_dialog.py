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
from app.ui.translation import translate

SIZE = QSize(800, 780)
TITLE_BAR = QSize(0, 40)  # about what a desktop adds


def problem(model: KnownModelRow, settings: ModelSettings) -> str:
    """Return a sentence that says why a model cannot run with these settings; empty if it can."""
    if settings.checkpoint is not None:
        if not settings.checkpoint.is_file():
            text = translate("ModelDialog", "There is no weights file at {path}.")
            return text.format(path=settings.checkpoint)
    elif model.state is ModelState.NOT_STORED:
        if model.can_fetch:
            text = translate(
                "ModelDialog",
                "The weights of {model} are not stored. Download or import them first.",
            )
        else:
            text = translate(
                "ModelDialog", "The weights of {model} are not stored. Import them first."
            )
        return text.format(model=model.title)
    size = settings.input_size
    if size is not None and size % model.size_step:
        text = translate(
            "ModelDialog",
            "The input size of {model} must be a multiple of {step} px, got {size} px.",
        )
        return text.format(model=model.title, step=model.size_step, size=size)
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
        self.setWindowTitle(self.tr("Model"))
        self.resize(SIZE.boundedTo(self.screen().availableSize() - TITLE_BAR))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._settings = settings
        self._is_loading = False
        self.table = ModelTable(self)
        self.form = ModelForm(available, self)
        self._in_use = QLabel(self, wordWrap=True)
        self._in_use.setProperty("role", "muted")
        self._sentence = QLabel(self, wordWrap=True)
        self._sentence.setProperty("role", "error")
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * SPACING_PX)
        layout.addWidget(self.table, 1)
        layout.addLayout(self._make_store_row())
        layout.addWidget(self.form)
        layout.addWidget(self._in_use)
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

    def show_in_use(self, text: str) -> None:
        """Show the loaded model, and the engine and precision that run it."""
        self._in_use.setText(self.tr("In use: {model}").format(model=text))

    def show_progress(self, step: FetchStep | None) -> None:
        """Show the progress of the download; None hides it."""
        for widget in (self._progress, self._stop):
            widget.setVisible(step is not None)
        if step is not None:
            self._progress.setRange(0, step.total)
            self._progress.setValue(step.done)
            known, unknown = self.tr("%v of %m MB"), self.tr("Connecting…")
            self._progress.setFormat(known if step.total else unknown)
        self._update()

    def show_loading(self, is_loading: bool) -> None:
        """Show whether the model is being loaded."""
        self._is_loading = is_loading
        self._ok.setText(self.tr("Loading…") if is_loading else self.tr("Use this model"))
        self._update()

    def _make_store_row(self) -> QHBoxLayout:
        self._import = QPushButton(self.tr("Import weights file…"), self)
        self._import.clicked.connect(self.import_requested)
        self._fetch = QPushButton(self.tr("Download"), self)
        self._fetch.clicked.connect(lambda: self.fetch_requested.emit(self.table.selected.name))
        self._progress = QProgressBar(self)
        self._progress.setAccessibleName(self.tr("Download progress"))
        self._stop = QPushButton(self.tr("Stop"), self)
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
        role = QDialogButtonBox.ButtonRole
        self._ok = buttons.addButton(self.tr("Use this model"), role.AcceptRole)
        self._ok.setDefault(True)
        reset = buttons.addButton(self.tr("Reset to defaults"), role.ResetRole)
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
        sized = self.tr("Download ({size} MB)").format(size=model.megabytes)
        self._fetch.setText(sized if model.megabytes else self.tr("Download"))
        is_missing = model.state is ModelState.NOT_STORED
        self._fetch.setEnabled(model.can_fetch and is_missing and not is_fetching)
