"""Where a model comes from when a job first needs one."""

from collections.abc import Callable

from app.core.settings import ModelSettings
from app.tracking.backend import TrackerBackend

BackendLoader = Callable[[], TrackerBackend]


def load_model(settings: ModelSettings) -> TrackerBackend:
    """Load a model; takes seconds, so it is called where jobs run.

    Raises:
        ModelError: the model, its weights or the device cannot be used.
    """
    from app.tracking.tinysam2_backend import TinySam2Backend

    return TinySam2Backend.load(settings)
