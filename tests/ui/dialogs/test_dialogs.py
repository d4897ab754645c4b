"""Dialogs return what the user entered and show what they must."""

import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QCheckBox, QMessageBox, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from app.core.errors import AppError, SourceError
from app.export.registry import FORMATS
from app.ui.dialogs.errors import ExceptionHook, show_error
from app.ui.dialogs.export_dialog import ExportDialog, ExportResult, show_export_result

pytestmark = pytest.mark.gui


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    return widget


def export_button(dialog: ExportDialog) -> QPushButton:
    return next(b for b in dialog.findChildren(QPushButton) if b.text() == "Export")


def test_an_export_begins_with_the_in_out_range(parent: QWidget, tmp_path: Path) -> None:
    dialog = ExportDialog(100, (10, None), tmp_path, ("coco",), parent)
    request = dialog.request()
    assert request.formats == ("coco",)
    assert request.folder == tmp_path
    assert request.frames == range(10, 100)


def test_an_export_needs_a_format_and_frames(parent: QWidget, tmp_path: Path) -> None:
    dialog = ExportDialog(100, (None, None), tmp_path, (), parent)
    assert not export_button(dialog).isEnabled()
    dialog.findChildren(QCheckBox)[0].setChecked(True)
    assert export_button(dialog).isEnabled()
    assert dialog.request().formats == (next(iter(FORMATS)),)
    first, last = dialog.findChildren(QSpinBox)
    first.setValue(50)
    last.setValue(40)
    assert not export_button(dialog).isEnabled()


def test_an_error_has_a_message_and_a_hint_and_is_shown_once(parent: QWidget) -> None:
    for _ in range(3):
        show_error(parent, SourceError("It is gone.", "Look elsewhere."))
    [box] = parent.findChildren(QMessageBox)
    assert (box.text(), box.informativeText()) == ("It is gone.", "Look elsewhere.")


def test_an_export_reports_its_folder_and_its_warnings(parent: QWidget, tmp_path: Path) -> None:
    show_export_result(
        parent, ExportResult(tmp_path, (tmp_path / "a.png",), ("Overlaps were cut.",))
    )
    [box] = parent.findChildren(QMessageBox)
    assert str(tmp_path) in box.text()
    assert "Overlaps were cut." in box.informativeText()
    assert "a.png" in box.detailedText()


def test_exceptions_of_any_thread_are_logged_and_reported(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    caught: list[AppError] = []
    before = sys.excepthook
    hook = ExceptionHook()
    hook.caught.connect(caught.append)
    hook.install()
    try:
        sys.excepthook(SourceError, SourceError("It is gone."), None)
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(caught) == 2)
    finally:
        hook.remove()
    assert str(caught[0]) == "It is gone."
    assert "ZeroDivisionError" in str(caught[1])
    assert "division by zero" in caplog.text
    assert sys.excepthook is before
