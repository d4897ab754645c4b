"""The dialog that asks which two memory settings are compared, and on which frames."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.core.settings import MemoryValue, ModelSettings
from app.tracking.comparison import MemoryVariant
from app.tracking.model_catalog import AvailableModels
from app.ui.dialogs.frame_range_input import FrameRangeInput
from app.ui.dialogs.model_form import MEMORY, enable_used, make_input, make_label
from app.ui.style.theme import SPACING_PX
from app.ui.translation import QT_TRANSLATE_NOOP, translate

SIDES = ("A", "B")
AS_SET = QT_TRANSLATE_NOOP("CompareDialog", "As in the model's settings")
POLICIES_OF_B = ("fifo", "quality")  # what B starts with: SAM 2's own, unless the model has it
WIDTH_PX = 560


class CompareDialog(QDialog):
    """Asks for two `MemoryVariant`s and a range of frames.

    Args:
        name: of the object.
        frames: selects the frames; the dialog takes it over.
        available: the models and memory policies.
        settings: of the model in use; both sides start with its memory settings.
        parent: owner.
    """

    def __init__(
        self,
        name: str,
        frames: FrameRangeInput,
        available: AvailableModels,
        settings: ModelSettings,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Compare memory policies on {name}").format(name=name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        model = next(each for each in available.models if each.name == settings.name)
        as_set = model.memory | dict(settings.memory)
        self.frames_input = frames
        self.inputs = {
            side: {setting.name: make_input(setting, available) for setting in MEMORY}
            for side in SIDES
        }
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        accept = QDialogButtonBox.ButtonRole.AcceptRole
        self._accept = self._buttons.addButton(self.tr("Compare"), accept)
        self._accept.setDefault(True)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._compose(name)
        for inputs in self.inputs.values():
            for setting, field in inputs.items():
                field.show_value(as_set[setting])
        # As the inputs round them, so that only what is edited differs.
        self._as_set = {setting: field.chosen() for setting, field in self.inputs["A"].items()}
        other = next(each for each in POLICIES_OF_B if each != as_set["policy"])
        self.inputs["B"]["policy"].show_value(other)
        self._connect()

    @property
    def frames(self) -> range:
        """The chosen frames."""
        return self.frames_input.frames

    @property
    def variants(self) -> tuple[MemoryVariant, MemoryVariant]:
        """The two sides, each with the settings that differ from the model's."""
        return self._variant("A"), self._variant("B")

    def _variant(self, side: str) -> MemoryVariant:
        differing: dict[str, MemoryValue] = {}
        texts = []
        for setting in MEMORY:
            field = self.inputs[side][setting.name]
            if (value := field.chosen()) != self._as_set[setting.name]:
                differing[setting.name] = value
                label, text = translate("ModelForm", setting.label), field.text_of(value)
                texts.append(text if setting.name == "policy" else f"{label.lower()} {text}")
        return MemoryVariant(", ".join(texts) or self.tr(AS_SET), tuple(differing.items()))

    def _compose(self, name: str) -> None:
        text = self.tr(
            "{name} is tracked twice through the same frames. Nothing changes until you use one "
            "of the two. Both sides start with the settings of the model."
        )
        about = QLabel(text.format(name=name), self, wordWrap=True)
        about.setProperty("role", "muted")
        form = QFormLayout()
        form.addRow(self.tr("Frames:"), self.frames_input)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * SPACING_PX)
        layout.addWidget(about)
        layout.addLayout(self._make_settings())
        layout.addLayout(form)
        layout.addWidget(self._buttons)
        self.resize(WIDTH_PX, self.sizeHint().height())

    def _make_settings(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * SPACING_PX)
        for row, setting in enumerate(MEMORY, 1):
            grid.addWidget(make_label(setting), row, 0)
        for column, side in enumerate(SIDES, 1):
            grid.addWidget(QLabel(f"<b>{side}</b>", self), 0, column)
            grid.setColumnStretch(column, 1)
            for row, field in enumerate(self.inputs[side].values(), 1):
                assert isinstance(field, QWidget)
                text = self.tr("{label} of {side}")
                field.setAccessibleName(text.format(label=field.accessibleName(), side=side))
                grid.addWidget(field, row, column)
        return grid

    def _connect(self) -> None:
        for inputs in self.inputs.values():
            for field in inputs.values():
                field.changed.connect(self._update)
        self.frames_input.changed.connect(self._update)
        self._update()

    def _update(self) -> None:
        """Allow a comparison of settings that differ, on at least two frames."""
        for inputs in self.inputs.values():
            enable_used(inputs)
        a, b = (each.memory for each in self.variants)
        is_possible = a != b and len(self.frames) > 1
        self._accept.setEnabled(is_possible)
        tip = self.tr("Choose settings that differ, and at least two frames")
        self._accept.setToolTip("" if is_possible else tip)
