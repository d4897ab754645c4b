"""Opens the dialog that edits the preferences, and applies what it changes."""

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

from app.core.settings import ModelSettings
from app.ui.controllers.model_selection import ModelSelection
from app.ui.dialogs.model_form import engine_label
from app.ui.dialogs.preferences_dialog import PreferencesDialog
from app.ui.jobs.frame_loader import FrameLoader
from app.ui.state.preferences import MEGABYTE, Preferences
from app.ui.state.view_state import ViewState
from app.ui.style.theme import apply_theme


class PreferenceEditing(QObject):
    """Applies preferences to the application and to the open session, without a restart.

    Args:
        preferences: the preferences.
        models: opens the model dialog.
        settings: returns the settings of the model in use.
        parent: the window.
    """

    def __init__(
        self,
        preferences: Preferences,
        models: ModelSelection,
        settings: Callable[[], ModelSettings],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self._models = models
        self._settings = settings
        self._window = parent
        self._view: ViewState | None = None
        self._loader: FrameLoader | None = None
        self._dialog: PreferencesDialog | None = None
        models.switched.connect(self._on_switched)

    def attach(self, view: ViewState, loader: FrameLoader) -> None:
        """Apply the preferences to the session that is displayed now."""
        self._view, self._loader = view, loader
        for name in ("shows_patterns", "cache_megabytes"):
            self.apply(name)

    def detach(self) -> None:
        """Forget the session, which is being closed."""
        self._view = self._loader = None

    def apply(self, name: str) -> None:
        """Let a preference take effect.

        Args:
            name: attribute of `Preferences`; those that are read when needed have no effect here.
        """
        application = QApplication.instance()
        if name == "theme" and isinstance(application, QApplication):
            apply_theme(application, self._preferences.theme)
        elif name == "shows_patterns" and self._view is not None:
            self._view.show_patterns = self._preferences.shows_patterns
        elif name == "cache_megabytes" and self._loader is not None:
            self._loader.use_cache(self._preferences.cache_megabytes * MEGABYTE)

    def ask(self, edit_shortcuts: Callable[[], object]) -> PreferencesDialog:
        """Open the preferences.

        Args:
            edit_shortcuts: opens the editor of the shortcuts.
        """
        dialog = PreferencesDialog(self._preferences, self._model_text(), self._window)
        dialog.changed.connect(self.apply)
        dialog.model_requested.connect(self._models.ask)
        dialog.shortcuts_requested.connect(edit_shortcuts)
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()
        return dialog

    def _forget_dialog(self) -> None:
        self._dialog = None

    def _on_switched(self) -> None:
        if self._dialog is not None:
            self._dialog.show_model(self._model_text())

    def _model_text(self) -> str:
        found = self._settings()
        default = self.tr("its default")
        text = self.tr(
            "Model at the start: {model}, input size: {size}, device: {device}, engine: {engine}"
        )
        return text.format(
            model=found.name,
            size=default if found.input_size is None else f"{found.input_size} px",
            device=found.device,
            engine=engine_label(found.engine),
        )
