"""The edits of a document: each function returns the rows that change and changes nothing itself.

Edits that a user asks for raise `UsageError` where `app.core.rules` forbids the change, and
`KeyError` where there is no such object.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain, count
from typing import Any, TypedDict, Unpack

from app.core import rules
from app.core.document import (
    FRAME_TABLES,
    Change,
    Document,
    Edit,
    FrameMask,
    Origin,
    Table,
    TrackedObject,
)
from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryRecord
from app.core.palette import display_color
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt


class ObjectAttributes(TypedDict, total=False):
    """The fields of a `TrackedObject` that can be changed."""

    name: str
    color: tuple[int, int, int]
    category: str
    order: int
    is_visible: bool
    is_locked: bool


def _changes(
    document: Document, table: Table, rows: Mapping[Any, Any] | Iterable[tuple[Any, Any]]
) -> tuple[Change, ...]:
    items = rows.items() if isinstance(rows, Mapping) else rows
    found = (Change(table, key, document.row(table, key), after) for key, after in items)
    return tuple(change for change in found if change.before != change.after)


def next_object_id(document: Document) -> int:
    """Return the id that a new object gets unless another is given."""
    return max(document.rows(Table.OBJECTS), default=0) + 1


def add_object(
    document: Document,
    name: str | None = None,
    category: str = "object",
    object_id: int | None = None,
) -> Edit:
    """Add an object, under the next free id unless one is given.

    Raises:
        ValueError: the id is taken.
    """
    rules.check_texts(name, category)
    objects = document.rows(Table.OBJECTS)
    new_id = next_object_id(document) if object_id is None else object_id
    if new_id in objects:
        raise ValueError(f"object_id must be free, got {new_id}")
    order = max((o.order for o in objects.values()), default=0) + 1
    added = TrackedObject(
        new_id, name or f"object {new_id}", display_color(new_id), category, order
    )
    return Edit(f"Add {added.name}", (Change(Table.OBJECTS, new_id, None, added),))


def update_object(document: Document, object_id: int, **values: Unpack[ObjectAttributes]) -> Edit:
    """Change attributes of an object (`TrackedObject` fields)."""
    rules.check_attributes(document, object_id, values)
    rules.check_texts(values.get("name"), values.get("category"))
    before = document.object(object_id)
    after = replace(before, **values)
    label = f"Change {', '.join(values).replace('_', ' ')} of {before.name}"
    return Edit(label, _changes(document, Table.OBJECTS, {object_id: after}))


def remove_object(document: Document, object_id: int) -> Edit:
    """Remove an object and all its prompts, masks and memory."""
    rules.check(document, object_id)
    removed = document.object(object_id)
    changes = [Change(Table.OBJECTS, object_id, removed, None)]
    for table in FRAME_TABLES:
        changes += [
            Change(table, (object_id, frame), row, None)
            for frame, row in document.of_object(table, object_id).items()
        ]
    return Edit(f"Delete {removed.name}", tuple(changes))


def set_prompts(document: Document, object_id: int, frame: int, prompts: FramePrompts) -> Edit:
    """Replace the prompts of an object on a frame; empty prompts take the row away."""
    rules.check(document, object_id, frame)
    row = None if prompts.is_empty else prompts
    label = f"{'Clear' if row is None else 'Prompt'} {document.object(object_id).name}"
    return Edit(label, _changes(document, Table.PROMPTS, {(object_id, frame): row}))


def add_point(document: Document, object_id: int, frame: int, point: PointPrompt) -> Edit:
    """Add a click to the prompts of an object on a frame, which keeps all others."""
    prompts = document.prompts(object_id, frame).with_point(point)
    return set_prompts(document, object_id, frame, prompts)


def set_box(document: Document, object_id: int, frame: int, box: BoxPrompt) -> Edit:
    """Set the box prompt of an object on a frame, which keeps all other prompts."""
    prompts = document.prompts(object_id, frame).with_box(box)
    return set_prompts(document, object_id, frame, prompts)


def move_point(
    document: Document, object_id: int, frame: int, index: int, xy: tuple[float, float]
) -> Edit:
    """Move the click at ``index`` to (x, y)."""
    prompts = document.prompts(object_id, frame).with_moved_point(index, *xy)
    return set_prompts(document, object_id, frame, prompts)


def remove_point(document: Document, object_id: int, frame: int, index: int) -> Edit:
    """Remove the click at ``index``; with the last prompt goes the mask that it stood for."""
    prompts = document.prompts(object_id, frame).without_point(index)
    return _with_fewer_prompts(document, object_id, frame, prompts)


def remove_box(document: Document, object_id: int, frame: int) -> Edit:
    """Remove the box; with the last prompt goes the mask that it stood for."""
    prompts = document.prompts(object_id, frame).with_box(None)
    return _with_fewer_prompts(document, object_id, frame, prompts)


def _with_fewer_prompts(
    document: Document, object_id: int, frame: int, prompts: FramePrompts
) -> Edit:
    """Set prompts, and the mask that was drawn where no click or box is left to predict one."""
    if prompts.is_empty:
        return clear_prompts(document, object_id, [frame])
    edit = set_prompts(document, object_id, frame, prompts)
    drawn = mask_without_predictions(document, object_id, frame, prompts)
    if prompts.can_predict or drawn is None:
        return edit
    row = FrameMask(drawn, Origin.PAINTED, base=_base(document, (object_id, frame)))
    return joined(edit.label, edit, set_masks(document, {(object_id, frame): row}, edit.label))


def mask_without_predictions(
    document: Document, object_id: int, frame: int, prompts: FramePrompts
) -> RleMask | None:
    """Return the given, tracked or imported mask that prompts refine, with their strokes.

    None where there is no such mask.
    """
    base = _base(document, (object_id, frame))
    if prompts.mask is None and base is not None:
        prompts = replace(prompts, mask=base.mask)
    return prompts.drawn_mask


def _base(document: Document, key: tuple[int, int]) -> FrameMask | None:
    row = document.mask(*key)
    return None if row is None else row.before_prompts


def set_masks(
    document: Document,
    rows: Mapping[tuple[int, int], FrameMask | None],
    label: str,
    memory: Mapping[tuple[int, int], MemoryRecord | None] | None = None,
    merge_key: int | None = None,
    prompts: Mapping[tuple[int, int], FramePrompts | None] | None = None,
) -> Edit:
    """Replace masks, and memory records and prompts with them, by (object id, frame)."""
    changes = _changes(document, Table.MASKS, rows)
    changes += _changes(document, Table.MEMORY, memory or {})
    changes += _changes(document, Table.PROMPTS, prompts or {})
    return Edit(label, changes, merge_key)


def set_verified(document: Document, object_id: int, frame: int, is_verified: bool) -> Edit:
    """Mark the mask of a frame as verified, so that nothing changes it, or remove the mark."""
    rules.check(document, object_id)
    row = document.mask(object_id, frame)
    if row is None:
        return Edit("Verify", ())
    after = replace(row, is_verified=is_verified)
    label = "Verify mask" if is_verified else "Unverify mask"
    return Edit(label, _changes(document, Table.MASKS, {(object_id, frame): after}))


def verify_frames(document: Document, object_id: int, frames: Iterable[int]) -> Edit:
    """Mark the masks of an object on some frames as verified; frames without one are left out."""
    single = [set_verified(document, object_id, frame, True) for frame in frames]
    count = sum(len(edit.changes) for edit in single)
    masks = "1 mask" if count == 1 else f"{count} masks"
    return joined(f"Verify {masks} of {document.object(object_id).name}", *single)


def set_constraint(
    document: Document, object_id: int, frame: int, constraint: Constraint | None
) -> Edit:
    """Pin a frame into memory, ban it, or leave it to the tracker."""
    rules.check(document, object_id)
    label = {Constraint.PIN: "Pin frame", Constraint.BAN: "Ban frame", None: "Release frame"}
    changes = _changes(document, Table.CONSTRAINTS, {(object_id, frame): constraint})
    return Edit(label[constraint], changes)


def set_range(document: Document, first: int | None, last: int | None) -> Edit:
    """Set the in and out frame, both inclusive; None leaves an end open."""
    row = None if first is None and last is None else (first, last)
    return Edit("Set in/out range", _changes(document, Table.PROPERTIES, {"range": row}))


def set_exclusive(document: Document, is_exclusive: bool) -> Edit:
    """Keep masks tracked from now on off the pixels of other objects, or let them overlap."""
    label = "Prevent overlaps" if is_exclusive else "Allow overlaps"
    row = True if is_exclusive else None
    return Edit(label, _changes(document, Table.PROPERTIES, {"exclusive": row}))


def joined(label: str, *edits: Edit) -> Edit:
    """Combine edits that change different rows into one step of undo."""
    return Edit(label, tuple(change for edit in edits for change in edit.changes))


def clear_prompts(document: Document, object_id: int, frames: Iterable[int] | None = None) -> Edit:
    """Remove prompts (of all frames if None) and the masks that only these prompts stood for.

    A tracked or imported mask that the prompts refined comes back.  Frames whose mask is verified
    keep both.
    """
    rows = document.of_object(Table.PROMPTS, object_id)
    chosen = rules.editable_frames(document, object_id, rows if frames is None else frames)
    keys = [(object_id, frame) for frame in chosen]
    changes = _changes(document, Table.PROMPTS, [(key, None) for key in keys])
    changes += _changes(document, Table.MASKS, [(key, _base(document, key)) for key in keys])
    return Edit(f"Clear prompts of {document.object(object_id).name}", changes)


def clear_masks(document: Document, object_id: int, frames: Iterable[int] | None = None) -> Edit:
    """Remove masks (of all frames if None) and the memory of their frames, except verified ones."""
    rows = document.of_object(Table.MASKS, object_id)
    chosen = rows.keys() if frames is None else rows.keys() & set(frames)
    gone = {(object_id, f): None for f in rules.editable_frames(document, object_id, chosen)}
    return set_masks(document, gone, f"Clear masks of {document.object(object_id).name}", gone)


def draw_mask(
    document: Document, object_id: int, frame: int, mask: RleMask, origin: Origin
) -> Edit:
    """Set a mask that was given or imported as a whole; see `import_mask`."""
    return import_mask(document, object_id, frame, FrameMask(mask, origin))


def import_mask(document: Document, object_id: int, frame: int, row: FrameMask) -> Edit:
    """Set a mask that was given or imported as a whole, instead of all prompts of its frame.

    It becomes the mask prompt of its frame, so that tracking starts from it; one that no person
    made, as far as its file states, only where the frame was prompted.  An empty mask means that
    the object is absent, and is not a prompt.
    """
    rules.check(document, object_id, frame)
    key = (object_id, frame)
    changes = _changes(document, Table.MASKS, {key: row})
    is_prompt = row.exported_origin in (Origin.PROMPT, Origin.PAINTED)
    if is_prompt or not document.prompts(*key).is_empty:
        prompts = FramePrompts(mask=row.mask) if row.mask.area else None
        changes += _changes(document, Table.PROMPTS, {key: prompts})
    return Edit(f"Draw {document.object(object_id).name}", changes)


def paint(
    document: Document,
    object_id: int,
    frame: int,
    stroke: RleMask,
    is_erasing: bool = False,
    over: tuple[FrameMask | None, FramePrompts] | None = None,
) -> Edit:
    """Add the pixels of a stroke to a mask, or take them away; all prompts stay.

    The strokes of a frame are kept beside its mask, so that later predictions leave their pixels
    alone.  A stroke that changes no pixel changes nothing.

    ``over`` has mask and prompts before an earlier stroke that this one replaces.
    """
    rules.check(document, object_id, frame)
    key = (object_id, frame)
    row, prompts = over or (document.mask(*key), document.prompts(*key))
    before = row.mask if row is not None else RleMask.empty(stroke.size_hw)
    after = before - stroke if is_erasing else before | stroke
    label = f"{'Erase from' if is_erasing else 'Paint'} {document.object(object_id).name}"
    if after == before and over is None:
        return Edit(label, ())
    painted = erased = RleMask.empty(stroke.size_hw)
    if prompts.strokes is not None:  # less what later clicks overruled
        painted, erased = prompts.strokes.painted & before, prompts.strokes.erased - before
    if is_erasing:
        painted, erased = painted - stroke, erased | stroke
    else:
        painted, erased = painted | stroke, erased - stroke
    changes = _changes(document, Table.PROMPTS, {key: prompts.with_strokes(painted, erased)})
    drawn = FrameMask(after, Origin.PAINTED, base=row and row.before_prompts)
    return Edit(label, changes + _changes(document, Table.MASKS, {key: drawn}))


def clean_mask(
    document: Document,
    key: tuple[int, int],
    before: RleMask,
    after: RleMask,
    label: str,
    merge_key: int | None = None,
) -> Edit:
    """Replace the mask of (object id, frame) by one without faults; strokes stay.

    Nothing changes where the mask is locked, verified, or no longer ``before``.
    """
    row, strokes = document.mask(*key), document.prompts(*key).strokes
    if row is None or row.mask != before or not rules.is_mask_editable(document, *key):
        return Edit(label, ())
    mask = after if strokes is None else strokes.applied(after)
    return set_masks(document, {key: replace(row, mask=mask)}, label, merge_key=merge_key)


def duplicate_object(document: Document, object_id: int) -> Edit:
    """Copy an object with all its rows, under the next free id and a name that no other has."""
    original = document.object(object_id)
    copy_id = next_object_id(document)
    added = add_object(document, _copy_name(document, original.name), original.category)
    rows = tuple(
        Change(table, (copy_id, frame), None, row)
        for table in FRAME_TABLES
        for frame, row in document.of_object(table, object_id).items()
    )
    return Edit(f"Duplicate {original.name}", added.changes + rows)


def _copy_name(document: Document, name: str) -> str:
    """Return ``name copy``, or ``name copy 2`` and so on; a copy of a copy counts on."""
    taken = {each.name for each in document.objects}
    first = f"{re.sub(r' copy( [0-9]+)?$', '', name)} copy"
    more = (f"{first} {number}" for number in count(2))
    return next(each for each in chain([first], more) if each not in taken)


def merge_objects(document: Document, target_id: int, other_id: int) -> Edit:
    """Make one object of two, which gets the union of their masks, and remove the other.

    A frame that either was prompted on becomes a mask prompt of the union.  Frames on which the
    target is verified stay as they are.
    """
    rules.check(document, target_id)
    rules.check(document, other_id)
    target, other = document.object(target_id), document.object(other_id)
    masks = _united_masks(document, target_id, other_id)
    prompts = _united_prompts(document, target_id, other_id, masks)
    changes = _changes(document, Table.MASKS, masks) + _changes(document, Table.PROMPTS, prompts)
    removed = remove_object(document, other_id)
    return Edit(f"Merge {other.name} into {target.name}", changes + removed.changes)


def _united_masks(
    document: Document, target_id: int, other_id: int
) -> dict[tuple[int, int], FrameMask]:
    united = {}
    for frame, other_row in document.of_object(Table.MASKS, other_id).items():
        if not rules.is_mask_editable(document, target_id, frame):
            continue
        row = document.mask(target_id, frame)
        united[(target_id, frame)] = other_row if row is None else row.united(other_row)
    return united


def _united_prompts(
    document: Document,
    target_id: int,
    other_id: int,
    masks: Mapping[tuple[int, int], FrameMask],
) -> dict[tuple[int, int], FramePrompts]:
    united = {}
    ours, theirs = (document.of_object(Table.PROMPTS, i) for i in (target_id, other_id))
    for frame in {*ours, *theirs}:
        if rules.is_mask_editable(document, target_id, frame):
            row = masks.get((target_id, frame))
            given = ours.get(frame) or theirs[frame]
            is_shown = row is not None and row.mask.area
            united[target_id, frame] = FramePrompts(mask=row.mask) if row and is_shown else given
    return united
