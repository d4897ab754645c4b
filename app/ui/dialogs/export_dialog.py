"""The export dialog and the report of a finished export."""

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import UsageError
from app.export.naming import file_stem
from app.export.preview import ExportPreview
from app.export.registry import earlier_exports
from app.export.selection import Existing
from app.jobs.export_masks import ExportRequest
from app.ui.dialogs.export_form import ExportContents, ExportForm
from app.ui.dialogs.export_formats import FormatList, size_text
from app.ui.dialogs.frame_range_input import empty_range_text
from app.ui.style.theme import SPACING_PX
from app.ui.translation import translate
from app.ui.translation.sentences import error_text, translate_sentence

PREVIEW_DELAY_MS = 400
"""Milliseconds without a change after which the preview is computed."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """Where an export was written, and warnings about what the formats could not represent."""

    folder: Path
    paths: tuple[Path, ...]
    warnings: tuple[str, ...]


class ExportDialog(QDialog):
    """Lets the user edit an `ExportRequest`, and shows what it would come to.

    Signals:
        preview_requested: the edited request has not changed for a moment.

    Args:
        contents: what there is to export.
        folder: initial target folder.
        formats: names of the formats that are checked initially.
        parent: owner.
    """

    preview_requested = Signal()

    def __init__(
        self,
        contents: ExportContents,
        folder: Path,
        formats: tuple[str, ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export masks"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._name = file_stem(contents.name)
        self._existing: Existing | None = None
        self._formats = FormatList(formats, self)
        self._form = ExportForm(contents, folder, self)
        columns = QHBoxLayout()
        columns.setSpacing(2 * SPACING_PX)
        columns.addWidget(self._formats, 3)
        columns.addWidget(self._form, 4)
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACING_PX)
        layout.addLayout(columns, 1)
        layout.addWidget(self._make_preview())
        layout.addWidget(self._make_buttons())
        self._delay = QTimer(self, singleShot=True, interval=PREVIEW_DELAY_MS)
        self._delay.timeout.connect(self.preview_requested)
        self._formats.changed.connect(self._update)
        self._form.changed.connect(self._update)
        self._update()
        self.resize(880, 600)

    def request(self) -> ExportRequest:
        """Return the request as edited.

        Raises:
            UsageError: the scale or the file names cannot be used.
        """
        options = self._form.options()
        if self._existing is not None:
            options = replace(options, existing=self._existing)
        return ExportRequest(
            self._formats.checked(), self._form.folder(), self._form.frames(), options
        )

    def show_preview(self, preview: ExportPreview) -> None:
        """Show the estimated sizes and the warnings."""
        self._formats.show_sizes(preview.size_bytes)
        known = [size for size in preview.size_bytes.values() if size is not None]
        about = self.tr("About {size} on disk.")
        lines = [about.format(size=size_text(sum(known)))] if known else []
        lines += [f"• {translate_sentence(sentence)}" for sentence in preview.warnings]
        self._preview.setText("\n".join(lines))

    def accept(self) -> None:
        """Accept, after asking what to do with an earlier export of the same name."""
        request = self.request()
        earlier = earlier_exports(request.formats, request.folder, self._name)
        if not earlier or not self._form.is_asking():
            super().accept()
            return
        box = QMessageBox(QMessageBox.Icon.Question, self.windowTitle(), "", parent=self)
        text = self.tr("{folder} already holds an export of this name.")
        box.setText(text.format(folder=request.folder))
        box.setInformativeText("\n".join(str(path) for path in earlier[:8]))
        for text, choice in (
            (self.tr("Replace"), Existing.REPLACE),
            (self.tr("New name"), Existing.RENAME),
        ):
            button = box.addButton(text, QMessageBox.ButtonRole.AcceptRole)
            button.clicked.connect(lambda _=False, choice=choice: self._accept_with(choice))
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _accept_with(self, existing: Existing) -> None:
        self._existing = existing
        super().accept()

    def _make_preview(self) -> QWidget:
        self._preview = QLabel(self, wordWrap=True)
        self._preview.setAccessibleName(self.tr("Preview"))
        self._preview.setProperty("role", "muted")
        self._preview.setMinimumHeight(5 * self.fontMetrics().lineSpacing())
        self._preview.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        return self._preview

    def _make_buttons(self) -> QWidget:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._export = buttons.addButton(self.tr("Export"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._export.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def _update(self) -> None:
        checked = self._formats.checked()
        self._form.use_options_of(checked)
        problem = "" if checked else self.tr("Check a format.")
        try:
            request = self.request()
        except UsageError as error:
            problem = error_text(error)
        else:
            if not request.frames:
                problem = empty_range_text()
            elif request.options.object_ids == frozenset():
                problem = self.tr("Check an object.")
            elif not self._form.has_folder():
                problem = self.tr("Choose a folder.")
        self._export.setEnabled(not problem)
        self._preview.setText(problem or self.tr("Estimating…"))
        self._delay.stop()
        if not problem:
            self._delay.start()


def show_export_result(parent: QWidget, result: ExportResult) -> None:
    """Show, without blocking the window, where files are and what the formats do not represent."""
    box = QMessageBox(parent)
    box.setWindowTitle(translate("ExportDialog", "Export finished"))
    text = translate("ExportDialog", "Masks were written to {folder}")
    box.setText(text.format(folder=result.folder))
    box.setIcon(QMessageBox.Icon.Warning if result.warnings else QMessageBox.Icon.Information)
    if result.warnings:
        lines = (f"• {translate_sentence(sentence)}" for sentence in result.warnings)
        box.setInformativeText("\n".join(lines))
    box.setDetailedText("\n".join(map(str, result.paths)))
    show_text = translate("ExportDialog", "Show folder")
    show = box.addButton(show_text, QMessageBox.ButtonRole.ActionRole)
    show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(result.folder))))
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Close))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowModality(Qt.WindowModality.NonModal)  # the user may be at work meanwhile
    box.show()
