"""What a job is, and the resources that jobs share."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from app.core.cancel import CancelToken
from app.media.frames import FrameSource
from app.tracking.backend import BackendLoader, TrackerBackend

CLICK_CACHE_BYTES = 128 * 2**20
"""Ceiling of the decoded frames that are cached for clicks."""

Job = Callable[[CancelToken], Iterator[Any]]
"""Work made from a snapshot; may be cancelled, and interrupted by another, at each step."""


class JobContext:
    """The model and a reader of the video for clicks; each is made on first use.

    Belongs to the thread that runs the jobs.  Tracking opens its own reader, so that a click
    between two tracked frames does not make it seek.

    Args:
        source: the video; cloned, never read itself.
        load_backend: loads the model, which takes seconds.
    """

    def __init__(self, source: FrameSource, load_backend: BackendLoader) -> None:
        self.source = source
        self._load_backend = load_backend

    @cached_property
    def backend(self) -> TrackerBackend:
        """The model; loading it now may raise `ModelError`."""
        return self._load_backend()

    @cached_property
    def frames(self) -> FrameSource:
        """The reader for clicks."""
        return self.source.clone(CLICK_CACHE_BYTES)

    def reopened(self) -> "JobContext":
        """Return a context with the same model that reads the source as it is now."""
        return JobContext(self.source, lambda: self.backend)

    def close(self) -> None:
        """Close the reader if it was opened; no job may run any more."""
        if "frames" in self.__dict__:
            self.frames.close()
