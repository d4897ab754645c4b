"""Undo and redo: edits of the document as commands on Qt's stack."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.core.document import Change, Document, Edit, Table

UNDO_LIMIT = 500

RowKey = tuple[Table, Any]


class EditCommand(QUndoCommand):
    """One step of undo: an edit, and those that it absorbed afterwards.

    Absorbing costs the rows of the newer edit only, however many came before.
    """

    def __init__(self, document: Document, edit: Edit) -> None:
        super().__init__(edit.label)
        self.merge_key = edit.merge_key
        self._document = document
        self._changes: dict[RowKey, Change] = {(c.table, c.key): c for c in edit.changes}

    def redo(self) -> None:
        """Make the edit true."""
        self._document.apply(self._edit())

    def undo(self) -> None:
        """Take the edit back exactly."""
        self._document.apply(self._edit().inverse())

    def touches(self, keys: Iterable[RowKey]) -> bool:
        """Whether one of the rows is changed here."""
        return any(key in self._changes for key in keys)

    def absorb(self, edit: Edit) -> None:
        """Apply an edit and make it part of this step, which must not have been undone."""
        self._document.apply(edit)
        for newer in edit.changes:
            key = (newer.table, newer.key)
            older = self._changes.get(key)
            self._changes[key] = newer if older is None else replace(older, after=newer.after)

    def _edit(self) -> Edit:
        return Edit(self.text(), tuple(self._changes.values()))


class EditStack(QUndoStack):
    """The undo stack of a document.

    Edits with one merge key are one step of undo, also when others were pushed in between: a
    job's outcome belongs to the step that began it, and a correction made while tracking goes on
    is a step of its own.  `QUndoCommand.mergeWith` cannot do that: it sees only the newest step.

    WORKAROUND(https://github.com/commaai/openpilot/pull/26465): Qt's stack signals while it is
    being destroyed, so `tear_down` silences it; call it before its listeners go.
    """

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setUndoLimit(UNDO_LIMIT)
        self._document = document
        self._merge_key: str | None = None
        self._known_keys: set[str] = set()

    def push_edit(self, edit: Edit) -> None:
        """Apply an edit as a step of undo, or as part of the step that has its merge key.

        An edit that changes nothing leaves no step.
        """
        if not edit.changes:
            return
        key = self._merge_key or edit.merge_key
        step = None if key is None else self._step_to_extend(key, edit)
        if step is not None:
            step.absorb(edit)
            return
        if key is not None:
            self._known_keys.add(key)
        self.push(EditCommand(self._document, replace(edit, merge_key=key)))

    @contextmanager
    def merging(self, key: str) -> Iterator[None]:
        """Give the edits pushed in this context a merge key."""
        before, self._merge_key = self._merge_key, key
        try:
            yield
        finally:
            self._merge_key = before

    def is_undone(self, key: str) -> bool:
        """Whether the step with this merge key was undone, so that nothing may be added to it."""
        return key in self._known_keys and self._position(key) is None

    def tear_down(self) -> None:
        """Silence and empty the stack."""
        self.blockSignals(True)
        self.clear()

    def _step(self, position: int) -> EditCommand:
        command = self.command(position)
        assert isinstance(command, EditCommand)
        return command

    def _position(self, key: str) -> int | None:
        """Find the newest step with a merge key that was not undone."""
        positions = range(self.index() - 1, -1, -1)
        return next((p for p in positions if self._step(p).merge_key == key), None)

    def _step_to_extend(self, key: str, edit: Edit) -> EditCommand | None:
        """Find the step with a merge key, unless a later one changes the same rows."""
        position = self._position(key)
        if position is None:
            return None
        rows = [(change.table, change.key) for change in edit.changes]
        later = range(position + 1, self.count())
        if any(self._step(p).touches(rows) for p in later):
            return None
        return self._step(position)
