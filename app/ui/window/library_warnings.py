"""Warnings that the model library logs, for the status bar."""

import logging

from PySide6.QtCore import QObject, Signal

LIBRARY = "tinysam2"


class LibraryWarnings(QObject):
    """Re-emits the warnings of the model library, logged on any thread, as a signal.

    Signals:
        emitted: the text of a warning, delivered on the thread of this object.
    """

    emitted = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._handler = _WarningHandler(self)

    def install(self) -> None:
        """Add the handler to the logger of the library."""
        logging.getLogger(LIBRARY).addHandler(self._handler)

    def remove(self) -> None:
        """Remove the handler from the logger of the library."""
        logging.getLogger(LIBRARY).removeHandler(self._handler)


class _WarningHandler(logging.Handler):
    def __init__(self, warnings: LibraryWarnings) -> None:
        super().__init__(logging.WARNING)
        self._warnings = warnings

    def emit(self, record: logging.LogRecord) -> None:
        """Emit the message of a record."""
        self._warnings.emitted.emit(record.getMessage())
