"""The dialog that asks for a range of frames."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QSpinBox, QWidget


class FrameRangeDialog(QDialog):
    """Asks for the first and the last frame of a range.

    Args:
        title: of the window.
        verb: text of the button that accepts.
        allowed: the frames to select from.
        proposed: first and last frame, inclusive, to start with; None for the end of ``allowed``.
        describe: returns what accepting a range does, as text.
        parent: owner.
    """

    def __init__(
        self,
        title: str,
        verb: str,
        allowed: range,
        proposed: tuple[int | None, int | None],
        describe: Callable[[range], str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._describe = describe
        ends = (allowed[0], allowed[-1])
        first, last = (
            end if asked is None else min(max(asked, ends[0]), ends[1])
            for asked, end in zip(proposed, ends, strict=True)
        )
        self.first = self._spin_box(self.tr("First frame"), ends, first)
        self.last = self._spin_box(self.tr("Last frame"), ends, last)
        self._text = QLabel(self, wordWrap=True)
        self._text.setMinimumWidth(self.fontMetrics().averageCharWidth() * 48)
        layout = QFormLayout(self)
        layout.addRow(self.tr("First frame:"), self.first)
        layout.addRow(self.tr("Last frame:"), self.last)
        layout.addRow(self._text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        accept = buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
        accept.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addRow(buttons)
        for box in (self.first, self.last):
            box.valueChanged.connect(self._update)
        self._update()

    @property
    def frames(self) -> range:
        """The selected frames."""
        first, last = sorted((self.first.value(), self.last.value()))
        return range(first, last + 1)

    def _spin_box(self, name: str, ends: tuple[int, int], value: int) -> QSpinBox:
        box = QSpinBox(self)
        box.setAccessibleName(name)
        box.setRange(*ends)
        box.setValue(value)
        return box

    def _update(self) -> None:
        self._text.setText(self._describe(self.frames))
