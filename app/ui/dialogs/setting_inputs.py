"""Input widgets for one setting each, with a common interface: `Input`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from app.core.settings import MemoryValue
from app.ui.style.theme import SPACING_PX


class Input(Protocol):
    """A widget that edits one value."""

    changed: SignalInstance

    def chosen(self) -> MemoryValue:
        """Return the current value."""
        ...

    def show_value(self, value: MemoryValue) -> None:
        """Set the value."""
        ...

    def text_of(self, value: MemoryValue) -> str:
        """Format a value as the widget displays it."""
        ...


class ChoiceInput(QComboBox):
    """Selects one of several values, each with a label.

    Signals:
        changed: another value was selected.
    """

    changed = Signal()

    def __init__(self, labels: Sequence[tuple[MemoryValue, str]]) -> None:
        super().__init__()
        self._labels = dict(labels)
        for value, text in labels:
            self.addItem(text, value)
        self.currentIndexChanged.connect(self.changed)

    def chosen(self) -> MemoryValue:
        """Return the selected value."""
        return list(self._labels)[self.currentIndex()]

    def show_value(self, value: MemoryValue) -> None:
        """Select a value; the first one if the value is unknown."""
        self.setCurrentIndex(list(self._labels).index(value) if value in self._labels else 0)

    def text_of(self, value: MemoryValue) -> str:
        """Return the label of a value."""
        return self._labels.get(value, str(value))


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """The range and format of a number input.

    Attributes:
        minimum, maximum: inclusive range, in displayed units.
        step: increment of the arrow buttons, in displayed units.
        decimals: digits after the decimal point; 0 for integers.
        suffix: text after the number, such as a unit.
        scale: factor from the value to the displayed number, such as 100 for percent.
        none_text: text for None, one step below ``minimum``; empty if None is not allowed.
    """

    minimum: float
    maximum: float
    step: float = 1
    decimals: int = 0
    suffix: str = ""
    scale: int = 1
    none_text: str = ""


class NumberInput(QDoubleSpinBox):
    """Edits a number, or None if allowed.

    Signals:
        changed: the number changed.
    """

    changed = Signal()

    def __init__(self, number_format: NumberFormat) -> None:
        super().__init__()
        self._format = number_format
        self.setDecimals(number_format.decimals)
        self.setSuffix(number_format.suffix)
        self.setSpecialValueText(number_format.none_text)
        self.setSingleStep(number_format.step)
        self.setRange(
            number_format.minimum - bool(number_format.none_text) * number_format.step,
            number_format.maximum,
        )
        self.valueChanged.connect(self.changed)

    def chosen(self) -> float | None:
        """Return the number, or None."""
        shown = self.value()
        if self._format.none_text and shown == self.minimum():
            return None
        is_whole = not self._format.decimals and self._format.scale == 1
        return int(shown) if is_whole else round(shown / self._format.scale, 6)

    def show_value(self, value: MemoryValue) -> None:
        """Set the number, or None."""
        scale = self._format.scale
        self.setValue(value * scale if isinstance(value, int | float) else self.minimum())

    def text_of(self, value: MemoryValue) -> str:
        """Format a number with its suffix."""
        if not isinstance(value, int | float):
            return self._format.none_text
        return self.textFromValue(value * self._format.scale) + self._format.suffix


class FileInput(QWidget):
    """Selects a file, or none.

    Signals:
        changed: the path changed.
    """

    changed = Signal()

    def __init__(self, none_text: str, filters: str) -> None:
        super().__init__()
        self._none_text = none_text
        self._filters = filters
        self._path = QLineEdit(self, placeholderText=none_text)
        self._path.setProperty("role", "field")
        self._path.setClearButtonEnabled(True)
        self._path.textChanged.connect(self.changed)
        self.setFocusProxy(self._path)
        browse = QPushButton(self.tr("Browse…"), self)
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING_PX)
        row.addWidget(self._path, 1)
        row.addWidget(browse)

    def setAccessibleName(self, name: str) -> None:
        """Name the text field, which is what has the focus."""
        super().setAccessibleName(name)
        self._path.setAccessibleName(name)

    def chosen(self) -> str | None:
        """Return the path, or None for no file."""
        text = self._path.text().strip()
        return str(Path(text).expanduser()) if text else None

    def show_value(self, value: MemoryValue) -> None:
        """Set the path, or None."""
        self._path.setText("" if value is None else str(value))

    def text_of(self, value: MemoryValue) -> str:
        """Return the path, or the text for None."""
        return self._none_text if value is None else str(value)

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, self.tr("Weights file"), self._path.text(), self._filters
        )
        if chosen:
            self._path.setText(chosen)


class FolderInput(FileInput):
    """Selects a folder, or none.

    Signals:
        changed: the path changed.
    """

    def __init__(self, none_text: str) -> None:
        super().__init__(none_text, "")

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder"), self._path.text())
        if chosen:
            self._path.setText(chosen)


class FlagInput(QCheckBox):
    """Edits a choice between on and off.

    Signals:
        changed: it was switched.
    """

    changed = Signal()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setAccessibleName(text)
        self.toggled.connect(self.changed)

    def chosen(self) -> bool:
        """Return whether it is on."""
        return self.isChecked()

    def show_value(self, value: MemoryValue) -> None:
        """Switch it on or off."""
        self.setChecked(bool(value))

    def text_of(self, value: MemoryValue) -> str:
        """Return ``on`` or ``off``."""
        return self.tr("on") if value else self.tr("off")
