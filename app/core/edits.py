"""The edits of a document: from an intent to the rows that change.  Nothing here changes it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.core.document import Change, Document, Edit, FrameMask, Table, TrackedObject
from app.core.memory import Constraint, MemoryRecord
from app.core.palette import display_color
from app.core.prompts import FramePrompts


def _changes(
    document: Document, table: Table, rows: Mapping[Any, Any] | Iterable[tuple[Any, Any]]
) -> tuple[Change, ...]:
    items = rows.items() if isinstance(rows, Mapping) else rows
    found = (Change(table, key, document.row(table, key), after) for key, after in items)
    return tuple(change for change in found if change.before != change.after)


def add_object(document: Document, name: str | None = None, category: str = "object") -> Edit:
    """Add an object under the next free id; the id is in the edit's only change."""
    ids = document.rows(Table.OBJECTS)
    new_id = max(ids, default=0) + 1
    order = max((o.order for o in ids.values()), default=0) + 1
    added = TrackedObject(
        new_id, name or f"object {new_id}", display_color(new_id), category, order
    )
    return Edit(f"Add {added.name}", (Change(Table.OBJECTS, new_id, None, added),))


def update_object(document: Document, object_id: int, **values: Any) -> Edit:
    """Change attributes of an object (`TrackedObject` fields)."""
    before = document.object(object_id)
    after = replace(before, **values)
    label = f"Change {', '.join(values).replace('_', ' ')} of {before.name}"
    return Edit(label, _changes(document, Table.OBJECTS, {object_id: after}))


def remove_object(document: Document, object_id: int) -> Edit:
    """Remove an object and all its prompts, masks and memory."""
    removed = document.object(object_id)
    changes = [Change(Table.OBJECTS, object_id, removed, None)]
    for table in (Table.PROMPTS, Table.MASKS, Table.MEMORY, Table.CONSTRAINTS):
        changes += [
            Change(table, (object_id, frame), row, None)
            for frame, row in document.of_object(table, object_id).items()
        ]
    return Edit(f"Delete {removed.name}", tuple(changes))


def set_prompts(document: Document, object_id: int, frame: int, prompts: FramePrompts) -> Edit:
    """Replace the prompts of an object on a frame; empty prompts take the row away."""
    row = None if prompts.is_empty else prompts
    label = f"{'Clear' if row is None else 'Prompt'} {document.object(object_id).name}"
    return Edit(label, _changes(document, Table.PROMPTS, {(object_id, frame): row}))


def set_masks(
    document: Document,
    rows: Mapping[tuple[int, int], FrameMask | None],
    label: str,
    memory: Mapping[tuple[int, int], MemoryRecord | None] | None = None,
    merge_key: str | None = None,
) -> Edit:
    """Replace masks, and memory records with them, by (object id, frame)."""
    changes = _changes(document, Table.MASKS, rows)
    changes += _changes(document, Table.MEMORY, memory or {})
    return Edit(label, changes, merge_key)


def set_verified(document: Document, object_id: int, frame: int, is_verified: bool) -> Edit:
    """Mark the mask of a frame as checked by a person, so that tracking never touches it."""
    row = document.mask(object_id, frame)
    if row is None:
        return Edit("Verify", ())
    after = replace(row, is_verified=is_verified)
    label = "Verify mask" if is_verified else "Unverify mask"
    return Edit(label, _changes(document, Table.MASKS, {(object_id, frame): after}))


def set_constraint(
    document: Document, object_id: int, frame: int, constraint: Constraint | None
) -> Edit:
    """Pin a frame into memory, ban it, or leave it to the tracker."""
    label = {Constraint.PIN: "Pin frame", Constraint.BAN: "Ban frame", None: "Release frame"}
    changes = _changes(document, Table.CONSTRAINTS, {(object_id, frame): constraint})
    return Edit(label[constraint], changes)


def set_range(document: Document, first: int | None, last: int | None) -> Edit:
    """Set the in and out frame, both inclusive."""
    row = None if first is None and last is None else (first, last)
    return Edit("Set in/out range", _changes(document, Table.PROPERTIES, {"range": row}))


def joined(label: str, *edits: Edit) -> Edit:
    """Make one step of undo of edits that touch different rows."""
    return Edit(label, tuple(change for edit in edits for change in edit.changes))
