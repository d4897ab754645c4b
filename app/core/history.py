"""Undo and redo of the edits of a document, without Qt; the window only shows their state."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from app.core import rules
from app.core.document import FRAME_TABLES, Change, Document, Edit, RowKey, combine

UNDO_LIMIT = 500
"""Number of steps that can be undone; beyond it the oldest is dropped."""


@dataclass(slots=True)
class _UndoStep:
    """What one undo reverts: an edit and the later ones merged into it, by row."""

    label: str
    merge_key: int | None
    changes: dict[RowKey, Change] = field(default_factory=dict)

    def edit(self) -> Edit:
        return Edit(self.label, tuple(self.changes.values()))

    def touches(self, rows: Iterable[RowKey]) -> bool:
        return any(row in self.changes for row in rows)


class History:
    """The edits of a document, in order, as steps that can be undone and redone.

    Edits with one merge key are one step, also when other edits came between them: the mask that a
    job predicts belongs to the click that asked for it, and a correction made while tracking runs
    is a step of its own.  Lives on the document's thread.

    Args:
        document: what the edits change; nothing else may change it afterwards.
        limit: number of steps that are kept, at least 1.
    """

    def __init__(self, document: Document, limit: int = UNDO_LIMIT) -> None:
        self._document = document
        self._limit = limit
        self._done: list[_UndoStep] = []
        self._undone: list[_UndoStep] = []  # the next one to redo is the last
        self._discarded_keys: set[int] = set()  # of undone steps that can no longer be redone
        self._macro: Edit | None = None  # the edits of the open macro so far
        self._keys = count(1)

    @property
    def undo_label(self) -> str | None:
        """What the next undo reverts; None when there is nothing to undo."""
        return self._done[-1].label if self._done else None

    @property
    def redo_label(self) -> str | None:
        """What the next redo repeats; None when there is nothing to redo."""
        return self._undone[-1].label if self._undone else None

    def __len__(self) -> int:
        """Number of steps that can be undone."""
        return len(self._done)

    def new_key(self) -> int:
        """Return a merge key that no edit has yet."""
        return next(self._keys)

    def execute(self, edit: Edit) -> None:
        """Apply an edit and record it; one that changes nothing is ignored.

        Undone steps can no longer be redone, unless the edit is merged into an earlier step and
        touches none of their rows.
        """
        if not edit.changes:
            return
        self._document.apply(edit)
        if self._macro is None:
            self._record(edit)
        else:
            label = self._macro.label or edit.label
            self._macro = replace(self._macro, label=label).followed_by(edit)

    @contextmanager
    def macro(self, merge_key: int | None = None) -> Iterator[int]:
        """Make one step, and one notification of the listeners, of the edits executed inside.

        The step has the label of its first edit.  When the block raises, its edits are reverted.
        Macros do not nest.

        Args:
            merge_key: key of the step to merge them into; a new one if None.

        Yields:
            The merge key, for jobs whose results belong to the step.
        """
        assert self._macro is None
        key = self.new_key() if merge_key is None else merge_key
        self._macro = Edit("", (), key)
        with self._document.batched():
            try:
                yield key
            except BaseException:
                self._document.apply(self._macro.inverse())
                self._macro = None
                raise
            made, self._macro = self._macro, None
            if made.changes:
                self._record(made)

    def undo(self) -> None:
        """Revert the newest step, if there is one."""
        if self._done:
            step = self._done.pop()
            self._undone.append(step)
            self._document.apply(step.edit().inverse())

    def redo(self) -> None:
        """Repeat the step that was undone last, if there is one."""
        if self._undone:
            step = self._undone.pop()
            self._done.append(step)
            self._document.apply(step.edit())

    def is_undone(self, merge_key: int) -> bool:
        """Return whether a step with this key was undone, so that nothing may be added to it."""
        return merge_key in self._discarded_keys or any(
            step.merge_key == merge_key for step in self._undone
        )

    def is_done(self, merge_key: int) -> bool:
        """Return whether a step with this key can be undone."""
        return any(step.merge_key == merge_key for step in self._done)

    def changes(self, merge_key: int) -> list[Change]:
        """Return the rows that the steps with this key, unless undone, changed, each row once."""
        rows: dict[RowKey, Change] = {}
        for step in self._done:
            if step.merge_key == merge_key:
                combine(rows, step.changes.values())
        return list(rows.values())

    def reverted(self, merge_key: int, frames: range) -> Edit:
        """Return the edit that puts some frames back as they were before the steps with this key.

        An object keeps what it has on a frame where it was changed afterwards, and a locked object
        keeps everything.
        """
        changes = [
            change
            for change in self.changes(merge_key)
            if change.table in FRAME_TABLES and change.key[1] in frames
        ]
        kept = {
            change.key
            for change in changes
            if self._document.row(change.table, change.key) != change.after
            or not rules.is_object_editable(self._document, change.key[0])
        }
        back = [Change(c.table, c.key, c.after, c.before) for c in changes if c.key not in kept]
        return Edit(f"Revert frames {frames[0]} to {frames[-1]}", tuple(back))

    def _record(self, edit: Edit) -> None:
        step = self._step_to_extend(edit)
        if step is None:
            self._discarded_keys |= {s.merge_key for s in self._undone if s.merge_key is not None}
            self._undone.clear()
            step = _UndoStep(edit.label, edit.merge_key)
            self._done.append(step)
            del self._done[: -self._limit]
        combine(step.changes, edit.changes)

    def _step_to_extend(self, edit: Edit) -> _UndoStep | None:
        """Find the newest step with the edit's key, unless a later one changes the same rows."""
        if edit.merge_key is None:
            return None
        rows = [(change.table, change.key) for change in edit.changes]
        if any(step.touches(rows) for step in self._undone):
            return None
        for step in reversed(self._done):
            if step.merge_key == edit.merge_key:
                return step
            if step.touches(rows):
                return None
        return None
