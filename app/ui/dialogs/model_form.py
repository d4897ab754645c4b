"""The form for the settings of a model: device, input size, memory; made from one table."""
# ruff: noqa: E501 - a table has a row per setting

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.core.settings import ENGINES, MemoryValue, ModelSettings
from app.tracking.model_catalog import AvailableModels, KnownModelRow
from app.ui.dialogs.paths import weights_filter
from app.ui.dialogs.setting_inputs import ChoiceInput, FileInput, Input, NumberFormat, NumberInput
from app.ui.style.theme import SPACING_PX
from app.ui.translation import QT_TRANSLATE_NOOP, translate

FIELD_HEIGHT_PX = 26
POLICY_LABELS = {
    "quality": QT_TRANSLATE_NOOP("ModelForm", "By quality (TinySAM 2)"),
    "fifo": QT_TRANSLATE_NOOP("ModelForm", "Newest frames (SAM 2)"),
    "samurai": QT_TRANSLATE_NOOP("ModelForm", "By motion and scores (SAMURAI)"),
    "dam4sam": QT_TRANSLATE_NOOP("ModelForm", "Distractor-aware (DAM4SAM)"),
}
ENGINE_LABELS = {
    "auto": QT_TRANSLATE_NOOP("ModelForm", "Automatic"),
    "torch": "PyTorch",
    "openvino": "OpenVINO",
}
POOLING_LABELS = (
    (1, QT_TRANSLATE_NOOP("ModelForm", "Off")),
    (2, QT_TRANSLATE_NOOP("ModelForm", "2 x 2 tokens")),
    (4, QT_TRANSLATE_NOOP("ModelForm", "4 x 4 tokens")),
)
DETAIL_LABELS = (
    (True, QT_TRANSLATE_NOOP("ModelForm", "Around the object")),
    (False, QT_TRANSLATE_NOOP("ModelForm", "Everywhere")),
)


def _devices(available: AvailableModels) -> Input:
    automatic = translate("ModelForm", "Automatic")
    return ChoiceInput(
        [(name, automatic if name == "auto" else name) for name in available.devices]
    )


def engine_label(name: str) -> str:
    """Return the text of one of `ENGINES`."""
    return translate("ModelForm", ENGINE_LABELS[name])


def _engines(_: AvailableModels) -> Input:
    return ChoiceInput([(name, engine_label(name)) for name in ENGINES])


def _policies(available: AvailableModels) -> Input:
    return _choice((name, POLICY_LABELS.get(name, name)) for name in available.policies)


