"""What is kept of a crash, and found at the next start."""

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType

from app.core.file_lock import file_lock
from app.diagnostics.log import log_path
from app.storage.home import home_folder

MAX_TRACE_BYTES = 64 << 10

_log = logging.getLogger(__name__)


def runs_folder() -> Path:
    """Return the folder with a file per running process, into which a crash is written."""
    return home_folder() / "runs"


def earlier_crash() -> str:
    """Move what is known of crashes of earlier processes into the log.

    Returns:
        Sentences for the user; empty if no process has crashed.
    """
    traces = list(_abandoned_traces())
    for trace in traces:
        _log.critical("an earlier run of the program crashed:\n%s", trace)
    if not traces:
        return ""
    return f"The program crashed when it ran last; what was done is saved. Its log is {log_path()}."


def _abandoned_traces() -> Iterator[str]:
    for trace in sorted(runs_folder().glob("*.txt")):
        lock = trace.with_suffix(".lock")
        with suppress(OSError):  # another process was faster
            with file_lock(lock, wait=False) as is_abandoned:
                if not is_abandoned:
                    continue
                with trace.open("rb") as file:
                    text = file.read(MAX_TRACE_BYTES).decode("utf-8", "replace")
                trace.unlink()
            lock.unlink()
            if text:
                yield text


@contextmanager
def crash_guard() -> Iterator[None]:
    """Log uncaught exceptions of all threads, and keep the trace of a crash for the next start.

    Where somebody else watches for crashes (``PYTHONFAULTHANDLER``), it only logs exceptions.
    """
    with _logged_exceptions(), _kept_trace():
        yield


@contextmanager
def _kept_trace() -> Iterator[None]:
    with ExitStack() as held:
        if not faulthandler.is_enabled():
            with suppress(OSError):  # a folder that cannot be written
                _enable(held)
        yield


def _enable(held: ExitStack) -> None:
    """Write a crash into a file, which exists while its lock is held."""
    trace = runs_folder() / f"{os.getpid()}-{time.time_ns()}.txt"  # containers repeat numbers
    lock = trace.with_suffix(".lock")
    runs_folder().mkdir(parents=True, exist_ok=True)
    held.callback(_remove, lock)
    held.enter_context(file_lock(lock, wait=False))
    held.callback(_remove, trace)
    file = held.enter_context(trace.open("wb"))
    faulthandler.enable(file)
    held.callback(faulthandler.disable)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


@contextmanager
def _logged_exceptions() -> Iterator[None]:
    before = sys.excepthook, threading.excepthook

    def log(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, Exception):
            _log.error("uncaught exception", exc_info=(kind, error, trace))
        before[0](kind, error, trace)

    def log_in_thread(args: threading.ExceptHookArgs) -> None:
        if issubclass(args.exc_type, Exception):
            error = args.exc_value or args.exc_type()
            _log.error("uncaught exception", exc_info=(args.exc_type, error, args.exc_traceback))
        before[1](args)

    sys.excepthook, threading.excepthook = log, log_in_thread
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = before
