"""The annotations of a project: tables of immutable rows, changed only through edits."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryRecord
from app.core.prompts import FramePrompts

ObjectFrame = tuple[int, int]
Key = int | str | ObjectFrame
RowKey = tuple["Table", Any]  # a table and a key of it
Row = Any  # see `Table` for what each table holds; the accessors of `Document` are typed


class Table(StrEnum):
    """The tables of a document and, in the project file, of its database."""

    OBJECTS = "objects"  # object id -> TrackedObject
    PROMPTS = "prompts"  # (object id, frame) -> FramePrompts
    MASKS = "masks"  # (object id, frame) -> FrameMask
    MEMORY = "memory"  # (object id, frame) -> MemoryRecord
    CONSTRAINTS = "constraints"  # (object id, frame) -> Constraint
    PROPERTIES = "properties"  # name -> JSON value; see `Document.frame_range`


FRAME_TABLES = (Table.PROMPTS, Table.MASKS, Table.MEMORY, Table.CONSTRAINTS)
"""The tables of what an object has on a frame."""


class Origin(StrEnum):
    """Where a mask came from."""

    PROMPT = "prompt"
    TRACKED = "tracked"
    PAINTED = "painted"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class TrackedObject:
    """What the user tracks.

    Attributes:
        color: (r, g, b), each 0 to 255.
        category: the kind of thing it is, as exported.
        order: place in lists, ascending.
    """

    object_id: int
    name: str
    color: tuple[int, int, int]
    category: str = "object"
    order: int = 0
    is_visible: bool = True
    is_locked: bool = False


@dataclass(frozen=True, slots=True)
class FrameMask:
    """The mask of one object on one frame.

    Attributes:
        mask: at the resolution of the video.
        confidence: of the model, in [0, 1]; None when a person drew the mask.
        is_verified: whether a person declared it right, so that nothing changes it.
        base: the tracked or imported mask that the prompts of the frame refined into this one.
        stated_origin: of an imported mask, the other origin that its file states; None where it
            states none.
    """

    mask: RleMask
    origin: Origin
    confidence: float | None = None
    is_verified: bool = False
    base: "FrameMask | None" = None
    stated_origin: Origin | None = None

    @property
    def exported_origin(self) -> Origin:
        """Who made the mask in the first place, which exports repeat; imports protect it."""
        return self.stated_origin or self.origin

    @property
    def before_prompts(self) -> "FrameMask | None":
        """The tracked or imported mask of the frame, as it was before the prompts on it."""
        return self if self.origin in (Origin.TRACKED, Origin.IMPORTED) else self.base

    def united(self, other: "FrameMask") -> "FrameMask":
        """Add the pixels of another mask; if a person made one of them, both are hand work."""
        mask = self.mask | other.mask
        if self.origin is not Origin.TRACKED or other.origin is Origin.TRACKED:
            return replace(self, mask=mask)
        return replace(other, mask=mask, is_verified=False, base=self)


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
        label: what it does, shown in the undo menu.
        changes: rows, each key at most once.
        merge_key: edits with the same key (not None) are one step of undo, see `History`.
    """

    label: str
    changes: tuple[Change, ...]
    merge_key: int | None = None

    def inverse(self) -> "Edit":
        """Return the edit that undoes this one exactly."""
        back = tuple(Change(c.table, c.key, c.after, c.before) for c in self.changes)
        return Edit(self.label, back, self.merge_key)

    def followed_by(self, later: "Edit") -> "Edit":
        """Return this edit and a later one as one, under this one's label and key."""
        rows: dict[RowKey, Change] = {}
        combine(rows, self.changes)
        combine(rows, later.changes)
        return Edit(self.label, tuple(rows.values()), self.merge_key)


def combine(rows: dict[RowKey, Change], later: Iterable[Change]) -> None:
    """Add later changes to those in ``rows``, which holds one per row from first to last state."""
    for change in later:
        key = (change.table, change.key)
        earlier = rows.get(key)
        rows[key] = change if earlier is None else replace(earlier, after=change.after)


Listener = Callable[[Sequence[Change]], None]


class _FrameRows(Mapping[ObjectFrame, Row]):
    """The rows of all objects as one table, in the order of the objects; a view, not a copy."""

    def __init__(self, by_object: Mapping[int, Mapping[int, Row]]) -> None:
        self._by_object = by_object

    def __getitem__(self, key: ObjectFrame) -> Row:
        object_id, frame = key
        return self._by_object[object_id][frame]

    def __iter__(self) -> Iterator[ObjectFrame]:
        for object_id, rows in self._by_object.items():
            for frame in rows:
                yield object_id, frame

    def __len__(self) -> int:
        return sum(map(len, self._by_object.values()))


