"""The options of an export in the export dialog."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.export.registry import FORMATS
from app.export.selection import Existing, ExportOptions
from app.ui.dialogs.frame_range_input import FrameRangeInput
from app.ui.style.theme import SPACING_PX

_ID_ROLE = Qt.ItemDataRole.UserRole
_VISIBLE_OBJECTS = 4  # rows of the list of objects; more are scrolled


@dataclass(frozen=True, slots=True)
class ExportContents:
    """What there is to export.

    Attributes:
        name: of the source.
        num_frames: number of frames of the video.
        frame_range: in and out frame; None for an open end.
        objects: id and name of each object.
    """

    name: str
    num_frames: int
    frame_range: tuple[int | None, int | None] = (None, None)
    objects: tuple[tuple[int, str], ...] = ()


class ExportForm(QWidget):
    """Lets the user edit folder, frames and options.

    Signals:
        changed: a value was edited.

    Args:
        contents: what there is to export.
        folder: initial target folder.
        parent: owner.
    """

    changed = Signal()

    def __init__(
        self, contents: ExportContents, folder: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Folder:"), self._make_folder(folder))
        form.addRow(self.tr("If it exists:"), self._make_existing())
        form.addRow(self.tr("Frames:"), self._make_range(contents))
        form.addRow(self.tr("Objects:"), self._make_objects(contents))
        form.addRow(self.tr("Scale:"), self._make_scale())
        form.addRow(self.tr("File names:"), self._make_names())
        form.addRow("", self._make_switches())

    def folder(self) -> Path:
        """Return the target folder."""
        return Path(self._folder.text()).expanduser()

    def has_folder(self) -> bool:
        """Return whether a folder is named."""
        return bool(self._folder.text().strip())

    def frames(self) -> range:
        """Return the frames to export; none when the last lies before the first."""
        return self._range.frames

    def is_asking(self) -> bool:
        """Return whether the user wants to be asked about an earlier export."""
        return self._existing.currentData() is None

    def options(self) -> ExportOptions:
        """Return the options as edited.

        Raises:
            UsageError: the file names cannot be used.
        """
        return ExportOptions(
            object_ids=self._object_ids(),
            verified_only=self._verified.isChecked(),
            scale=self._scale.value() / 100,
            frame_names=self._names.text().strip() or None,
            existing=self._existing.currentData() or Existing.REFUSE,
            **{name: box.isChecked() and box.isEnabled() for name, box in self._switches.items()},
        )

    def use_options_of(self, format_names: Sequence[str]) -> None:
        """Enable the options that one of these formats has a use for."""
        used = {option for name in format_names for option in FORMATS[name].options}
        for name, box in self._switches.items():
            box.setEnabled(name in used)

    def _object_ids(self) -> frozenset[int] | None:
        items = [self._objects.item(row) for row in range(self._objects.count())]
        checked = [item for item in items if item.checkState() is Qt.CheckState.Checked]
        if len(checked) == len(items):
            return None
        return frozenset(item.data(_ID_ROLE) for item in checked)

    def _make_folder(self, folder: Path) -> QWidget:
        self._folder = QLineEdit(str(folder), self)
        self._folder.setAccessibleName(self.tr("Export folder"))
        self._folder.setProperty("role", "field")
        self._folder.textChanged.connect(self.changed)
        browse = QPushButton(self.tr("Browse…"), self)
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        return _row_of(self._folder, browse)

    def _browse(self) -> None:
        title = self.tr("Export to")
        chosen = QFileDialog.getExistingDirectory(self, title, self._folder.text())
        if chosen:
            self._folder.setText(chosen)

    def _make_existing(self) -> QWidget:
        self._existing = QComboBox(self)
        self._existing.setAccessibleName(self.tr("If an earlier export exists"))
        self._existing.addItem(self.tr("Ask"), None)
        self._existing.addItem(self.tr("Replace the earlier export"), Existing.REPLACE)
        self._existing.addItem(self.tr("Export under a new name"), Existing.RENAME)
        self._existing.currentIndexChanged.connect(self.changed)
        return self._existing

    def _make_range(self, contents: ExportContents) -> QWidget:
        self._range = FrameRangeInput(
            range(contents.num_frames), contents.frame_range, has_step=True
        )
        self._range.changed.connect(self.changed)
        return self._range

    def _make_objects(self, contents: ExportContents) -> QWidget:
        self._objects = QListWidget(self)
        self._objects.setAccessibleName(self.tr("Objects"))
        self._objects.setMaximumHeight(
            _VISIBLE_OBJECTS * (self.fontMetrics().lineSpacing() + SPACING_PX)
        )
        for object_id, name in contents.objects:
            item = QListWidgetItem(name, self._objects)
            item.setSizeHint(QSize(0, self.fontMetrics().lineSpacing() + SPACING_PX))
            item.setData(_ID_ROLE, object_id)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self._objects.itemChanged.connect(lambda _: self.changed.emit())
        return self._objects

    def _make_scale(self) -> QWidget:
        self._scale = QSpinBox(self, minimum=1, maximum=400, value=100, suffix=" %")
        self._scale.setAccessibleName(self.tr("Scale"))
        self._scale.valueChanged.connect(self.changed)
        return _row_of(self._scale, QLabel(self.tr("of the size of the video"), self))

    def _make_names(self) -> QWidget:
        self._names = QLineEdit(self)
        self._names.setAccessibleName(self.tr("File names of frames"))
        self._names.setPlaceholderText(self.tr("as in the source, or {frame:06d}"))
        tip = self.tr("A template with {frame} or {frame:06d}, and {name} for the video.")
        self._names.setToolTip(tip)
        self._names.textChanged.connect(self.changed)
        return self._names

    def _make_switches(self) -> QWidget:
        """Make the check boxes; those in ``_switches`` belong to some formats only."""
        self._verified = QCheckBox(self.tr("Verified masks only"), self)
        self._switches = {
            "with_images": QCheckBox(self.tr("Write the frames, too (JPEG)"), self),
            "official_ids": QCheckBox(self.tr("Number objects as the DAVIS evaluator needs"), self),
            "polygons": QCheckBox(self.tr("Polygons instead of masks (holes are filled)"), self),
        }
        column = QWidget(self)
        column.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING_PX // 2)
        for box in (self._verified, *self._switches.values()):
            box.toggled.connect(self.changed)
            layout.addWidget(box)
        return column


def _row_of(*widgets: QWidget) -> QWidget:
    row = QWidget()
    row.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(SPACING_PX)
    for widget in widgets:
        layout.addWidget(widget, int(isinstance(widget, QLineEdit)))
        layout.setAlignment(widget, Qt.AlignmentFlag.AlignVCenter)
    if not any(isinstance(widget, QLineEdit) for widget in widgets):
        layout.addStretch()
    return row
