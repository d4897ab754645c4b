"""What the model library has to say while it works, for the status bar."""

import logging

from PySide6.QtCore import QObject, Signal

LIBRARY = "tinysam2"


class LibraryWarnings(QObject):
    """Hears the warnings of the model library, on whatever thread, and says them on its own.

    Signals:
        said: a sentence.
    """

    said = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._listener = _WarningHandler(self)

    def install(self) -> None:
        """Begin to listen."""
        logging.getLogger(LIBRARY).addHandler(self._listener)

    def remove(self) -> None:
        """Stop listening."""
        logging.getLogger(LIBRARY).removeHandler(self._listener)


class _WarningHandler(logging.Handler):
    def __init__(self, notices: LibraryWarnings) -> None:
        super().__init__(logging.WARNING)
        self._notices = notices

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on."""
        self._notices.said.emit(record.getMessage())
