"""Where an export is and what it lost."""

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from app.ui.exporting import Exported


def show_exported(parent: QWidget, exported: Exported) -> None:
    """Say where the files are, and each thing that a format could not hold."""
    box = QMessageBox(parent)
    box.setWindowTitle("Export finished")
    box.setText(f"Masks were written to {exported.folder}")
    box.setIcon(QMessageBox.Icon.Warning if exported.warnings else QMessageBox.Icon.Information)
    if exported.warnings:
        box.setInformativeText("\n".join(f"• {sentence}" for sentence in exported.warnings))
    box.setDetailedText("\n".join(map(str, exported.paths)))
    show = box.addButton("Show folder", QMessageBox.ButtonRole.ActionRole)
    show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(exported.folder))))
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Close))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
