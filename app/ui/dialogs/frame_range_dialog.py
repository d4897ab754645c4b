"""The dialog that asks for a range of frames."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QWidget

from app.ui.dialogs.frame_range_input import FrameRangeInput, empty_range_text


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
        self.input = FrameRangeInput(allowed, proposed)
        self._text = QLabel(self, wordWrap=True)
        self._text.setMinimumWidth(self.fontMetrics().averageCharWidth() * 48)
        layout = QFormLayout(self)
        layout.addRow(self.tr("Frames:"), self.input)
        layout.addRow(self._text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._accept = buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
        self._accept.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addRow(buttons)
        self.input.changed.connect(self._update)
        self._update()

    @property
    def frames(self) -> range:
        """The selected frames."""
        return self.input.frames

    def _update(self) -> None:
        self._accept.setEnabled(bool(self.frames))
        text = self._describe(self.frames) if self.frames else empty_range_text()
        self._text.setText(text)
