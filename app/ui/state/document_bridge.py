"""Changes of the document as a Qt signal; widgets never subscribe to the document itself."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.core.document import Change, Document, Table

ChangedRows = dict[Table, list[Any]]
"""The keys of the rows that changed, by table; tables without a change are left out."""


class DocumentBridge(QObject):
    """Emits which rows of the document changed, once per edit, undo or redo.

    Lives on the GUI thread, like the document.  Call `close` before the document is replaced.

    Signals:
        changed: `ChangedRows`.
    """

    changed = Signal(object)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._unsubscribe = document.subscribe(self._on_changes)

    def close(self) -> None:
        """Unsubscribe from the document."""
        self._unsubscribe()

    def _on_changes(self, changes: Sequence[Change]) -> None:
        rows: ChangedRows = {}
        for change in changes:
            rows.setdefault(change.table, []).append(change.key)
        self.changed.emit(rows)
