"""Dialogs return what the user entered and show what they must."""

import sys
import threading
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QTreeWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.core.errors import AppError, SourceError
from app.export.preview import ExportPreview
from app.export.selection import Existing, ExportOptions
from app.ui.dialogs.errors import ExceptionHook, show_error
from app.ui.dialogs.export_dialog import ExportDialog, ExportResult, show_export_result
from app.ui.dialogs.export_form import ExportContents
from app.ui.dialogs.export_formats import FormatList

Widget = TypeVar("Widget", bound=QWidget)

pytestmark = pytest.mark.gui


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    return widget


def export_button(dialog: ExportDialog) -> QPushButton:
    return next(b for b in dialog.findChildren(QPushButton) if b.text() == "Export")


def by_name(dialog: QWidget, kind: type[Widget], name: str) -> Widget:
    return next(w for w in dialog.findChildren(kind) if w.accessibleName() == name)


def switch(dialog: QWidget, text: str) -> QCheckBox:
    return next(box for box in dialog.findChildren(QCheckBox) if text in box.text())


def test_an_export_begins_with_the_in_out_range(parent: QWidget, tmp_path: Path) -> None:
    dialog = ExportDialog(ExportContents("clip", 100, (10, None)), tmp_path, ("coco",), parent)
    request = dialog.request()
    assert request.formats == ("coco",)
    assert request.folder == tmp_path
    assert request.frames == range(10, 100)


def test_an_export_needs_a_format_and_frames(parent: QWidget, tmp_path: Path) -> None:
    dialog = ExportDialog(ExportContents("clip", 100), tmp_path, (), parent)
    assert not export_button(dialog).isEnabled()
    dialog.findChild(FormatList).check("sav")
    assert export_button(dialog).isEnabled()
    assert dialog.request().formats == ("sav",)
    by_name(dialog, QSpinBox, "First frame").setValue(50)
    by_name(dialog, QSpinBox, "Last frame").setValue(40)
    assert not export_button(dialog).isEnabled()


def test_an_export_takes_the_options_of_its_formats(parent: QWidget, tmp_path: Path) -> None:
    contents = ExportContents("clip", 100, objects=((1, "dog"), (7, "cat")))
    dialog = ExportDialog(contents, tmp_path, ("coco",), parent)
    images, polygons = (switch(dialog, text) for text in ("frames, too", "Polygons"))
    assert polygons.isEnabled()
    assert not images.isEnabled()
    polygons.setChecked(True)
    by_name(dialog, QSpinBox, "Step").setValue(5)
    by_name(dialog, QSpinBox, "Scale").setValue(50)
    by_name(dialog, QListWidget, "Objects").item(0).setCheckState(Qt.CheckState.Unchecked)
    by_name(dialog, QLineEdit, "File names of frames").setText("{frame:03d}")
    request = dialog.request()
    assert request.frames == range(0, 100, 5)
    assert request.options == ExportOptions(
        frozenset({7}), scale=0.5, frame_names="{frame:03d}", polygons=True
    )
    by_name(dialog, QLineEdit, "File names of frames").setText("{x}")
    assert not export_button(dialog).isEnabled()
    assert "template" in by_name(dialog, QLabel, "Preview").text()


def test_an_earlier_export_is_asked_about(parent: QWidget, tmp_path: Path) -> None:
    (tmp_path / "clip.coco.json").touch()
    dialog = ExportDialog(ExportContents("clip", 10), tmp_path, ("coco",), parent)
    dialog.open()
    for text, choice in (("Cancel", None), ("New name", Existing.RENAME)):
        export_button(dialog).click()
        [box] = [box for box in dialog.findChildren(QMessageBox) if box.isVisible()]
        assert "clip.coco.json" in box.informativeText()
        assert dialog.isVisible()
        next(b for b in box.buttons() if b.text().replace("&", "") == text).click()
        assert dialog.isVisible() is (choice is None)
    assert dialog.request().options.existing is Existing.RENAME


def test_a_preview_is_asked_for_and_shown(parent: QWidget, tmp_path: Path, qtbot: QtBot) -> None:
    dialog = ExportDialog(ExportContents("clip", 10), tmp_path, ("coco", "yolo"), parent)
    with qtbot.waitSignal(dialog.preview_requested):
        dialog.open()
    dialog.show_preview(ExportPreview({"coco": 2_500_000, "yolo": None}, ("“dog” is lost.",)))
    assert by_name(dialog, QLabel, "Preview").text() == "About 2.5 MB on disk.\n• “dog” is lost."
    assert dialog.request().formats == ("coco", "yolo")


def test_the_size_of_a_small_file_is_not_rounded_to_nothing(
    parent: QWidget, tmp_path: Path
) -> None:
    dialog = ExportDialog(ExportContents("clip", 10), tmp_path, ("coco",), parent)
    dialog.show_preview(ExportPreview({"coco": 12_300}, ()))
    tree = by_name(dialog, QTreeWidget, "Formats")
    assert tree.findItems("12.3 kB", Qt.MatchFlag.MatchRecursive | Qt.MatchFlag.MatchExactly, 1)


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
