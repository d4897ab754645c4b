"""The model of the window: loaded once, on the thread of the jobs, when the first one needs it."""

from functools import partial

from PySide6.QtCore import QObject, Signal

from app.core.settings import ModelSettings
from app.tracking.backend import TrackerBackend
from app.tracking.loading import BackendLoader, load_model


class ModelHost(QObject):
    """Keeps the model over the sessions of a window and says what it is.

    Signals:
        status_changed: what to show of the model, in a few words; emitted on the jobs' thread.
    """

    status_changed = Signal(str)

    def __init__(self, loader: BackendLoader | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loader = loader or partial(load_model, ModelSettings())
        self._backend: TrackerBackend | None = None

    def load(self) -> TrackerBackend:
        """Return the model, loaded now if it was not; called on the jobs' thread.

        Raises:
            ModelError: it cannot be loaded.
        """
        if self._backend is None:
            self.status_changed.emit("Loading model…")
            try:
                self._backend = self._loader()
            except BaseException:
                self.status_changed.emit("No model")
                raise
            found = self._backend.description
            self.status_changed.emit(f"{found.name} · {found.input_size} px · {found.device}")
        return self._backend
