"""Owns the model of the window, which the first job that needs it loads on the job thread."""

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.settings import ModelSettings
from app.tracking.backend import TrackerBackend
from app.tracking.model_catalog import load_model
from app.ui.translation import translate

_log = logging.getLogger(__name__)

ModelLoader = Callable[[ModelSettings], TrackerBackend]


class ModelHost(QObject):
    """Keeps one model loaded across the sessions of a window.

    Args:
        settings: the model and its settings.
        load_backend: loads it; `load_model` if None.
        parent: owner.

    Signals:
        status_changed: name, input size and device as text; emitted on the job thread.
    """

    status_changed = Signal(str)

    def __init__(
        self,
        settings: ModelSettings,
        load_backend: ModelLoader | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.settings = settings
        self._load_backend = load_backend or load_model
        self._backend: TrackerBackend | None = None

    @property
    def description(self) -> str:
        """Name, input size and device of the loaded model and what runs it, as text."""
        return _text(self._backend) if self._backend is None else self._backend.description.summary

    def load(self) -> TrackerBackend:
        """Return the model and load it on the first call; called on the job thread.

        Raises:
            ModelError: the model cannot be loaded.
        """
        return self._backend or self.switch(self.settings, CancelToken())

    def switch(self, settings: ModelSettings, token: CancelToken) -> TrackerBackend:
        """Load another model and replace the current one; called on the job thread.

        Raises:
            ModelError: the model cannot be loaded; the current one stays in use.
            Cancelled: the token was canceled; the current one stays in use.
        """
        self.status_changed.emit(self.tr("Loading model…"))
        try:
            backend = self._load_backend(settings)
            backend.defer_engine()  # preparing it would keep the first click waiting
            token.raise_if_cancelled()
        except BaseException:
            self.status_changed.emit(_text(self._backend))
            raise
        self.settings, self._backend = settings, backend
        _log.info("model: %s", _text(backend))
        self.status_changed.emit(_text(backend))
        return backend


def _text(backend: TrackerBackend | None) -> str:
    if backend is None:
        return translate("ModelHost", "No model")
    found = backend.description
    return f"{found.name} · {found.input_size} px · {found.device}"
