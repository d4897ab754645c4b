"""Changes of the document as Qt signals; widgets never subscribe to the document itself."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app.core.document import Change, Document, Table


class DocumentBridge(QObject):
    """Emits which rows of the document changed, one signal per table and edit.

    Lives on the GUI thread, like the document.  Call `close` before the document is replaced.

    Signals:
        objects_changed: objects were added, removed or changed.
        prompts_changed, masks_changed, memory_changed, constraints_changed: list of
            (object id, frame) of the rows that changed.
        range_changed: the in or out frame changed.
    """

    objects_changed = Signal()
    prompts_changed = Signal(list)
    masks_changed = Signal(list)
    memory_changed = Signal(list)
    constraints_changed = Signal(list)
    range_changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._unsubscribe = document.subscribe(self._on_changes)
        self._row_signals = {
            Table.PROMPTS: self.prompts_changed,
            Table.MASKS: self.masks_changed,
            Table.MEMORY: self.memory_changed,
            Table.CONSTRAINTS: self.constraints_changed,
        }

    def close(self) -> None:
        """Unsubscribe from the document."""
        self._unsubscribe()

    def _on_changes(self, changes: Sequence[Change]) -> None:
        keys: dict[Table, list[object]] = {}
        for change in changes:
            keys.setdefault(change.table, []).append(change.key)
        if Table.OBJECTS in keys:
            self.objects_changed.emit()
        for table, signal in self._row_signals.items():
            if table in keys:
                signal.emit(keys[table])
        if "range" in keys.get(Table.PROPERTIES, ()):
            self.range_changed.emit()
