"""The preferences dialog: one row per preference, made from one table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.storage.home import home_folder
from app.ui.dialogs.setting_inputs import (
    ChoiceInput,
    FlagInput,
    FolderInput,
    Input,
    NumberFormat,
    NumberInput,
)
from app.ui.state.preferences import Preferences
from app.ui.style.theme import SPACING_PX, Theme
from app.ui.translation import QT_TRANSLATE_NOOP, translate
from app.ui.translation.languages import LANGUAGES

SIZE = (600, 560)  # fits a screen of 640 lines; the page scrolls
SYSTEM = QT_TRANSLATE_NOOP("PreferencesDialog", "As the system")
THEME_LABELS = (
    (Theme.SYSTEM, SYSTEM),
    (Theme.LIGHT, QT_TRANSLATE_NOOP("PreferencesDialog", "Light")),
    (Theme.DARK, QT_TRANSLATE_NOOP("PreferencesDialog", "Dark")),
)
MIN_CACHE_MEGABYTES, MAX_CACHE_MEGABYTES = 64, 16384


@dataclass(frozen=True, slots=True)
class PreferenceSpec:
    """One row of the dialog.

    Attributes:
        group: title of the box that it is in.
        name: attribute of `Preferences`.
        label: text before the input; empty for a checkbox, which has its own.
        tip: sentence below the input.
        make: creates the input.
    """

    group: str
    name: str
    label: str
    tip: str
    make: Callable[[], Input]


def _choice(labels: Sequence[tuple[str, str]]) -> Input:
    return ChoiceInput([(value, translate("PreferencesDialog", text)) for value, text in labels])


SPECS = (
    PreferenceSpec(
        QT_TRANSLATE_NOOP("PreferencesDialog", "Appearance"),
        "theme",
        QT_TRANSLATE_NOOP("PreferencesDialog", "Theme:"),
        "",
        lambda: _choice(THEME_LABELS),
    ),
    PreferenceSpec(
        QT_TRANSLATE_NOOP("PreferencesDialog", "Appearance"),
        "language",
        QT_TRANSLATE_NOOP("PreferencesDialog", "Language:"),
        QT_TRANSLATE_NOOP("PreferencesDialog", "Takes effect at the next start."),
        lambda: ChoiceInput([("", translate("PreferencesDialog", SYSTEM)), *LANGUAGES.items()]),
    ),
    PreferenceSpec(
        QT_TRANSLATE_NOOP("PreferencesDialog", "Appearance"),
        "shows_patterns",
        "",
        QT_TRANSLATE_NOOP("PreferencesDialog", "Objects differ by pattern, not by color alone."),
        lambda: FlagInput(translate("PreferencesDialog", "Hatch masks")),
    ),
    PreferenceSpec(
        QT_TRANSLATE_NOOP("PreferencesDialog", "Masks"),
        "protects_hand_work",
        "",
        QT_TRANSLATE_NOOP(
            "PreferencesDialog",
            "Else tracking replaces them, except on the frame that it starts from and where they "
            "are verified.",
        ),
        lambda: FlagInput(
            translate("PreferencesDialog", "Tracking keeps painted and imported masks")
        ),
    ),
    PreferenceSpec(
        QT_TRANSLATE_NOOP("PreferencesDialog", "Masks"),
        "drops_islands",
        "",
        QT_TRANSLATE_NOOP(
            "PreferencesDialog",
            "A predicted mask keeps the parts that touch a positive point, the box or the mask "
            "before it.",
        ),
        lambda: FlagInput(translate("PreferencesDialog", "Drop islands")),
    ),
    PreferenceSpec(
        QT_TRANSLATE_NOOP("PreferencesDialog", "Files"),
        "projects_folder",
        QT_TRANSLATE_NOOP("PreferencesDialog", "New projects:"),
        QT_TRANSLATE_NOOP(
            "PreferencesDialog",
            "Everything is saved as you work, into a project in this folder. It is used from the "
            "next video on; projects that exist stay where they are.",
        ),
        lambda: FolderInput(f"{home_folder() / 'projects'}"),
    ),
    PreferenceSpec(
        QT_TRANSLATE_NOOP("PreferencesDialog", "Files"),
        "cache_megabytes",
        QT_TRANSLATE_NOOP("PreferencesDialog", "Frame cache:"),
        QT_TRANSLATE_NOOP(
            "PreferencesDialog",
            "Memory for decoded frames of the open video; more makes scrubbing back faster.",
        ),
        lambda: NumberInput(
            NumberFormat(MIN_CACHE_MEGABYTES, MAX_CACHE_MEGABYTES, 64, suffix=" MB")
        ),
    ),
)


class PreferencesDialog(QDialog):
    """Edits the preferences; each change is stored, and takes effect at once except the language.

    Args:
        preferences: what is edited.
        model: name, input size and device of the model in use, as text.
        parent: owner.

    Signals:
        changed: name of the attribute of `Preferences` that changed.
        model_requested: the user wants to select another model.
        shortcuts_requested: the user wants to change keyboard shortcuts.
    """

    changed = Signal(str)
    model_requested = Signal()
    shortcuts_requested = Signal()

    def __init__(self, preferences: Preferences, model: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Preferences"))
        self.resize(*SIZE)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._preferences = preferences
        self.inputs: dict[str, Input] = {}
        page = QWidget(self)
        layout = QVBoxLayout(page)
        layout.setSpacing(2 * SPACING_PX)
        forms: dict[str, QFormLayout] = {}
        for spec in SPECS:
            if spec.group not in forms:
                box = QGroupBox(self.tr(spec.group), self)
                forms[spec.group] = QFormLayout(box)
                forms[spec.group].setFieldGrowthPolicy(
                    QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow
                )
                forms[spec.group].setVerticalSpacing(SPACING_PX // 2)
                layout.addWidget(box)
            self._add_row(forms[spec.group], spec)
        layout.addWidget(self._make_model(model))
        layout.addStretch()
        area = QScrollArea(self, widgetResizable=True)
        area.setWidget(page)
        whole = QVBoxLayout(self)
        whole.addWidget(area, 1)
        whole.addWidget(self._make_buttons())

    def _add_row(self, form: QFormLayout, spec: PreferenceSpec) -> None:
        field = self.inputs[spec.name] = spec.make()
        assert isinstance(field, QWidget)
        value = getattr(self._preferences, spec.name)
        field.show_value(str(value) if isinstance(value, Path) else value)
        label = self.tr(spec.label) if spec.label else ""
        field.setAccessibleName(label.rstrip(":\uff1a") or field.accessibleName())
        field.changed.connect(lambda: self._store(spec.name))
        form.addRow(label, field)
        if spec.tip:
            tip = QLabel(self.tr(spec.tip), self, wordWrap=True)
            tip.setProperty("role", "muted")
            form.addRow("", tip)

    def _store(self, name: str) -> None:
        value = self.inputs[name].chosen()
        is_path = name == "projects_folder" and value is not None
        setattr(self._preferences, name, Path(str(value)) if is_path else value)
        self.changed.emit(name)

    def _make_model(self, text: str) -> QGroupBox:
        box = QGroupBox(self.tr("Model and keys"), self)
        self._model = QLabel(text, box, wordWrap=True)
        model = QPushButton(self.tr("Model, engine and input size…"), box)
        model.clicked.connect(self.model_requested)
        keys = QPushButton(self.tr("Keyboard shortcuts…"), box)
        keys.clicked.connect(self.shortcuts_requested)
        row = QHBoxLayout()
        for button in (model, keys):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch()
        column = QVBoxLayout(box)
        column.addWidget(self._model)
        column.addLayout(row)
        return box

    def show_model(self, text: str) -> None:
        """Show another model as the one in use, which is also the default of the next start."""
        self._model.setText(text)

    def _make_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        return buttons
