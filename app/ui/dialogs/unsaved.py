"""Ask what to do with changes that cannot be saved."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from app.core.errors import ProjectError
from app.ui.translation import translate
from app.ui.translation.sentences import translate_sentence


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
    box.setWindowTitle(translate("Unsaved", "Changes are not saved"))
    box.setText(translate_sentence(error.sentence))
    kept = translate("Unsaved", "The window keeps your work until it is saved.")
    box.setInformativeText(f"{translate_sentence(error.hint)} {kept}")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    role = QMessageBox.ButtonRole
    calls: dict[QPushButton, Callable[[], object]] = {
        box.addButton(translate("Unsaved", "Try again"), role.AcceptRole): retry,
        box.addButton(translate("Unsaved", "Save elsewhere…"), role.ActionRole): save_elsewhere,
        box.addButton(translate("Unsaved", "Close without saving"), role.DestructiveRole): discard,
    }
    box.addButton(QMessageBox.StandardButton.Cancel)
    for button, call in calls.items():
        button.clicked.connect(call)
    box.setDefaultButton(next(iter(calls)))
    box.open()
