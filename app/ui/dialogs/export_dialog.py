"""The export dialog and the report of a finished export."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.export.registry import FORMATS
from app.jobs.export_masks import ExportRequest
from app.ui.style.theme import SPACING_PX


@dataclass(frozen=True, slots=True)
class ExportResult:
    """Where an export was written, and warnings about what the formats could not represent."""

    folder: Path
    paths: tuple[Path, ...]
    warnings: tuple[str, ...]


class ExportDialog(QDialog):
    """Lets the user edit an `ExportRequest`.

    Args:
        num_frames: number of frames of the video.
        frame_range: in and out frame; None for an open end.
        folder: initial target folder.
        formats: names of the formats that are checked initially.
        parent: owner.
    """

    def __init__(
        self,
        num_frames: int,
        frame_range: tuple[int | None, int | None],
        folder: Path,
        formats: tuple[str, ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export masks")
        self.setMinimumWidth(560)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * SPACING_PX)
        layout.addLayout(self._make_formats(formats))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Folder:", self._make_folder(folder))
        form.addRow("Frames:", self._make_range(num_frames, frame_range))
        layout.addLayout(form)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._export = self._buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self._export.setDefault(True)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout.addWidget(self._buttons)
        self._update()

    def request(self) -> ExportRequest:
        """Return the request as edited."""
        names = tuple(name for name, box in self._formats.items() if box.isChecked())
        frames = range(self._first.value(), self._last.value() + 1)
        return ExportRequest(names, Path(self._folder.text()).expanduser(), frames)

    def _make_formats(self, checked: tuple[str, ...]) -> QVBoxLayout:
        rows = QVBoxLayout()
        rows.setSpacing(SPACING_PX // 2)
        self._formats: dict[str, QCheckBox] = {}
        for name, form in FORMATS.items():
            box = self._formats[name] = QCheckBox(form.title, self)
            box.setChecked(name in checked)
            box.toggled.connect(self._update)
            about = QLabel(form.description, self, wordWrap=True)
            about.setProperty("role", "muted")
            about.setContentsMargins(3 * SPACING_PX, 0, 0, SPACING_PX // 2)
            rows.addWidget(box)
            rows.addWidget(about)
        return rows

    def _make_folder(self, folder: Path) -> QWidget:
        self._folder = QLineEdit(str(folder), self)
        self._folder.setAccessibleName("Export folder")
        self._folder.setProperty("role", "field")
        self._folder.textChanged.connect(self._update)
        browse = QPushButton("Browse…", self)
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        return _row_of(self._folder, browse)

    def _make_range(self, num_frames: int, ends: tuple[int | None, int | None]) -> QWidget:
        last_frame = num_frames - 1
        first, last = (
            (0 if ends[0] is None else ends[0]),
            (last_frame if ends[1] is None else ends[1]),
        )
        self._first = QSpinBox(self, maximum=last_frame, value=first)
        self._last = QSpinBox(self, maximum=last_frame, value=last)
        whole = QPushButton("All", self)
        whole.setAutoDefault(False)
        whole.clicked.connect(self._select_all_frames)
        for box, name in ((self._first, "First frame"), (self._last, "Last frame")):
            box.setAccessibleName(name)
            box.valueChanged.connect(self._update)
        row = _row_of(self._first, QLabel("to", self), self._last, whole)
        row.layout().addStretch()  # type: ignore[union-attr]
        return row

    def _select_all_frames(self) -> None:
        self._first.setValue(0)
        self._last.setValue(self._last.maximum())

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Export to", self._folder.text())
        if chosen:
            self._folder.setText(chosen)

    def _update(self) -> None:
        self._export.setEnabled(
            any(box.isChecked() for box in self._formats.values())
            and bool(self._folder.text().strip())
            and self._first.value() <= self._last.value()
        )


def _row_of(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(SPACING_PX)
    for widget in widgets:
        layout.addWidget(widget, int(isinstance(widget, QLineEdit)))
        layout.setAlignment(widget, Qt.AlignmentFlag.AlignVCenter)
    return row


def show_export_result(parent: QWidget, result: ExportResult) -> None:
    """Show where the files were written and what the formats could not represent."""
    box = QMessageBox(parent)
    box.setWindowTitle("Export finished")
    box.setText(f"Masks were written to {result.folder}")
    box.setIcon(QMessageBox.Icon.Warning if result.warnings else QMessageBox.Icon.Information)
    if result.warnings:
        box.setInformativeText("\n".join(f"• {sentence}" for sentence in result.warnings))
    box.setDetailedText("\n".join(map(str, result.paths)))
    show = box.addButton("Show folder", QMessageBox.ButtonRole.ActionRole)
    show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(result.folder))))
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Close))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
