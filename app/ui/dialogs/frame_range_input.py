"""The input of a range of frames, the same in every dialog that asks for one."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSpinBox, QWidget

from app.ui.style.theme import SPACING_PX
from app.ui.translation import translate

MAX_STEP = 10_000


def empty_range_text() -> str:
    """Return why a range without frames cannot be used."""
    return translate("FrameRangeInput", "The last frame lies before the first.")


class FrameRangeInput(QWidget):
    """Edits the first and the last frame of a range, on demand with a step, or takes all.

    Args:
        allowed: the frames to select from.
        proposed: first and last frame, inclusive, to start with; None for the end of ``allowed``.
        has_step: whether only every n-th frame can be selected.

    Signals:
        changed: the range was edited.
    """

    changed = Signal()

    def __init__(
        self, allowed: range, proposed: tuple[int | None, int | None], has_step: bool = False
    ) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._allowed = allowed
        ends = allowed[0], allowed[-1]
        first, last = (
            end if asked is None else asked for asked, end in zip(proposed, ends, strict=True)
        )
        self.first = self._spin_box(self.tr("First frame"), ends, first)
        self.last = self._spin_box(self.tr("Last frame"), ends, last)
        self.step = self._spin_box(self.tr("Step"), (1, MAX_STEP), 1)
        step_label = QLabel(self.tr("step"), self)
        for widget in (step_label, self.step):
            widget.setVisible(has_step)
        whole = QPushButton(self.tr("All"), self)
        whole.setToolTip(self.tr("Frames {first} to {last}").format(first=ends[0], last=ends[1]))
        whole.setAutoDefault(False)
        whole.clicked.connect(self._select_all)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING_PX)
        to = QLabel(self.tr("to"), self)
        for each in (self.first, to, self.last, step_label, self.step, whole):
            row.addWidget(each)
        row.addStretch()

    @property
    def frames(self) -> range:
        """The selected frames; none when the last lies before the first."""
        return range(self.first.value(), self.last.value() + 1, self.step.value())

    def _select_all(self) -> None:
        self.first.setValue(self._allowed[0])
        self.last.setValue(self._allowed[-1])
        self.step.setValue(1)

    def _spin_box(self, name: str, ends: tuple[int, int], value: int) -> QSpinBox:
        box = QSpinBox(self)
        box.setAccessibleName(name)
        box.setRange(*ends)
        box.setValue(value)
        box.valueChanged.connect(self.changed)
        return box
