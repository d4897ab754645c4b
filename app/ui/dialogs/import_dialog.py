"""What an import would do, shown before it is done."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.export.naming import counted, listed
from app.jobs.import_masks import ImportPlan
from app.ui.style.theme import SPACING_PX

_HEADINGS = ("Object", "Category", "Masks", "Becomes")


class ImportDialog(QDialog):
    """Shows a dry run and lets the user choose between new objects and an update.

    Args:
        plan: the dry run.
        parent: owner.
    """

    def __init__(self, plan: ImportPlan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import masks")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._plan = plan
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACING_PX)
        layout.addWidget(QLabel(_summary(plan), self, wordWrap=True))
        self._table = self._make_table()
        layout.addWidget(self._table, 1)
        self._box = QCheckBox("Replace the masks of objects that are already there", self)
        self._box.setVisible(any(each.object_id is not None for each in plan.objects))
        self._box.toggled.connect(self._show_objects)
        layout.addWidget(self._box)
        notes = QLabel("\n".join(f"• {note}" for note in _notes(plan)), self, wordWrap=True)
        notes.setProperty("role", "muted")
        notes.setVisible(bool(_notes(plan)))
        layout.addWidget(notes)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        buttons.addButton("Import", QDialogButtonBox.ButtonRole.AcceptRole).setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.resize(560, 380)
        self._show_objects()

    def is_update(self) -> bool:
        """Return whether objects that are already there get the masks."""
        return self._box.isChecked()

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, len(_HEADINGS), self)
        table.setAccessibleName("Objects of the file")
        table.setHorizontalHeaderLabels(_HEADINGS)
        table.verticalHeader().hide()
        table.horizontalHeader().setStretchLastSection(True)
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        return table

    def _show_objects(self) -> None:
        objects = self._plan.objects
        self._table.setRowCount(len(objects))
        for row, each in enumerate(objects):
            becomes = "a new object"
            if self.is_update() and each.object_id is not None:
                becomes = f"object {each.object_id}: {each.replaced} masks replaced"
                becomes += f", {each.kept} kept" if each.kept else ""
            for column, text in enumerate(
                (each.name, each.category, str(each.mask_count), becomes)
            ):
                self._table.setItem(row, column, QTableWidgetItem(text))
        self._table.resizeColumnsToContents()


def _summary(plan: ImportPlan) -> str:
    masks = sum(each.mask_count for each in plan.objects)
    return (
        f"{plan.request.path.name} ({plan.format}): {counted(masks, 'mask')} of "
        f"{counted(len(plan.objects), 'object')} on {counted(plan.matched_frames, 'frame')}."
    )


def _notes(plan: ImportPlan) -> list[str]:
    missed = []
    if plan.missed_frames:
        missed = [
            f"Left out, since not in the video: {counted(len(plan.missed_frames), 'frame')} "
            f"({listed(plan.missed_frames)})."
        ]
    return [*missed, *plan.notes]
