"""Messages of Qt in the log."""

import logging
from collections.abc import Callable

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_log = logging.getLogger("qt")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_Handler = Callable[[QtMsgType, QMessageLogContext, str], object]


class QtMessages:
    """Logs the messages of Qt; a handler that was installed before receives them as well."""

    def install(self) -> None:
        """Install the handler."""
        self._before: _Handler | None = qInstallMessageHandler(self._handle)

    def remove(self) -> None:
        """Restore the handler that `install` replaced."""
        qInstallMessageHandler(self._before)

    def _handle(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        _log.log(_LEVELS.get(kind, logging.WARNING), "%s", text)
        if self._before is not None:
            self._before(kind, context, text)
