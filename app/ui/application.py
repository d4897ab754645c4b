"""Starts the application and shuts it down in order."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.core.settings import ModelSettings
from app.ui.dialogs.about import show_crash
from app.ui.dialogs.errors import ExceptionHook, show_error
from app.ui.jobs.heartbeat import Heartbeat
from app.ui.jobs.interpreter import responsive_interpreter
from app.ui.jobs.model_host import ModelLoader
from app.ui.state.preferences import Preferences
from app.ui.style.icons import icon
from app.ui.style.theme import apply_theme
from app.ui.style.tooltips import ToolTipPlacement
from app.ui.translation.languages import use_language
from app.ui.window.library_warnings import LibraryWarnings
from app.ui.window.main_window import TITLE, MainWindow
from app.ui.window.qt_messages import QtMessages
from app.ui.window.shortcuts import ShortcutGuard

HEARTBEAT_VARIABLE = "TINYSAM2_GUI_HEARTBEAT"
"""Environment variable with the file that a `Heartbeat` of the whole run is written to."""


def run(path: Path | None, model: ModelSettings | None = None, crash: str = "") -> int:
    """Open the window and run the event loop until it is closed.

    Args:
        path: a video, a frame folder or a project to open; the welcome page if None.
        model: the model to use; the one selected last if None.
        crash: what to show about a crash of an earlier run; empty if there was none.

    Returns:
        The exit status.
    """
    application = make_application()
    hook, warnings, messages = ExceptionHook(), LibraryWarnings(), QtMessages()
    for each in (hook, warnings, messages):
        each.install()
    interrupt = signal.signal(signal.SIGINT, signal.SIG_DFL)  # the project is always saved
    try:
        with responsive_interpreter(), _event_filters(application):
            window = make_window(application, model)
            hook.caught.connect(lambda error: show_error(window, error))
            warnings.emitted.connect(window.status.show_message)
            window.show()
            start = window.show_models if path is None else partial(window.open_path, path)
            QTimer.singleShot(0, window, start)
            if crash:
                QTimer.singleShot(0, window, partial(show_crash, window, crash))
            return application.exec()
    finally:
        signal.signal(signal.SIGINT, interrupt)
        for each in (messages, warnings, hook):
            each.remove()


def make_window(
    application: QApplication,
    model: ModelSettings | None,
    load_backend: ModelLoader | None = None,
) -> MainWindow:
    """Make the window, which closing ends the application, with its theme; it is not shown yet.

    Args:
        application: the one of `make_application`.
        model: the model to use; the one selected last if None.
        load_backend: loads a model; `app.tracking.model_catalog.load_model` if None.
    """
    window = MainWindow(model, load_backend)
    apply_theme(application, window.preferences.theme)
    application.styleHints().colorSchemeChanged.connect(
        lambda: window.use_theme(window.preferences.theme)
    )
    window.closed.connect(application.quit)
    if heartbeat_path := os.environ.get(HEARTBEAT_VARIABLE):
        heartbeat = Heartbeat(window)
        heartbeat.start()
        window.closed.connect(lambda: heartbeat.write(Path(heartbeat_path)))
    return window


@contextmanager
def _event_filters(application: QApplication) -> Iterator[None]:
    filters = (ShortcutGuard(), ToolTipPlacement())
    for each in filters:
        application.installEventFilter(each)
    try:
        yield
    finally:
        for each in filters:
            application.removeEventFilter(each)


def make_application() -> QApplication:
    """Return the application of the process, set up; it is made on the first call."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName(TITLE)
    application.setDesktopFileName("tinysam2")
    application.setStyle("Fusion")
    application.setWindowIcon(icon("app"))
    use_language(application, Preferences().language)
    # `MainWindow.closed` quits instead, once all threads have ended.
    application.setQuitOnLastWindowClosed(False)
    return application
