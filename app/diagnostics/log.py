"""The log of the program: a file in the program's folder that is limited in size."""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from app.storage.home import home_folder

LOG_NAME = "annotator.log"
LOG_BYTES = 1 << 20
KEPT_FILES = 3
"""Older log files that are kept, each of up to `LOG_BYTES`."""

KEPT_LINES = 60
LOGGERS = ("app", "tinysam2", "qt")
"""The loggers of this program; those of others log warnings and errors only."""

_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
_recent: deque[str] = deque(maxlen=KEPT_LINES)


def log_path() -> Path:
    """Return the path of the log."""
    return home_folder() / LOG_NAME


def recent_lines() -> list[str]:
    """Return the last lines that this process has logged, from memory."""
    return list(_recent)


@contextmanager
def program_log(is_debug: bool) -> Iterator[None]:
    """Log to the file until the end of the block, and warnings to stderr.

    A folder that cannot be written does not matter.

    Args:
        is_debug: log everything, also to stderr; otherwise the file has what is worth knowing.
    """
    level = logging.DEBUG if is_debug else logging.INFO
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.DEBUG if is_debug else logging.WARNING)
    handlers: list[logging.Handler] = [terminal, _Recent(level)]
    with suppress(OSError):
        log_path().parent.mkdir(parents=True, exist_ok=True)
        handlers.append(_File(level))
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(level)
    for handler in handlers:
        logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)


class _File(RotatingFileHandler):
    def __init__(self, level: int) -> None:
        super().__init__(
            log_path(), maxBytes=LOG_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=True
        )
        self.setLevel(level)
        self.setFormatter(logging.Formatter(_FORMAT))

    def rotate(self, source: str, dest: str) -> None:
        """Rename a full file; not on Windows while another process has it open."""
        with suppress(OSError):
            super().rotate(source, dest)

    def handleError(self, record: logging.LogRecord) -> None:
        """Lose a line: a full disk must not fill the terminal."""


class _Recent(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.setFormatter(logging.Formatter(_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the lines of a record."""
        _recent.extend(self.format(record).splitlines())
