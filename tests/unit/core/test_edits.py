"""Every edit changes exactly the rows it is about and is named after what it does."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from app.core import edits, rules
from app.core.document import FRAME_TABLES, Document, Edit, FrameMask, Origin, Table, TrackedObject
from app.core.errors import UsageError
from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryDecision, MemoryRecord, MemoryScores
from app.core.palette import display_color
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt

SIZE_HW = (4, 8)
CLICK, SECOND_CLICK = PointPrompt(1, 1), PointPrompt(2, 3, is_positive=False)
BOX, OTHER_BOX = BoxPrompt(0, 0, 3, 3), BoxPrompt(1, 1, 4, 4)
RECORD = MemoryRecord(MemoryDecision.KEPT, "kept", MemoryScores(1, 1, 1, 1), (0,))
EMPTY = RleMask.empty(SIZE_HW)


def mask(*columns: int) -> RleMask:
    bitmap = np.zeros(SIZE_HW, dtype=np.bool_)
    bitmap[1, list(columns)] = True
    return RleMask.encode(bitmap)


def row(*columns: int, origin: Origin = Origin.TRACKED, is_verified: bool = False) -> FrameMask:
    return FrameMask(mask(*columns), origin, 0.5, is_verified)


@pytest.fixture
def document() -> Document:
    made = Document()
    made.apply(edits.add_object(made, "dog", "animal"))
    made.apply(edits.add_object(made, "cup"))
    return made


def put(
    document: Document,
    object_id: int,
    frame: int,
    found: FrameMask | None = None,
    prompts: FramePrompts | None = None,
    record: MemoryRecord | None = None,
) -> None:
    key = (object_id, frame)
    masks = {} if found is None else {key: found}
    records = {} if record is None else {key: record}
    if prompts is not None:
        document.apply(edits.set_prompts(document, object_id, frame, prompts))
    document.apply(edits.set_masks(document, masks, "Put", records))


def masks_of(document: Document, object_id: int) -> dict[int, FrameMask]:
    return dict(document.of_object(Table.MASKS, object_id))


def prompts_of(document: Document, object_id: int) -> dict[int, FramePrompts]:
    return dict(document.of_object(Table.PROMPTS, object_id))


LABELS: list[tuple[str, Callable[[Document], Edit]]] = [
    ("Add object 3", lambda d: edits.add_object(d)),
    ("Add cat", lambda d: edits.add_object(d, "cat")),
    ("Change name of dog", lambda d: edits.update_object(d, 1, name="wolf")),
    ("Change is visible of dog", lambda d: edits.update_object(d, 1, is_visible=False)),
    (
        "Change name, category of dog",
        lambda d: edits.update_object(d, 1, name="wolf", category="pet"),
    ),
    ("Delete dog", lambda d: edits.remove_object(d, 1)),
    ("Duplicate dog", lambda d: edits.duplicate_object(d, 1)),
    ("Merge cup into dog", lambda d: edits.merge_objects(d, 1, 2)),
    ("Prompt dog", lambda d: edits.add_point(d, 1, 0, CLICK)),
    ("Prompt dog", lambda d: edits.set_box(d, 1, 0, BOX)),
    ("Clear dog", lambda d: edits.set_prompts(d, 1, 0, FramePrompts())),
    ("Clear prompts of dog", lambda d: edits.clear_prompts(d, 1)),
    ("Clear masks of dog", lambda d: edits.clear_masks(d, 1)),
    ("Draw dog", lambda d: edits.draw_mask(d, 1, 0, mask(2), Origin.PAINTED)),
    ("Paint dog", lambda d: edits.paint(d, 1, 0, mask(2))),
    ("Erase from dog", lambda d: edits.paint(d, 1, 5, mask(1), is_erasing=True)),
    ("Erase from dog", lambda d: edits.paint(d, 1, 0, mask(2), is_erasing=True)),  # of nothing
    ("Verify 2 masks of dog", lambda d: edits.verify_frames(d, 1, [5, 7, 8, 9])),
    ("Verify 1 mask of dog", lambda d: edits.verify_frames(d, 1, [4, 5])),
    ("Verify mask", lambda d: edits.set_verified(d, 1, 5, True)),
    ("Unverify mask", lambda d: edits.set_verified(d, 1, 6, False)),
    ("Pin frame", lambda d: edits.set_constraint(d, 1, 0, Constraint.PIN)),
    ("Ban frame", lambda d: edits.set_constraint(d, 1, 0, Constraint.BAN)),
    ("Release frame", lambda d: edits.set_constraint(d, 1, 0, None)),
    ("Set in/out range", lambda d: edits.set_range(d, 1, 2)),
    ("Prevent overlaps", lambda d: edits.set_exclusive(d, True)),
    ("Allow overlaps", lambda d: edits.set_exclusive(d, False)),
    ("Reorder", lambda d: edits.joined("Reorder", edits.update_object(d, 1, order=4))),
]


@pytest.mark.parametrize(("label", "make"), LABELS)
def test_an_edit_is_named_after_what_it_does(
    document: Document, label: str, make: Callable[[Document], Edit]
) -> None:
    put(document, 1, 5, row(1))
    put(document, 1, 6, row(1, is_verified=True))
    put(document, 1, 7, row(1))
    assert make(document).label == label


def test_a_new_object_is_last_and_has_the_next_id_and_color(document: Document) -> None:
    document.apply(edits.update_object(document, 1, order=7))
    assert edits.next_object_id(document) == 3
    document.apply(edits.add_object(document, "cat", "animal"))
    assert document.object(3) == TrackedObject(3, "cat", display_color(3), "animal", order=8)
    document.apply(edits.add_object(document, object_id=9))
    assert document.object(9) == TrackedObject(9, "object 9", display_color(9), "object", order=9)
    assert edits.next_object_id(Document()) == 1
    assert edits.add_object(Document()).changes[0].after.order == 1


def test_removing_an_object_removes_its_rows_only(document: Document) -> None:
    for object_id in (1, 2):
        put(document, object_id, 3, row(1), FramePrompts((CLICK,)), RECORD)
        document.apply(edits.set_constraint(document, object_id, 4, Constraint.BAN))
    document.apply(edits.remove_object(document, 1))
    assert [o.object_id for o in document.objects] == [2]
    for table in FRAME_TABLES:
        assert not document.of_object(table, 1)
        assert len(document.of_object(table, 2)) == 1


def test_points_are_added_and_removed_one_by_one(document: Document) -> None:
    document.apply(edits.add_point(document, 1, 2, CLICK))
    document.apply(edits.set_box(document, 1, 2, BOX))
    document.apply(edits.add_point(document, 1, 2, SECOND_CLICK))
    assert prompts_of(document, 1) == {2: FramePrompts((CLICK, SECOND_CLICK), BOX)}
    document.apply(edits.set_box(document, 1, 2, OTHER_BOX))
    document.apply(edits.remove_point(document, 1, 2, 0))
    assert prompts_of(document, 1) == {2: FramePrompts((SECOND_CLICK,), OTHER_BOX)}


@pytest.mark.parametrize(
    "make",
    [lambda d: edits.add_point(d, 1, 0, CLICK), lambda d: edits.set_box(d, 1, 0, BOX)],
)
def test_a_click_or_box_keeps_the_mask_prompt_that_it_refines(
    document: Document, make: Callable[[Document], Edit]
) -> None:
    put(document, 1, 0, prompts=FramePrompts(mask=mask(3)))
    document.apply(make(document))
    assert document.prompts(1, 0).mask == mask(3)
    assert document.prompts(1, 0).can_predict


def test_the_last_point_takes_its_mask_with_it_on_its_frame_only(document: Document) -> None:
    for frame in (0, 1):
        put(document, 1, frame, row(1, origin=Origin.PROMPT), FramePrompts((CLICK,)))
    document.apply(edits.remove_point(document, 1, 0, 0))
    assert list(masks_of(document, 1)) == [1]
    assert list(prompts_of(document, 1)) == [1]


@pytest.mark.parametrize(
    ("origin", "stays"),
    [
        (Origin.PROMPT, False),
        (Origin.PAINTED, False),
        (Origin.TRACKED, True),
        (Origin.IMPORTED, True),
    ],
)
def test_cleared_prompts_take_the_masks_that_they_stood_for(
    document: Document, origin: Origin, stays: bool
) -> None:
    put(document, 1, 0, row(1, origin=origin), FramePrompts((CLICK,)))
    put(document, 1, 1, row(1, origin=origin), FramePrompts((CLICK,)))
    document.apply(edits.clear_prompts(document, 1, [0]))
    assert list(prompts_of(document, 1)) == [1]
    assert (0 in masks_of(document, 1)) is stays
    document.apply(edits.clear_prompts(document, 1))
    assert not prompts_of(document, 1)
    assert list(masks_of(document, 1)) == ([0, 1] if stays else [])


def test_clearing_prompts_leaves_painted_masks_of_other_frames(document: Document) -> None:
    put(document, 1, 0, prompts=FramePrompts((CLICK,)))
    put(document, 1, 5, row(1, origin=Origin.PAINTED))
    document.apply(edits.clear_prompts(document, 1))
    assert list(masks_of(document, 1)) == [5]


def test_cleared_masks_take_the_memory_of_their_frames(document: Document) -> None:
    for frame in range(3):
        put(document, 1, frame, row(1), record=RECORD)
    put(document, 2, 0, row(2), record=RECORD)
    document.apply(edits.clear_masks(document, 1, [0, 2, 9]))
    assert list(masks_of(document, 1)) == [1]
    assert list(document.of_object(Table.MEMORY, 1)) == [1]
    assert list(masks_of(document, 2)) == [0]


def test_verifying_changes_the_mark_only(document: Document) -> None:
    put(document, 1, 0, row(1, 2))
    document.apply(edits.set_verified(document, 1, 0, True))
    assert document.mask(1, 0) == row(1, 2, is_verified=True)
    document.apply(edits.set_verified(document, 1, 0, False))
    assert document.mask(1, 0) == row(1, 2)
    nothing = edits.set_verified(document, 1, 3, True)
    assert (nothing.label, nothing.changes) == ("Verify", ())


@pytest.mark.parametrize("constraint", list(Constraint))
def test_a_constraint_is_set_and_released(document: Document, constraint: Constraint) -> None:
    document.apply(edits.set_constraint(document, 1, 4, constraint))
    assert document.constraint(1, 4) is constraint
    assert document.constraint(2, 4) is None
    document.apply(edits.set_constraint(document, 1, 4, None))
    assert document.constraint(1, 4) is None


def test_a_range_is_open_at_ends_that_are_none(document: Document) -> None:
    for ends in ((2, None), (None, 3), (2, 3), (0, 0)):
        document.apply(edits.set_range(document, *ends))
        assert document.frame_range == ends
    document.apply(edits.set_range(document, None, None))
    assert not document.rows(Table.PROPERTIES)


def test_overlaps_are_prevented_or_allowed(document: Document) -> None:
    document.apply(edits.set_exclusive(document, True))
    assert document.is_exclusive
    document.apply(edits.set_exclusive(document, False))
    assert not document.is_exclusive
    assert not document.rows(Table.PROPERTIES)


@pytest.mark.parametrize("origin", [Origin.PAINTED, Origin.PROMPT, Origin.IMPORTED])
def test_a_drawn_mask_prompts_its_frame_instead_of_earlier_prompts(
    document: Document, origin: Origin
) -> None:
    put(document, 1, 0, row(5), FramePrompts((CLICK,)))
    document.apply(edits.draw_mask(document, 1, 0, mask(2), origin))
    assert document.mask(1, 0) == FrameMask(mask(2), origin)
    assert document.prompts(1, 0) == FramePrompts(mask=mask(2))


def test_an_imported_mask_prompts_no_frame_that_had_no_prompt(document: Document) -> None:
    document.apply(edits.draw_mask(document, 1, 0, mask(2), Origin.IMPORTED))
    assert document.prompts(1, 0).is_empty


def test_an_empty_drawn_mask_takes_the_prompts_away(document: Document) -> None:
    put(document, 1, 0, row(5), FramePrompts((CLICK,)))
    document.apply(edits.draw_mask(document, 1, 0, EMPTY, Origin.PAINTED))
    assert document.mask(1, 0) == FrameMask(EMPTY, Origin.PAINTED)
    assert not prompts_of(document, 1)


def test_a_copy_has_all_rows_a_name_and_the_category_of_the_original(document: Document) -> None:
    put(document, 1, 3, row(1), FramePrompts((CLICK,)), RECORD)
    document.apply(edits.set_constraint(document, 1, 4, Constraint.PIN))
    document.apply(edits.duplicate_object(document, 1))
    copy = document.object(3)
    assert (copy.name, copy.category, copy.order) == ("dog copy", "animal", 3)
    for table in FRAME_TABLES:
        assert document.of_object(table, 3) == document.of_object(table, 1) != {}


def test_copies_are_numbered(document: Document) -> None:
    def name_of_copy(object_id: int) -> str:
        document.apply(edits.duplicate_object(document, object_id))
        return document.objects[-1].name

    names = [name_of_copy(1), name_of_copy(1), name_of_copy(3), name_of_copy(2)]
    assert names == ["dog copy", "dog copy 2", "dog copy 3", "cup copy"]
    document.apply(edits.update_object(document, 2, name="hard copy"))
    assert name_of_copy(2) == "hard copy 2"


def test_joined_edits_are_one(document: Document) -> None:
    moves = [edits.update_object(document, i, order=9 - i) for i in (1, 2)]
    document.apply(edits.joined("Reorder objects", *moves))
    assert [o.object_id for o in document.objects] == [2, 1]


def test_merging_unites_masks_where_both_have_one(document: Document) -> None:
    put(document, 1, 0, row(1))
    put(document, 2, 0, row(2))
    put(document, 1, 1, row(3))
    put(document, 2, 2, row(4))
    document.apply(edits.merge_objects(document, 1, 2))
    assert masks_of(document, 1) == {0: row(1, 2), 1: row(3), 2: row(4)}
    assert not prompts_of(document, 1)
    assert document.find(2) is None


def test_merging_keeps_the_properties_of_the_target_row(document: Document) -> None:
    put(document, 1, 0, row(1, origin=Origin.PAINTED))
    put(document, 2, 0, row(2, origin=Origin.TRACKED, is_verified=True))
    document.apply(edits.merge_objects(document, 1, 2))
    assert document.mask(1, 0) == row(1, 2, origin=Origin.PAINTED)


@pytest.mark.parametrize("origin", [Origin.PROMPT, Origin.PAINTED, Origin.IMPORTED])
def test_merging_hand_work_into_a_tracked_mask_keeps_both_from_tracking(
    document: Document, origin: Origin
) -> None:
    put(document, 1, 0, row(1))
    drawn = FramePrompts(mask=mask(2)) if origin is Origin.PROMPT else None
    put(document, 2, 0, row(2, origin=origin), drawn)
    document.apply(edits.merge_objects(document, 1, 2))
    assert document.mask(1, 0) == replace(row(1, 2, origin=origin), base=row(1))
    assert not rules.is_mask_trackable(document, 1, 0)


@pytest.mark.parametrize("prompted", [(1,), (2,), (1, 2)])
def test_a_frame_that_either_was_prompted_on_gets_the_union_as_mask_prompt(
    document: Document, prompted: tuple[int, ...]
) -> None:
    for object_id in (1, 2):
        put(document, object_id, 0, row(object_id))
        if object_id in prompted:
            put(document, object_id, 0, prompts=FramePrompts((CLICK,)))
    document.apply(edits.merge_objects(document, 1, 2))
    assert prompts_of(document, 1) == {0: FramePrompts(mask=mask(1, 2))}


def test_merging_keeps_prompts_where_no_mask_is_united(document: Document) -> None:
    ours, theirs = FramePrompts((CLICK,)), FramePrompts((SECOND_CLICK,))
    put(document, 1, 0, prompts=ours)
    put(document, 2, 1, prompts=theirs)
    put(document, 1, 2, prompts=ours)
    put(document, 2, 2, prompts=theirs)
    put(document, 1, 3, row(1), ours)
    put(document, 2, 4, FrameMask(EMPTY, Origin.TRACKED), theirs)
    document.apply(edits.merge_objects(document, 1, 2))
    assert prompts_of(document, 1) == {0: ours, 1: theirs, 2: ours, 3: ours, 4: theirs}


def test_merging_leaves_prompts_of_verified_target_frames(document: Document) -> None:
    put(document, 1, 0, row(1, is_verified=True))
    put(document, 2, 0, row(2), FramePrompts((CLICK,)))
    put(document, 2, 1, row(2), FramePrompts((CLICK,)))
    document.apply(edits.merge_objects(document, 1, 2))
    assert prompts_of(document, 1) == {1: FramePrompts(mask=mask(2))}
    assert document.mask(1, 0) == row(1, is_verified=True)


def test_masks_and_records_are_set_under_a_key(document: Document) -> None:
    edit = edits.set_masks(document, {(1, 0): row(1)}, "Track", {(1, 0): RECORD}, merge_key=4)
    assert (edit.label, edit.merge_key, len(edit.changes)) == ("Track", 4, 2)
    document.apply(edit)
    assert (document.mask(1, 0), document.memory(1, 0)) == (row(1), RECORD)
    document.apply(edits.set_masks(document, {(1, 0): None}, "Clear"))
    assert (document.mask(1, 0), document.memory(1, 0)) == (None, RECORD)


def test_a_moved_point_keeps_its_place_among_the_others(document: Document) -> None:
    put(document, 1, 3, prompts=FramePrompts((CLICK, SECOND_CLICK), BOX))
    document.apply(edits.move_point(document, 1, 3, 1, (4, 2)))
    assert document.prompts(1, 3) == FramePrompts((CLICK, PointPrompt(4, 2, False)), BOX)
    assert list(prompts_of(document, 2)) == []


def test_a_removed_box_leaves_the_clicks_and_takes_its_mask_where_there_are_none(
    document: Document,
) -> None:
    put(document, 1, 3, row(1, origin=Origin.PROMPT), FramePrompts((CLICK,), BOX))
    put(document, 1, 4, row(1, origin=Origin.PROMPT), FramePrompts((), BOX))
    for frame in (3, 4):
        document.apply(edits.remove_box(document, 1, frame))
    assert prompts_of(document, 1) == {3: FramePrompts((CLICK,))}
    assert list(masks_of(document, 1)) == [3]


def test_fewer_prompts_leave_what_was_drawn_over_the_mask_that_they_refined(
    document: Document,
) -> None:
    base = row(1)
    put(document, 1, 3, base)
    document.apply(edits.add_point(document, 1, 3, CLICK))
    document.apply(
        edits.set_masks(document, {(1, 3): FrameMask(mask(1, 2), Origin.PROMPT, base=base)}, "Put")
    )
    document.apply(edits.paint(document, 1, 3, mask(6)))
    edit = edits.remove_point(document, 1, 3, 0)
    document.apply(edit)
    assert edit.label == "Prompt dog"
    assert document.mask(1, 3) == FrameMask(mask(1, 6), Origin.PAINTED, base=base)


def test_verified_frames_are_those_with_a_mask(document: Document) -> None:
    for frame in (0, 1, 2):
        put(document, 1, frame, row(1))
    document.apply(edits.verify_frames(document, 1, [1, 2, 3]))
    verified = {frame: found.is_verified for frame, found in masks_of(document, 1).items()}
    assert verified == {0: False, 1: True, 2: True}


def test_nothing_is_painted_on_a_verified_mask(document: Document) -> None:
    put(document, 1, 3, row(1, is_verified=True))
    with pytest.raises(UsageError):
        edits.paint(document, 1, 3, mask(2))


def test_a_stroke_that_changes_no_pixel_changes_nothing(document: Document) -> None:
    put(document, 1, 3, row(1))
    assert edits.paint(document, 1, 3, mask(1)).changes == ()
    assert edits.paint(document, 1, 3, mask(2), is_erasing=True).changes == ()


def test_painted_pixels_that_a_click_took_away_are_no_strokes_any_more(document: Document) -> None:
    document.apply(edits.paint(document, 1, 3, mask(2, 3)))
    document.apply(
        edits.set_masks(document, {(1, 3): FrameMask(mask(3, 5), Origin.PROMPT)}, "Predict")
    )
    document.apply(edits.paint(document, 1, 3, mask(7)))
    strokes, drawn = document.prompts(1, 3).strokes, document.mask(1, 3)
    assert strokes is not None
    assert drawn is not None
    assert strokes.painted == mask(3, 7)
    assert drawn.origin is Origin.PAINTED


def test_a_mask_without_faults_replaces_the_one_that_it_was_made_from(document: Document) -> None:
    put(document, 1, 3, row(1, 2, 6))
    edit = edits.clean_mask(document, (1, 3), mask(1, 2, 6), mask(1, 2), "Remove specks", 7)
    document.apply(edit)
    assert (edit.label, edit.merge_key) == ("Remove specks", 7)
    assert document.mask(1, 3) == row(1, 2)


def test_a_mask_without_faults_keeps_the_strokes(document: Document) -> None:
    put(document, 1, 3, row(1, 2))
    document.apply(edits.paint(document, 1, 3, mask(6)))
    edit = edits.clean_mask(document, (1, 3), mask(1, 2, 6), mask(1), "Remove specks")
    document.apply(edit)
    found = document.mask(1, 3)
    assert found is not None
    assert found.mask == mask(1, 6)


@pytest.mark.parametrize(
    ("found", "before"),
    [(row(1, 2, is_verified=True), mask(1, 2)), (row(1, 3), mask(1, 2)), (None, mask(1, 2))],
)
def test_a_mask_that_is_verified_or_has_changed_is_not_cleaned(
    document: Document, found: FrameMask | None, before: RleMask
) -> None:
    put(document, 1, 3, found)
    edit = edits.clean_mask(document, (1, 3), before, mask(1), "Remove specks")
    assert (edit.changes, edit.label) == ((), "Remove specks")


@pytest.mark.parametrize("attribute", ["name", "category"])
def test_a_text_that_cannot_be_stored_is_refused(document: Document, attribute: str) -> None:
    values: dict[str, str] = {attribute: "half \ud83d"}
    with pytest.raises(UsageError):
        edits.update_object(document, 1, **values)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        edits.add_object(document, **({"name": "cat"} | values))


def test_while_a_click_is_left_the_mask_waits_for_its_prediction(document: Document) -> None:
    document.apply(edits.paint(document, 1, 3, mask(6)))
    for click in (CLICK, SECOND_CLICK):
        document.apply(edits.add_point(document, 1, 3, click))
    predicted = FrameMask(mask(1, 6), Origin.PROMPT)
    document.apply(edits.set_masks(document, {(1, 3): predicted}, "Predict"))
    document.apply(edits.remove_point(document, 1, 3, 1))
    assert document.mask(1, 3) == predicted
