"""Fields for one setting each, all used alike: `show_value`, `chosen`, `changed`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import (
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
    """A widget that holds one value."""

    changed: SignalInstance

    def chosen(self) -> MemoryValue:
        """Return what the user chose."""
        ...

    def show_value(self, value: MemoryValue) -> None:
        """Show another value."""
        ...

    def text_of(self, value: MemoryValue) -> str:
        """Say a value as the widget does."""
        ...


class ChoiceInput(QComboBox):
    """One of some values, each with its words.

    Signals:
        changed: another one was chosen.
    """

    changed = Signal()

    def __init__(self, words: Sequence[tuple[MemoryValue, str]]) -> None:
        super().__init__()
        self._words = dict(words)
        for value, text in words:
            self.addItem(text, value)
        self.currentIndexChanged.connect(self.changed)

    def chosen(self) -> MemoryValue:
        """Return the chosen value."""
        return list(self._words)[self.currentIndex()]

    def show_value(self, value: MemoryValue) -> None:
        """Choose a value; the first one where there is no such."""
        self.setCurrentIndex(list(self._words).index(value) if value in self._words else 0)

    def text_of(self, value: MemoryValue) -> str:
        """Return its words."""
        return self._words.get(value, str(value))


@dataclass(frozen=True, slots=True)
class Numbers:
    """Which numbers a field takes, and how it writes them.

    Attributes:
        least, most: the range, both included.
        step: of the arrows.
        decimals: digits after the point; whole numbers with none.
        suffix: written behind.
        scale: shown for 1.
        none_text: written for None, one step below the least; empty where None is no value.
    """

    least: float
    most: float
    step: float = 1
    decimals: int = 0
    suffix: str = ""
    scale: int = 1
    none_text: str = ""


class NumberInput(QDoubleSpinBox):
    """A number, or nothing where that is a value too.

    Signals:
        changed: the number is another.
    """

    changed = Signal()

    def __init__(self, numbers: Numbers) -> None:
        super().__init__()
        self._numbers = numbers
        self.setDecimals(numbers.decimals)
        self.setSuffix(numbers.suffix)
        self.setSpecialValueText(numbers.none_text)
        self.setSingleStep(numbers.step)
        self.setRange(numbers.least - bool(numbers.none_text) * numbers.step, numbers.most)
        self.valueChanged.connect(self.changed)

    def chosen(self) -> float | None:
        """Return the number; None where nothing is meant."""
        shown = self.value()
        if self._numbers.none_text and shown == self.minimum():
            return None
        is_whole = not self._numbers.decimals and self._numbers.scale == 1
        return int(shown) if is_whole else round(shown / self._numbers.scale, 6)

    def show_value(self, value: MemoryValue) -> None:
        """Show another number, or nothing."""
        scale = self._numbers.scale
        self.setValue(value * scale if isinstance(value, int | float) else self.minimum())

    def text_of(self, value: MemoryValue) -> str:
        """Write a number with its unit."""
        if not isinstance(value, int | float):
            return self._numbers.none_text
        return self.textFromValue(value * self._numbers.scale) + self._numbers.suffix


class FileInput(QWidget):
    """A file, or none.

    Signals:
        changed: another path is in the field.
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
        browse = QPushButton("Browse…", self)
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING_PX)
        row.addWidget(self._path, 1)
        row.addWidget(browse)

    def chosen(self) -> str | None:
        """Return the path; None for no file."""
        text = self._path.text().strip()
        return str(Path(text).expanduser()) if text else None

    def show_value(self, value: MemoryValue) -> None:
        """Show another path, or none."""
        self._path.setText("" if value is None else str(value))

    def text_of(self, value: MemoryValue) -> str:
        """Return the path, or what none means."""
        return self._none_text if value is None else str(value)

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Weights file", self._path.text(), self._filters
        )
        if chosen:
            self._path.setText(chosen)
