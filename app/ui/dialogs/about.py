"""The about box, the log file, and what a report of a fault needs."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QUrl, qVersion
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from app.core.errors import AppError
from app.core.version import program_version
from app.diagnostics.log import log_path
from app.diagnostics.report import diagnostics
from app.storage.home import home_folder
from app.ui.dialogs.errors import show_error
from app.ui.style.icons import icon
from app.ui.translation import translate


def open_log() -> None:
    """Open the log file in the default application of the system."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_path())))


def copy_diagnostics(model: str, show_message: Callable[[str], object]) -> None:
    """Copy versions, machine, model and the last lines of the log to the clipboard.

    Args:
        model: the loaded model, as the status bar shows it.
        show_message: shows a sentence for a while.
    """
    more = {"Qt": f"{qVersion()}, {QGuiApplication.platformName()}"}
    QGuiApplication.clipboard().setText(diagnostics(model, more))
    text = translate("About", "The diagnostics are on the clipboard; they name no folders.")
    show_message(text)


def show_crash(parent: QWidget, sentence: str) -> None:
    """Show that an earlier run crashed, without blocking; the log can be opened from there."""
    hint = translate("About", "Help > Copy diagnostics has what a report needs.")
    box = show_error(parent, AppError(sentence, hint))
    if box is not None:
        button = box.addButton(translate("About", "Open log"), QMessageBox.ButtonRole.ActionRole)
        button.clicked.connect(open_log)


def show_about(parent: QWidget, model: str) -> None:
    """Show the version, the license, the model and the folder of projects and log.

    Args:
        parent: owner.
        model: the loaded model and what runs it, as text.
    """
    box = QMessageBox(parent)
    box.setWindowTitle(translate("About", "About"))
    box.setIconPixmap(icon("app").pixmap(64, 64))
    name = translate("About", "TinySAM 2 annotator")
    box.setText(f"<b>{name}</b> {program_version()}")
    text = translate(
        "About",
        "Segments and tracks objects in videos and shows what the memory bank holds. "
        "The tracker is TinySAM 2 (arXiv 2605.18013). Apache License 2.0; the bundled weights are "
        "for research use.<br><br>Model: {model}<br>Projects and log: {folder}",
    )
    box.setInformativeText(text.format(model=model, folder=home_folder()))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
