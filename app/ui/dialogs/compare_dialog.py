"""The dialog that asks which two memory settings are compared, and on which frames."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.core.settings import MemoryValue
from app.tracking.comparison import MemoryVariant
from app.ui.dialogs.model_form import DETAIL_LABELS, POLICY_LABELS, POOLING_LABELS
from app.ui.style.theme import SPACING_PX
from app.ui.translation import QT_TRANSLATE_NOOP, translate

SIDES = ("A", "B")
AS_SET = QT_TRANSLATE_NOOP("CompareDialog", "As in the model's settings")
POLICY_B = "fifo"  # what B starts with: SAM 2's own
# Name of the setting, its label, its tooltip, and the values to choose from.
CHOICES: tuple[tuple[str, str, str, tuple[tuple[MemoryValue, str], ...]], ...] = (
    (
        "policy",
        QT_TRANSLATE_NOOP("CompareDialog", "Policy"),
        QT_TRANSLATE_NOOP("CompareDialog", "Decides which frames enter the memory bank"),
        (*POLICY_LABELS.items(),),
    ),
    (
        "max_frames",
        QT_TRANSLATE_NOOP("CompareDialog", "Frames in memory"),
        QT_TRANSLATE_NOOP(
            "CompareDialog", "Most frames in the memory bank, including prompted ones"
        ),
        tuple((n, str(n)) for n in (2, 4, 7, 10, 14)),
    ),
    (
        "pool",
        QT_TRANSLATE_NOOP("CompareDialog", "Pooling"),
        QT_TRANSLATE_NOOP("CompareDialog", "Neighboring tokens that are averaged into one"),
        POOLING_LABELS,
    ),
    (
        "keeps_details",
        QT_TRANSLATE_NOOP("CompareDialog", "Pooled"),
        QT_TRANSLATE_NOOP("CompareDialog", "Where tokens are averaged"),
        DETAIL_LABELS,
    ),
    (
        "keep_ratio",
        QT_TRANSLATE_NOOP("CompareDialog", "Tokens kept"),
        QT_TRANSLATE_NOOP(
            "CompareDialog", "Most tokens that are stored, as a fraction of what SAM 2 stores"
        ),
        (
            (0.03, "3 %"),
            (0.07, "7 %"),
            (0.15, "15 %"),
            (0.3, "30 %"),
            (None, QT_TRANSLATE_NOOP("CompareDialog", "All")),
        ),
    ),
    (
        "quality_threshold",
        QT_TRANSLATE_NOOP("CompareDialog", "Minimum quality"),
        QT_TRANSLATE_NOOP(
            "CompareDialog",
            "Lowest quality of a frame that enters; used by the quality policy only",
        ),
        tuple((n / 10, f"{n / 10:.1f}") for n in (0, 3, 5, 7, 9)),
    ),
)


class CompareDialog(QDialog):
    """Asks for two `MemoryVariant`s and a range of frames.

    Args:
        name: of the object.
        num_frames: of the video.
        frames: first and last frame to start with, inclusive.
        parent: owner.
    """

    def __init__(
        self, name: str, num_frames: int, frames: tuple[int, int], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Compare memory policies on {name}").format(name=name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        text = self.tr(
            "{name} is tracked twice through the same frames. Nothing changes until you use one "
            "of the two."
        )
        about = QLabel(text.format(name=name), self, wordWrap=True)
        about.setProperty("role", "muted")
        self.inputs: dict[tuple[str, str], QComboBox] = {}
        self.first = self._spin_box(self.tr("First frame"), num_frames, frames[0])
        self.last = self._spin_box(self.tr("Last frame"), num_frames, frames[1])
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        accept = QDialogButtonBox.ButtonRole.AcceptRole
        self._accept = self._buttons.addButton(self.tr("Compare"), accept)
        self._accept.setDefault(True)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * SPACING_PX)
        layout.addWidget(about)
        layout.addLayout(self._make_settings())
        layout.addLayout(self._make_range())
        layout.addWidget(self._buttons)
        self.inputs["B", "policy"].setCurrentText(_value_text(POLICY_LABELS[POLICY_B]))
        self._update()

    @property
    def frames(self) -> range:
        """The chosen frames."""
        return range(self.first.value(), self.last.value() + 1)

    @property
    def variants(self) -> tuple[MemoryVariant, MemoryVariant]:
        """The two sides, each with the settings that differ from the model's."""
        return self._variant("A"), self._variant("B")

    def _variant(self, side: str) -> MemoryVariant:
        chosen: dict[str, MemoryValue] = {}
        texts = []
        for name, label, _, values in CHOICES:
            box = self.inputs[side, name]
            if box.currentIndex() > 0:
                chosen[name] = values[box.currentIndex() - 1][0]
                own = box.currentText()
                texts.append(own if name == "policy" else f"{self.tr(label).lower()} {own}")
        return MemoryVariant(", ".join(texts) or self.tr(AS_SET), tuple(chosen.items()))

    def _make_settings(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * SPACING_PX)
        for column, side in enumerate(SIDES, 1):
            grid.addWidget(QLabel(f"<b>{side}</b>", self), 0, column)
            grid.setColumnStretch(column, 1)
        for row, (name, label, tip, values) in enumerate(CHOICES, 1):
            title = QLabel(self.tr("{label}:").format(label=self.tr(label)), self)
            title.setToolTip(self.tr(tip))
            grid.addWidget(title, row, 0)
            for column, side in enumerate(SIDES, 1):
                box = self.inputs[side, name] = QComboBox(self)
                box.addItems([self.tr(AS_SET), *(_value_text(text) for _, text in values)])
                box.setToolTip(self.tr(tip))
                text = self.tr("{label} of {side}")
                box.setAccessibleName(text.format(label=self.tr(label), side=side))
                box.currentIndexChanged.connect(self._update)
                grid.addWidget(box, row, column)
        return grid

    def _make_range(self) -> QHBoxLayout:
        row = QHBoxLayout()
        frames, to = QLabel(self.tr("Frames:"), self), QLabel(self.tr("to"), self)
        for widget in (frames, self.first, to, self.last):
            row.addWidget(widget)
        row.addStretch()
        return row

    def _spin_box(self, name: str, num_frames: int, value: int) -> QSpinBox:
        box = QSpinBox(self, maximum=num_frames - 1, value=value)
        box.setAccessibleName(name)
        box.valueChanged.connect(self._update)
        return box

    def _update(self) -> None:
        """Allow a comparison of settings that differ, on at least two frames."""
        if len(self.inputs) < len(SIDES) * len(CHOICES):
            return  # still being made
        a, b = (each.memory for each in self.variants)
        differs, is_range = a != b, len(self.frames) > 1
        self._accept.setEnabled(differs and is_range)
        tip = self.tr("Choose settings that differ, and at least two frames")
        self._accept.setToolTip("" if differs and is_range else tip)


def _value_text(text: str) -> str:
    """Return the text of a value: those of `ModelForm` are listed there, numbers nowhere."""
    own = translate("CompareDialog", text)
    return own if own != text else translate("ModelForm", text)
