"""Undo and redo: edits of the document as commands on Qt's stack."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.core.document import Change, Document, Edit, Table

UNDO_LIMIT = 500

_MERGEABLE = 1  # QUndoCommand ids: commands of one id may merge, -1 never does
_ALONE = -1


class EditCommand(QUndoCommand):
    """One step of undo: an edit, and the edits with the same merge key that followed it.

    Merging costs the rows of the newer edit only, however many were merged before.
    """

    def __init__(self, document: Document, edit: Edit) -> None:
        super().__init__(edit.label)
        self._document = document
        self._merge_key = edit.merge_key
        self._changes: dict[tuple[Table, Any], Change] = {(c.table, c.key): c for c in edit.changes}

    def redo(self) -> None:
        """Make the edit true."""
        self._document.apply(Edit(self.text(), tuple(self._changes.values())))

    def undo(self) -> None:
        """Take the edit back exactly."""
        self._document.apply(Edit(self.text(), tuple(self._changes.values())).inverse())

    def id(self) -> int:
        """Tell Qt whether to try merging."""
        return _ALONE if self._merge_key is None else _MERGEABLE

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take in a newer command that belongs to the same step."""
        if not isinstance(other, EditCommand) or other._merge_key != self._merge_key:
            return False
        for key, newer in other._changes.items():
            older = self._changes.get(key)
            self._changes[key] = newer if older is None else replace(older, after=newer.after)
        return True


class EditStack(QUndoStack):
    """The undo stack of a document.  Tear it down before everything that listens to it.

    WORKAROUND(https://github.com/commaai/openpilot/pull/26465): Qt's stack signals while it is
    being destroyed, so `tear_down` disconnects it first.
    """

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setUndoLimit(UNDO_LIMIT)
        self._document = document
        self._merge_key: str | None = None

    def push_edit(self, edit: Edit) -> None:
        """Apply an edit as one step of undo; an edit that changes nothing leaves no step."""
        if edit.changes:
            edit = replace(edit, merge_key=self._merge_key or edit.merge_key)
            self.push(EditCommand(self._document, edit))

    @contextmanager
    def merging(self, key: str) -> Iterator[None]:
        """Make one step of undo of all edits pushed in this context under the same key."""
        before, self._merge_key = self._merge_key, key
        try:
            yield
        finally:
            self._merge_key = before

    def tear_down(self) -> None:
        """Silence and empty the stack."""
        self.blockSignals(True)
        self.clear()