class Document:
    """The rows of a project.  Lives on one thread; listeners are called there, after a change."""

    def __init__(self) -> None:
        self._rows: dict[Table, dict[Any, Row]] = {
            table: {} for table in Table if table not in FRAME_TABLES
        }
        self._by_object: dict[Table, dict[int, dict[int, Row]]] = {
            table: {} for table in FRAME_TABLES
        }
        # Tables of objects that a copy has too: they are copied before the first change.
        self._shared: set[tuple[Table, int]] = set()
        self._listeners: list[Listener] = []
        self._batch: dict[RowKey, Change] | None = (
            None  # changes that the listeners have not been notified of
        )

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with the rows of every change.

        Returns:
            A function that ends the subscription.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def apply(self, edit: Edit) -> None:
        """Put the rows of an edit in place and notify the listeners; its inverse undoes it."""
        for change in edit.changes:
            self._put(change.table, change.key, change.after)
        if self._batch is None:
            self._notify(edit.changes)
        else:
            combine(self._batch, edit.changes)

    def copy(self) -> "Document":
        """Return a document of the same rows and no listeners, which another thread may use.

        It takes microseconds for a project of any length: the rows of an object are shared until
        one of the two documents changes them.
        """
        copied = Document()
        copied._rows = {table: dict(rows) for table, rows in self._rows.items()}
        copied._by_object = {table: dict(objects) for table, objects in self._by_object.items()}
        self._shared = {(table, each) for table in FRAME_TABLES for each in self._by_object[table]}
        copied._shared = set(self._shared)
        return copied

    def as_changes(self) -> Iterator[Change]:
        """Yield every row as a change of an empty document."""
        for table in Table:
            for key, row in self.rows(table).items():
                yield Change(table, key, None, row)

    @contextmanager
    def batched(self) -> Iterator[None]:
        """Notify the listeners once, at the end, of all changes that are applied inside."""
        self._batch = {}
        try:
            yield
        finally:
            changes, self._batch = self._batch, None
            self._notify([c for c in changes.values() if c.before != c.after])

    def _notify(self, changes: Sequence[Change]) -> None:
        if changes:
            for listener in tuple(self._listeners):
                listener(changes)

    def _put(self, table: Table, key: Key, row: Row) -> None:
        rows: dict[Any, Row] = self._rows.get(table, {})
        if isinstance(key, tuple):
            rows, key = self._own_rows(table, key[0]), key[1]
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row

    def _own_rows(self, table: Table, object_id: int) -> dict[int, Row]:
        """Return the rows of an object in a table, shared with no copy of the document."""
        objects = self._by_object[table]
        if (table, object_id) in self._shared:
            self._shared.discard((table, object_id))
            objects[object_id] = dict(objects[object_id])
        return objects.setdefault(object_id, {})

    def row(self, table: Table, key: Key | None) -> Row:
        """Return a row, or None."""
        if isinstance(key, tuple):
            return self.of_object(table, key[0]).get(key[1])
        return self._rows[table].get(key)

    def rows(self, table: Table) -> Mapping[Any, Row]:
        """Return all rows of a table, not to be written to."""
        return _FrameRows(self._by_object[table]) if table in FRAME_TABLES else self._rows[table]

    def of_object(self, table: Table, object_id: int) -> Mapping[int, Row]:
        """Return the rows of one object by frame, not to be written to.

        They are those of now: after a `copy` the document changes others.
        """
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

    def find(self, object_id: int | None) -> TrackedObject | None:
        """Return an object, or None when there is none with this id."""
        row: TrackedObject | None = self.row(Table.OBJECTS, object_id)
        return row

    @property
    def frame_range(self) -> tuple[int | None, int | None]:
        """In and out frame, both inclusive; None where open."""
        first, last = self.row(Table.PROPERTIES, "range") or (None, None)
        return first, last

    @property
    def is_exclusive(self) -> bool:
        """Whether tracked masks leave pixels to the objects that already have them."""
        return bool(self.row(Table.PROPERTIES, "exclusive"))

    def masks_on(self, frame: int) -> Iterator[tuple[TrackedObject, FrameMask]]:
        """Yield the masks of a frame in display order."""
        for tracked in self.objects:
            if (row := self.mask(tracked.object_id, frame)) is not None:
                yield tracked, row
