"""Error messages for the user, and the hook for uncaught exceptions."""

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from app.core.errors import AppError, VideoNotFoundError
from app.ui.translation import translate
from app.ui.translation.sentences import translate_sentence

_log = logging.getLogger(__name__)


def show_error(parent: QWidget | None, error: AppError) -> QMessageBox | None:
    """Show an error without blocking; a message that is already shown is not shown twice.

    Returns:
        The message box, to which the caller may add buttons; None if it was shown already.
    """
    sentence = translate_sentence(error.sentence)
    shown = parent.findChildren(QMessageBox) if parent else []
    if any(box.text() == sentence for box in shown):
        return None
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle(translate("Errors", "TinySAM 2 annotator"))
    box.setText(sentence)
    box.setInformativeText(translate_sentence(error.hint))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box


def show_missing_video(
    parent: QWidget, error: VideoNotFoundError, locate: Callable[[], object]
) -> None:
    """Show that the video of a project was not found.

    Args:
        parent: owner.
        error: which video of which project.
        locate: called if the user wants to say where it is.
    """
    box = show_error(parent, error)
    if box is not None:
        locate_text = translate("Errors", "Locate video…")
        button = box.addButton(locate_text, QMessageBox.ButtonRole.AcceptRole)
        button.clicked.connect(locate)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(button)


class ExceptionHook(QObject):
    """Logs uncaught exceptions of any thread and passes them to the window.

    Signals:
        caught: an `AppError`.
    """

    caught = Signal(object)

    def install(self) -> None:
        """Replace the exception hooks of `sys` and `threading`."""
        self._before = sys.excepthook, threading.excepthook
        sys.excepthook = self._on_exception
        threading.excepthook = lambda args: self._on_exception(
            args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
        )

    def remove(self) -> None:
        """Restore the hooks that `install` replaced."""
        sys.excepthook, threading.excepthook = self._before

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, Exception):
            self._before[0](kind, error, trace)
            return
        _log.error("uncaught exception", exc_info=(kind, error, trace))
        if not isinstance(error, AppError):
            sentence = self.tr("An unexpected error occurred: {kind}: {error}")
            error = AppError(
                sentence.format(kind=kind.__name__, error=error),
                self.tr("Your work is saved. Help > Open log has the details for a report."),
            )
        self.caught.emit(error)
