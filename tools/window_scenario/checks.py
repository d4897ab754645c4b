"""Waiting for what must happen, and saying what did not."""

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

POLL_S = 0.25

Found = TypeVar("Found")


class ScenarioError(Exception):
    """What should have been seen or saved, and was not."""


def check(is_so: object, what: str) -> None:
    """Raise `ScenarioError` unless something is so."""
    if not is_so:
        raise ScenarioError(f"not so: {what}")


def wait_until(look: Callable[[], Found | None], what: str, timeout_s: float) -> Found:
    """Look again and again until the result is neither None nor false nor empty, and return it.

    Args:
        look: looks once.
        what: what is expected, for the message.
        timeout_s: seconds after which to give up.

    Raises:
        ScenarioError: it did not happen in time.
    """
    end_s = time.monotonic() + timeout_s
    while (found := look()) is None or (not _is_array(found) and not found):
        if time.monotonic() > end_s:
            raise ScenarioError(f"not seen within {timeout_s:.0f} s: {what}")
        time.sleep(POLL_S)
    return found


def _is_array(found: object) -> bool:
    return isinstance(found, np.ndarray)
