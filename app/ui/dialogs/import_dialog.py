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

from app.export.naming import listed
from app.jobs.import_masks import ImportPlan
from app.ui.style.theme import SPACING_PX
from app.ui.translation import PLURAL, translate
from app.ui.translation.sentences import translate_sentence


class ImportDialog(QDialog):
    """Shows a dry run and lets the user choose between new objects and an update.

    Args:
        plan: the dry run.
        parent: owner.
    """

    def __init__(self, plan: ImportPlan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Import masks"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._plan = plan
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACING_PX)
        layout.addWidget(QLabel(_summary(plan), self, wordWrap=True))
        self._table = self._make_table()
        layout.addWidget(self._table, 1)
        self._box = QCheckBox(self.tr("Replace the masks of objects that are already there"), self)
        self._box.setVisible(any(each.object_id is not None for each in plan.objects))
        self._box.toggled.connect(self._show_objects)
        layout.addWidget(self._box)
        notes = QLabel("\n".join(f"• {note}" for note in _notes(plan)), self, wordWrap=True)
        notes.setProperty("role", "muted")
        notes.setVisible(bool(_notes(plan)))
        layout.addWidget(notes)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        accept = buttons.addButton(self.tr("Import"), QDialogButtonBox.ButtonRole.AcceptRole)
        accept.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.resize(560, 380)
        self._show_objects()

    def is_update(self) -> bool:
        """Return whether objects that are already there get the masks."""
        return self._box.isChecked()

    def _make_table(self) -> QTableWidget:
        headings = (
            self.tr("Object"),
            self.tr("Category"),
            self.tr("Masks"),
            self.tr("Becomes"),
        )
        table = QTableWidget(0, len(headings), self)
        table.setAccessibleName(self.tr("Objects of the file"))
        table.setHorizontalHeaderLabels(headings)
        table.verticalHeader().hide()
        table.horizontalHeader().setStretchLastSection(True)
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        return table

    def _show_objects(self) -> None:
        objects = self._plan.objects
        self._table.setRowCount(len(objects))
        for row, each in enumerate(objects):
            becomes = self.tr("a new object")
            if self.is_update() and each.object_id is not None:
                text = self.tr("object {number}: %Ln mask(s) replaced", "", each.replaced)
                becomes = text.format(number=each.object_id)
                becomes += self.tr(", %Ln kept", "", each.kept) if each.kept else ""
            for column, text in enumerate(
                (each.name, each.category, str(each.mask_count), becomes)
            ):
                self._table.setItem(row, column, QTableWidgetItem(text))
        self._table.resizeColumnsToContents()


def _summary(plan: ImportPlan) -> str:
    count, matched = sum(each.mask_count for each in plan.objects), plan.matched_frames
    masks = translate("ImportDialog", "%Ln mask(s)", "", PLURAL, count)
    num_objects = len(plan.objects)
    objects = translate("ImportDialog", "%Ln object(s)", "", PLURAL, num_objects)
    frames = translate("ImportDialog", "%Ln frame(s)", "", PLURAL, matched)
    text = translate("ImportDialog", "{file} ({format}): {masks} of {objects} on {frames}.")
    return text.format(
        file=plan.request.path.name,
        format=translate_sentence(plan.format),
        masks=masks,
        objects=objects,
        frames=frames,
    )


def _notes(plan: ImportPlan) -> list[str]:
    missed = []
    if plan.missed_frames:
        count = len(plan.missed_frames)
        frames = translate("ImportDialog", "%Ln frame(s)", "", PLURAL, count)
        text = translate("ImportDialog", "Left out, since not in the video: {frames} ({names}).")
        missed = [text.format(frames=frames, names=listed(plan.missed_frames))]
    return [*missed, *map(translate_sentence, plan.notes)]
