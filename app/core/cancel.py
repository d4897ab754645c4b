"""Jobs, and cancelling them from another thread."""

import threading
from collections.abc import Callable, Iterator
from typing import Any


class Cancelled(Exception):
    """Raised inside a job whose token was cancelled."""


class CancelToken:
    """Tells a job from another thread to stop; safe to use from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the job to stop at its next step."""
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Raise when the job should stop; jobs call it between steps.

        Raises:
            Cancelled: the token was cancelled.
        """
        if self.is_cancelled:
            raise Cancelled


Job = Callable[[CancelToken], Iterator[Any]]
"""Work made from a snapshot; may be cancelled, and interrupted by another job, at each step."""
