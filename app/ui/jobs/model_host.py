"""The model of the window: loaded once, on the thread of the jobs, when the first one needs it."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.settings import ModelSettings
from app.tracking.backend import TrackerBackend
from app.tracking.loading import load_model

ModelLoader = Callable[[ModelSettings], TrackerBackend]


class ModelHost(QObject):
    """Keeps the model over the sessions of a window and says what it is.

    Args:
        settings: which model.
        load_backend: makes it; from the model library if None.
        parent: owner.

    Signals:
        status_changed: what to show of the model, in a few words; emitted on the jobs' thread.
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

    def load(self) -> TrackerBackend:
        """Return the model, loaded now if it was not; called on the jobs' thread.

        Raises:
            ModelError: it cannot be loaded.
        """
        return self._backend or self.switch(self.settings, CancelToken())

    def switch(self, settings: ModelSettings, token: CancelToken) -> TrackerBackend:
        """Load another model and put it in place of this one; called on the jobs' thread.

        Raises:
            ModelError: it cannot be loaded; the one in use stays.
            Cancelled: it is no longer wanted; the one in use stays.
        """
        self.status_changed.emit("Loading model…")
        try:
            backend = self._load_backend(settings)
            token.raise_if_cancelled()
        except BaseException:
            self.status_changed.emit(_text(self._backend))
            raise
        self.settings, self._backend = settings, backend
        self.status_changed.emit(_text(backend))
        return backend


def _text(backend: TrackerBackend | None) -> str:
    if backend is None:
        return "No model"
    found = backend.description
    return f"{found.name} · {found.input_size} px · {found.device}"
