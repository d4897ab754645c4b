"""The one truth about a project: tables of immutable rows, changed only through edits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryRecord
from app.core.prompts import FramePrompts

ObjectFrame = tuple[int, int]
Key = int | str | ObjectFrame
Row = Any  # what a table holds, see `Table`; the typed accessors of `Document` say which


class Table(StrEnum):
    """The tables of a document and, in the project file, of its database."""

    OBJECTS = "objects"  # object id -> TrackedObject
    PROMPTS = "prompts"  # (object id, frame) -> FramePrompts
    MASKS = "masks"  # (object id, frame) -> FrameMask
    MEMORY = "memory"  # (object id, frame) -> MemoryRecord
    CONSTRAINTS = "constraints"  # (object id, frame) -> Constraint
    PROPERTIES = "properties"  # name -> JSON value; see `Document.frame_range`


class Origin(StrEnum):
    """Where a mask came from."""

    PROMPT = "prompt"
    TRACKED = "tracked"
    PAINTED = "painted"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class TrackedObject:
    """What the user tracks.  ``order`` places it in lists, ``color`` is (r, g, b)."""

    object_id: int
    name: str
    color: tuple[int, int, int]
    category: str = "object"
    order: int = 0
    is_visible: bool = True
    is_locked: bool = False


@dataclass(frozen=True, slots=True)
class FrameMask:
    """The mask of one object on one frame; ``confidence`` in [0, 1], None when a person drew it."""

    mask: RleMask
    origin: Origin
    confidence: float | None = None
    is_verified: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One row before and after; None stands for no row."""

    table: Table
    key: Any
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Edit:
    """An undoable change of the document.

    Attributes:
        label: what it does, for the undo menu.
        changes: rows, each key at most once.
        merge_key: edits in a row with the same key (not None) are one step of undo.
    """

    label: str
    changes: tuple[Change, ...]
    merge_key: str | None = None

    def inverse(self) -> "Edit":
        """Return the edit that takes this one back exactly."""
        back = tuple(Change(c.table, c.key, c.after, c.before) for c in self.changes)
        return Edit(self.label, back, self.merge_key)


Listener = Callable[[Sequence[Change]], None]


class Document:
    """The rows of a project.  Lives on one thread; listeners are called there, after a change."""

    def __init__(self) -> None:
        self._rows: dict[Table, dict[Any, Any]] = {table: {} for table in Table}
        self._by_object: dict[Table, dict[int, dict[int, Any]]] = {
            t: {} for t in (Table.PROMPTS, Table.MASKS, Table.MEMORY, Table.CONSTRAINTS)
        }
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with the rows of every change.

        Returns:
            A function that ends the subscription.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def apply(self, edit: Edit) -> None:
        """Make the rows of an edit true and tell the listeners; undo applies ``edit.inverse()``."""
        for change in edit.changes:
            self._put(change.table, change.key, change.after)
        for listener in tuple(self._listeners):
            listener(edit.changes)

    def _put(self, table: Table, key: Key, row: Row) -> None:
        views: list[tuple[dict[Any, Row], Key]] = [(self._rows[table], key)]
        if isinstance(key, tuple):
            views.append((self._by_object[table].setdefault(key[0], {}), key[1]))
        for rows, row_key in views:
            if row is None:
                rows.pop(row_key, None)
            else:
                rows[row_key] = row

    def row(self, table: Table, key: Key) -> Row:
        """Return a row, or None."""
        return self._rows[table].get(key)

    def rows(self, table: Table) -> Mapping[Any, Any]:
        """Return all rows of a table, not to be written to."""
        return self._rows[table]

    def of_object(self, table: Table, object_id: int) -> Mapping[int, Any]:
        """Return the rows of one object by frame, not to be written to."""
        return self._by_object[table].get(object_id, {})

    @property
    def objects(self) -> list[TrackedObject]:
        """The objects in display order."""
        return sorted(self._rows[Table.OBJECTS].values(), key=lambda o: (o.order, o.object_id))

    def object(self, object_id: int) -> TrackedObject:
        """Return an object.

        Raises:
            KeyError: there is no such object.
        """
        row: TrackedObject = self._rows[Table.OBJECTS][object_id]
        return row

    def prompts(self, object_id: int, frame: int) -> FramePrompts:
        """Return the prompts of an object on a frame, empty when there are none."""
        row: FramePrompts | None = self.row(Table.PROMPTS, (object_id, frame))
        return row or FramePrompts()

    def mask(self, object_id: int, frame: int) -> FrameMask | None:
        """Return the mask of an object on a frame."""
        row: FrameMask | None = self.row(Table.MASKS, (object_id, frame))
        return row

    def memory(self, object_id: int, frame: int) -> MemoryRecord | None:
        """Return the memory decision of an object on a frame."""
        row: MemoryRecord | None = self.row(Table.MEMORY, (object_id, frame))
        return row

    def constraint(self, object_id: int, frame: int) -> Constraint | None:
        """Return whether the user pinned or banned the frame for an object."""
        row: Constraint | None = self.row(Table.CONSTRAINTS, (object_id, frame))
        return row

    @property
    def frame_range(self) -> tuple[int | None, int | None]:
        """In and out frame, both inclusive; None where open."""
        first, last = self.row(Table.PROPERTIES, "range") or (None, None)
        return first, last

    @property
    def is_exclusive(self) -> bool:
        """Whether tracked masks keep off the pixels of other objects."""
        return bool(self.row(Table.PROPERTIES, "exclusive"))

    def masks_on(self, frame: int) -> Iterator[tuple[TrackedObject, FrameMask]]:
        """Walk the masks of a frame in display order."""
        for tracked in self.objects:
            if (row := self.mask(tracked.object_id, frame)) is not None:
                yield tracked, row
