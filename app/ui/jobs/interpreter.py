"""Settings of Python and the system that keep the GUI thread responsive next to other threads."""

import gc
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

JOB_NICENESS = 10
"""Niceness of threads that run jobs.

Tracking keeps all cores busy, and the event loop of the window waits for one: on two cores for up
to 58 ms with a niceness of 0, and up to 33 ms with 10.
"""

SWITCH_INTERVAL_S = 0.001
"""Seconds between thread switches of the interpreter.

With Python's default of 5 ms, a job in pure Python delayed the GUI thread by up to 20 ms (99th
percentile); with 1 ms by up to 7 ms.
"""

COLLECTION_THRESHOLDS = (700, 10, 1)
"""When the cyclic garbage collector runs, see `gc.set_threshold`.

Python's default but for the last one: a full collection follows about 15 000 new objects.
"""


@contextmanager
def responsive_interpreter() -> Iterator[None]:
    """Bound how long the interpreter lets the GUI thread wait, until the block ends.

    A full collection of cyclic garbage examines every object in one piece, with the interpreter's
    lock held: 130 ms for the 250 000 objects of torch and the window, in whichever thread makes
    the next object, and more with a long document.  Inside the block, objects that survive a full
    collection are frozen, so that the next one examines only those that came since, in about 8 ms.
    Cycles of frozen objects stay in memory until `collect_everything`.
    """
    interval_s, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.callbacks.append(_freeze_survivors)
    gc.set_threshold(*COLLECTION_THRESHOLDS)
    gc.freeze()
    gc.collect()  # see `collect_everything`
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(_freeze_survivors)
        gc.unfreeze()
        sys.setswitchinterval(interval_s)


def yield_to_gui() -> None:
    """Let the GUI thread run before this one and the threads that it will start.

    On Linux, where niceness belongs to threads; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), JOB_NICENESS)


def collect_everything() -> None:
    """Free the cycles of frozen objects too; takes the interpreter's lock for 100 ms and more."""
    if not gc.get_freeze_count():
        return  # outside of `responsive_interpreter`
    gc.unfreeze()
    gc.collect()
    # Python puts a full collection off until the objects have grown by a quarter of what the last
    # one examined: the next one would be as slow.
    gc.collect()


def _freeze_survivors(phase: str, info: Mapping[str, int]) -> None:
    if phase == "stop" and info["generation"] == len(COLLECTION_THRESHOLDS) - 1:
        gc.freeze()