def _choice(labels: Iterable[tuple[MemoryValue, str]]) -> Input:
    return ChoiceInput([(value, translate("ModelForm", text)) for value, text in labels])


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One row of the form.

    Attributes:
        name: a field of `ModelSettings`, or the name of one of its memory settings.
        label: text of the row.
        tip: tooltip.
        make: creates the input widget.
    """

    name: str
    label: str
    tip: str
    make: Callable[[AvailableModels], Input]


# fmt: off
RUNNING = (
    SettingSpec("device", QT_TRANSLATE_NOOP("ModelForm", "Device"), QT_TRANSLATE_NOOP("ModelForm", "Where the model runs"), _devices),
    SettingSpec("engine", QT_TRANSLATE_NOOP("ModelForm", "Engine"), QT_TRANSLATE_NOOP("ModelForm", "What runs the model on the processor; automatic takes the faster one, which is measured the first time"), _engines),
    SettingSpec("input_size", QT_TRANSLATE_NOOP("ModelForm", "Input size"), QT_TRANSLATE_NOOP("ModelForm", "Frames are scaled to the pixel count of a square with this side; larger finds finer detail and takes longer"), lambda _: NumberInput(NumberFormat(64, 4096, 64, suffix=" px"))),
    SettingSpec("checkpoint", QT_TRANSLATE_NOOP("ModelForm", "Weights file"), QT_TRANSLATE_NOOP("ModelForm", "Weights to load instead of the stored ones"), lambda _: FileInput(translate("ModelForm", "stored or bundled weights"), weights_filter())),
)
MEMORY = (
    SettingSpec("policy", QT_TRANSLATE_NOOP("ModelForm", "Memory policy"), QT_TRANSLATE_NOOP("ModelForm", "Decides which frames enter the memory bank, the few frames that the tracker reads to find the object in the next one"), _policies),
    SettingSpec("max_frames", QT_TRANSLATE_NOOP("ModelForm", "Frames in memory"), QT_TRANSLATE_NOOP("ModelForm", "Most frames in the memory bank of an object, including prompted ones"), lambda _: NumberInput(NumberFormat(2, 64))),
    SettingSpec("pool", QT_TRANSLATE_NOOP("ModelForm", "Pooling"), QT_TRANSLATE_NOOP("ModelForm", "Neighboring tokens of a memory frame that are averaged into one, which saves memory; off keeps each"), lambda _: _choice(POOLING_LABELS)),
    SettingSpec("keeps_details", QT_TRANSLATE_NOOP("ModelForm", "Pooled"), QT_TRANSLATE_NOOP("ModelForm", "Where tokens are averaged, if pooling is on: around the object only, so that the object itself keeps full resolution, or everywhere"), lambda _: _choice(DETAIL_LABELS)),
    SettingSpec("keep_ratio", QT_TRANSLATE_NOOP("ModelForm", "Tokens kept"), QT_TRANSLATE_NOOP("ModelForm", "Most tokens that are stored, as a fraction of the seven whole frames that SAM 2 stores. A token is what memory holds of one place of a frame"), lambda _: NumberInput(NumberFormat(1, 100, suffix=" %", scale=100, none_text=translate("ModelForm", "all")))),
    SettingSpec("quality_threshold", QT_TRANSLATE_NOOP("ModelForm", "Minimum quality"), QT_TRANSLATE_NOOP("ModelForm", "Lowest quality (predicted IoU x object presence) of a frame that enters the memory bank; used by the quality policy only"), lambda _: NumberInput(NumberFormat(0, 1, 0.05, decimals=2))),
)
# fmt: on


def make_input(setting: SettingSpec, available: AvailableModels) -> Input:
    """Create the input of a setting, with its tooltip and name."""
    field = setting.make(available)
    assert isinstance(field, QWidget)
    field.setToolTip(translate("ModelForm", setting.tip))
    field.setAccessibleName(translate("ModelForm", setting.label))
    field.setMinimumHeight(FIELD_HEIGHT_PX)
    return field


def make_label(setting: SettingSpec) -> QLabel:
    """Create the label of a setting, with its tooltip."""
    name = translate("ModelForm", setting.label)
    label = QLabel(translate("ModelForm", "{label}:").format(label=name))
    label.setToolTip(translate("ModelForm", setting.tip))
    return label


def enable_used(inputs: Mapping[str, Input]) -> None:
    """Enable where tokens are pooled only if they are pooled.

    Args:
        inputs: those of the memory settings, by name.
    """
    field = inputs["keeps_details"]
    assert isinstance(field, QWidget)
    field.setEnabled(inputs["pool"].chosen() != POOLING_LABELS[0][0])


class ModelForm(QWidget):
    """Edits the settings of one model and shows their defaults.

    Signals:
        changed: the user changed a value.
    """

    changed = Signal()

    def __init__(self, available: AvailableModels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = available.models[0]
        self._inputs: dict[str, Input] = {}
        self._hints: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * SPACING_PX)
        grid.setColumnStretch(1, 1)
        for row, setting in enumerate((*RUNNING, *MEMORY)):
            field = self._inputs[setting.name] = make_input(setting, available)
            assert isinstance(field, QWidget)
            field.changed.connect(self.changed)
            label = make_label(setting)
            label.setBuddy(field)
            hint = self._hints[setting.name] = QLabel(self)
            hint.setProperty("role", "muted")
            for column, widget in enumerate((label, field, hint)):
                grid.addWidget(widget, row, column)
        self.changed.connect(lambda: enable_used(self._inputs))

    def show_model(self, model: KnownModelRow, settings: ModelSettings) -> None:
        """Show the settings of a model."""
        self._model = model
        size = self._inputs["input_size"]
        assert isinstance(size, NumberInput)
        size.setRange(model.size_step, size.maximum())
        size.setSingleStep(model.size_step)
        defaults = self._defaults()
        for name, default in defaults.items():
            hint = self.tr("default: {value}").format(value=self._inputs[name].text_of(default))
            self._hints[name].setText(hint)
        checkpoint = None if settings.checkpoint is None else str(settings.checkpoint)
        own = {
            "device": settings.device,
            "engine": settings.engine,
            "checkpoint": checkpoint,
            **dict(settings.memory),
        }
        if settings.input_size is not None:
            own["input_size"] = settings.input_size
        self._show(defaults | own)

    def reset(self) -> None:
        """Reset all values to the defaults of the model."""
        self._show(self._defaults())

    def settings(self) -> ModelSettings:
        """Return the settings as edited; values equal to the defaults are left out."""
        values = {name: field.chosen() for name, field in self._inputs.items()}
        differing = {n: v for n, v in values.items() if v != self._defaults()[n]}
        path, size = values["checkpoint"], differing.get("input_size")
        return ModelSettings(
            self._model.name,
            None if path is None else Path(str(path)),
            str(values["device"]),
            None if size is None else int(size),
            tuple((s.name, differing[s.name]) for s in MEMORY if s.name in differing),
            str(values["engine"]),
        )

    def _defaults(self) -> dict[str, MemoryValue]:
        memory = {setting.name: self._model.memory[setting.name] for setting in MEMORY}
        return {
            "device": "auto",
            "engine": ENGINES[0],
            "input_size": self._model.input_size,
            "checkpoint": None,
            **memory,
        }

    def _show(self, values: dict[str, MemoryValue]) -> None:
        for name, field in self._inputs.items():
            field.show_value(values[name])
        enable_used(self._inputs)
