"""Undo and redo of the edits of a document, without Qt; the window only shows their state."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from app.core import rules
from app.core.document import FRAME_TABLES, Change, Document, Edit, Row, RowKey, combine

UNDO_LIMIT = 500
"""Number of steps that can be undone; beyond it the oldest is dropped."""


@dataclass(frozen=True, slots=True)
class HistoryUpdate:
    """What one call of a `History` changed.

    Attributes:
        changes: rows of the document, before and after.
        step: number of the step that was recorded, extended, undone or redone.
        label: of the step.
        is_undone: whether the step is now undone.
        is_moved: whether the step was undone or redone; else it was recorded or extended.
        dropped: steps that can neither be undone nor redone any more.
    """

    changes: Sequence[Change]
    step: int
    label: str
    is_undone: bool = False
    is_moved: bool = False
    dropped: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredStep:
    """A step of undo as a project keeps it.

    Attributes:
        number: ascending in the order in which steps were made.
        values: by row, what it was before the step, or, if the step is undone, after it.
    """

    number: int
    label: str
    is_undone: bool
    values: Mapping[RowKey, Row]


class _RowsOfStep(Mapping[RowKey, Row]):
    """One side of the changes of a step, a view, so that it is made in no time.

    Args:
        changes: the changes by row.
        is_after: whether the rows are those after the step.
    """

    def __init__(self, changes: Mapping[RowKey, Change], is_after: bool) -> None:
        self._changes = changes
        self._is_after = is_after

    def __getitem__(self, key: RowKey) -> Row:
        change = self._changes[key]
        return change.after if self._is_after else change.before

    def __iter__(self) -> Iterator[RowKey]:
        return iter(self._changes)

    def __len__(self) -> int:
        return len(self._changes)


HistoryListener = Callable[[HistoryUpdate], object]


@dataclass(slots=True)
class _UndoStep:
    """What one undo reverts: an edit and the later ones merged into it, by row."""

    number: int
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
        self._numbers = count(1)
        self._listeners: list[HistoryListener] = []

    def subscribe(self, listener: HistoryListener) -> None:
        """Call ``listener`` after every change, when document and history agree again."""
        self._listeners.append(listener)

    def _notify(self, update: HistoryUpdate) -> None:
        for listener in self._listeners:
            listener(update)

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
            self._move(step, step.edit().inverse(), is_undone=True)

    def redo(self) -> None:
        """Repeat the step that was undone last, if there is one."""
        if self._undone:
            step = self._undone.pop()
            self._done.append(step)
            self._move(step, step.edit(), is_undone=False)

    def _move(self, step: _UndoStep, edit: Edit, is_undone: bool) -> None:
        self._document.apply(edit)
        self._notify(HistoryUpdate(edit.changes, step.number, step.label, is_undone, is_moved=True))

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

    def change(self, merge_key: int, row: RowKey) -> Change | None:
        """Return how the steps with this key, unless undone, changed a row; None if they did not.

        It takes no longer for a step of many rows.
        """
        found = [
            step.changes[row]
            for step in self._done
            if step.merge_key == merge_key and row in step.changes
        ]
        return replace(found[0], after=found[-1].after) if found else None

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
        dropped: list[_UndoStep] = []
        if step is None:
            self._discarded_keys |= {s.merge_key for s in self._undone if s.merge_key is not None}
            step = _UndoStep(next(self._numbers), edit.label, edit.merge_key)
            self._done.append(step)
            dropped = [*self._undone, *self._done[: -self._limit]]
            self._undone.clear()
            del self._done[: -self._limit]
        combine(step.changes, edit.changes)
        numbers = tuple(each.number for each in dropped)
        self._notify(HistoryUpdate(edit.changes, step.number, step.label, dropped=numbers))

    def stored(self) -> list[StoredStep]:
        """Return all steps as they are now, for `restore`."""
        return [
            StoredStep(
                step.number, step.label, is_undone, _RowsOfStep(dict(step.changes), is_undone)
            )
            for steps, is_undone in ((self._done, False), (reversed(self._undone), True))
            for step in steps
        ]

    def restore(self, steps: Sequence[StoredStep]) -> None:
        """Take over the steps of an earlier session; the history must be empty.

        Args:
            steps: ascending by number; the document must be as it was after the last one that
                is not undone.
        """
        rows: dict[RowKey, Row] = {}  # as they were at the step that is being restored
        for stored in reversed([step for step in steps if not step.is_undone]):
            self._done.insert(0, self._restored(stored, rows))
        rows.clear()
        for stored in (step for step in steps if step.is_undone):
            self._undone.insert(0, self._restored(stored, rows))
        self._numbers = count(max((step.number for step in steps), default=0) + 1)

    def _restored(self, stored: StoredStep, rows: dict[RowKey, Row]) -> _UndoStep:
        changes = {}
        for key, value in stored.values.items():
            present = rows[key] if key in rows else self._document.row(*key)
            before, after = (present, value) if stored.is_undone else (value, present)
            changes[key], rows[key] = Change(*key, before, after), value
        return _UndoStep(stored.number, stored.label, None, changes)

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
