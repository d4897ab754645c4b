"""The about box, and opening the log file."""

from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from app.storage.home import home_folder
from app.ui.style.icons import icon

LOG_NAME = "annotator.log"


def open_log() -> None:
    """Open the log file in the default application of the system."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(home_folder() / LOG_NAME)))


def show_about(parent: QWidget) -> None:
    """Show the version, the license and the folder of projects and log."""
    try:
        number = version("tinysam2-annotator")
    except PackageNotFoundError:
        number = "(not installed)"
    box = QMessageBox(parent)
    box.setWindowTitle("About")
    box.setIconPixmap(icon("app").pixmap(64, 64))
    box.setText(f"<b>TinySAM 2 annotator</b> {number}")
    box.setInformativeText(
        "Segments and tracks objects in videos and shows what the memory bank holds. "
        "The tracker is TinySAM 2 (arXiv 2605.18013). Apache License 2.0.<br><br>"
        f"Projects and log: {home_folder()}"
    )
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
