"""Inspecting a memory bank: going through its frames while the bank stays the same."""

from PySide6.QtCore import QObject

from app.core.document import Document
from app.ui.state.view_state import ViewState


class MemoryInspection(QObject):
    """Keeps the bank after one frame in view while its remembered frames are displayed.

    It ends when a frame that the bank does not hold, or another object, is displayed.

    Args:
        document: the memory records.
        view: what is displayed.
        parent: owner.
    """

    def __init__(self, document: Document, view: ViewState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._view = view
        view.frame_changed.connect(self._on_frame_changed)
        view.active_object_changed.connect(lambda _id: self.end())

    def inspect(self, bank_frame: int, frame: int) -> None:
        """Show on the canvas what the bank after ``bank_frame`` holds of ``frame``."""
        self._view.show_memory_map = True
        self._view.inspected_bank = bank_frame
        self._view.frame = frame

    def end(self) -> None:
        """Show the bank after the displayed frame again."""
        self._view.inspected_bank = None

    def back(self) -> None:
        """Return to the frame whose bank was inspected."""
        if (bank_frame := self._view.inspected_bank) is not None:
            self.end()
            self._view.frame = bank_frame

    def toggle_map(self) -> None:
        """Show or hide the survival map on the canvas."""
        self._view.show_memory_map = not self._view.show_memory_map
        self.end()

    def _on_frame_changed(self, frame: int) -> None:
        active, bank_frame = self._view.active_object, self._view.inspected_bank
        if active is None or bank_frame is None:
            return
        record = self._document.memory(active, bank_frame)
        if record is None or frame not in (bank_frame, *record.stored):
            self.end()
