"""Ask what to do with changes that cannot be saved."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from app.core.errors import ProjectError


def show_unsaved(
    parent: QWidget,
    error: ProjectError,
    retry: Callable[[], object],
    save_elsewhere: Callable[[], object],
    discard: Callable[[], object],
) -> None:
    """Show without blocking that changes would be lost; canceling leaves everything as it is.

    Args:
        parent: owner; the window stays open.
        error: why the changes cannot be saved.
        retry: called to try again, after the cause was removed.
        save_elsewhere: called to save the project under another name.
        discard: called to give up the changes.
    """
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Changes are not saved")
    box.setText(error.sentence)
    box.setInformativeText(f"{error.hint} The window keeps your work until it is saved.")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    calls: dict[QPushButton, Callable[[], object]] = {
        box.addButton("Try again", QMessageBox.ButtonRole.AcceptRole): retry,
        box.addButton("Save elsewhere…", QMessageBox.ButtonRole.ActionRole): save_elsewhere,
        box.addButton("Close without saving", QMessageBox.ButtonRole.DestructiveRole): discard,
    }
    box.addButton(QMessageBox.StandardButton.Cancel)
    for button, call in calls.items():
        button.clicked.connect(call)
    box.setDefaultButton(next(iter(calls)))
    box.open()
