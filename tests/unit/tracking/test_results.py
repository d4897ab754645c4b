"""What a model predicted is stored unless the user has decided otherwise meanwhile."""

from dataclasses import replace

import numpy as np
import pytest

from app.core import edits
from app.core.document import Document, FrameMask, Origin
from app.core.masks import RleMask
from app.core.memory import MemoryDecision, MemoryRecord, MemoryScores
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt, Strokes
from app.tracking.backend import FrameResult, Prediction
from app.tracking.results import result_edit

SIZE_HW = (4, 8)
CLICK = FramePrompts((PointPrompt(1, 1),))
RECORD = MemoryRecord(MemoryDecision.KEPT, "kept", MemoryScores(1, 1, 1, 1), (0,))


def mask(*columns: int) -> RleMask:
    bitmap = np.zeros(SIZE_HW, dtype=np.bool_)
    bitmap[1, list(columns)] = True
    return RleMask.encode(bitmap)


STROKES = Strokes(mask(5), mask(0))
DRAWN = FramePrompts(strokes=STROKES)
SEGMENTED = Prediction(mask(1, 2), 0.7)
TRACKED = Prediction(mask(1, 2), 0.7, RECORD)


@pytest.fixture
def document() -> Document:
    made = Document()
    for name in ("dog", "cup"):
        made.apply(edits.add_object(made, name))
    return made


def prompt(document: Document, object_id: int = 1, frame: int = 0) -> None:
    document.apply(edits.set_prompts(document, object_id, frame, CLICK))


def put(document: Document, row: FrameMask, object_id: int = 1, frame: int = 0) -> FrameMask:
    document.apply(edits.set_masks(document, {(object_id, frame): row}, "Put"))
    return row


def store(document: Document, *found: Prediction, frame: int = 0) -> None:
    predictions = dict(enumerate(found, 1))
    document.apply(result_edit(document, FrameResult(frame, predictions), 5))


def test_a_segmented_mask_is_stored_as_that_of_its_prompts(document: Document) -> None:
    prompt(document)
    store(document, SEGMENTED)
    assert document.mask(1, 0) == FrameMask(mask(1, 2), Origin.PROMPT, 0.7)
    assert document.memory(1, 0) is None
    assert document.mask(2, 0) is None


def test_a_segmented_mask_replaces_any_that_is_not_verified(document: Document) -> None:
    prompt(document)
    put(document, FrameMask(mask(5), Origin.PAINTED))
    store(document, SEGMENTED)
    assert document.mask(1, 0) == FrameMask(mask(1, 2), Origin.PROMPT, 0.7)


def test_a_segmented_mask_is_dropped_when_its_prompts_were_cleared(document: Document) -> None:
    prompt(document, frame=3)
    store(document, SEGMENTED)
    assert document.mask(1, 0) is None


def test_a_tracked_mask_is_stored_with_its_memory_record(document: Document) -> None:
    store(document, TRACKED, frame=4)
    assert document.mask(1, 4) == FrameMask(mask(1, 2), Origin.TRACKED, 0.7)
    assert document.memory(1, 4) == RECORD


def test_tracking_a_prompted_frame_gives_the_mask_of_its_prompts(document: Document) -> None:
    prompt(document)
    store(document, TRACKED)
    assert document.mask(1, 0) == FrameMask(mask(1, 2), Origin.PROMPT, 0.7)


@pytest.mark.parametrize(
    ("row", "is_prompted", "is_replaced"),
    [
        (FrameMask(mask(5), Origin.TRACKED, 0.1), False, True),
        (FrameMask(mask(5), Origin.TRACKED, 0.1), True, True),
        (FrameMask(mask(5), Origin.PROMPT, 0.1), True, False),
        (FrameMask(mask(5), Origin.PROMPT, 0.1), False, True),
        (FrameMask(mask(5), Origin.PAINTED), True, False),
        (FrameMask(mask(5), Origin.PAINTED), False, False),
        (FrameMask(mask(5), Origin.IMPORTED), False, False),
        (FrameMask(mask(5), Origin.IMPORTED), True, False),
        (FrameMask(mask(1, 2), Origin.IMPORTED), False, False),
        (FrameMask(mask(1, 2), Origin.TRACKED, 0.1), False, True),
        (FrameMask(mask(5), Origin.TRACKED, 0.1, is_verified=True), False, False),
    ],
)
def test_tracking_replaces_what_no_person_made(
    document: Document, row: FrameMask, is_prompted: bool, is_replaced: bool
) -> None:
    if is_prompted:
        prompt(document)
    put(document, row)
    store(document, TRACKED)
    after = document.mask(1, 0)
    assert after is not None
    assert (after.confidence == 0.7) is is_replaced
    if not is_replaced:
        assert after == row
    assert document.memory(1, 0) == RECORD


PROMPTED = replace(RECORD, decision=MemoryDecision.PROMPTED, reason="prompted by the user")


@pytest.mark.parametrize("earlier", [True, False])
def test_the_frame_that_tracking_started_from_does_not_become_prompted(
    document: Document, earlier: bool
) -> None:
    scores = MemoryScores(0.5, 0.6, 0.3, 0.2)
    row = FrameMask(mask(1, 2), Origin.TRACKED, 0.3)
    record = replace(RECORD, scores=scores) if earlier else None
    document.apply(edits.set_masks(document, {(1, 0): row}, "Put", {(1, 0): record}))
    store(document, Prediction(mask(1, 2), 1.0, PROMPTED))
    assert document.mask(1, 0) == row
    assert document.memory(1, 0) == MemoryRecord(
        MemoryDecision.KEPT,
        "propagation started here",
        scores if earlier else RECORD.scores,
        RECORD.bank,
    )
    prompt(document)
    store(document, Prediction(mask(1, 2), 1.0, PROMPTED))
    assert document.memory(1, 0) == PROMPTED


@pytest.mark.parametrize(
    ("row", "prompts", "after"),
    [
        (FrameMask(mask(5), Origin.IMPORTED), FramePrompts(), Origin.TRACKED),
        (FrameMask(mask(5), Origin.PAINTED), DRAWN, Origin.TRACKED),
        (FrameMask(mask(5), Origin.PROMPT, 0.1), replace(CLICK, strokes=STROKES), Origin.PROMPT),
        (
            FrameMask(mask(5), Origin.PROMPT, 0.1),
            replace(CLICK, box=BoxPrompt(0, 0, 3, 3), strokes=STROKES),
            Origin.PROMPT,
        ),
        (FrameMask(mask(5), Origin.PROMPT, 0.1), CLICK, None),
        (FrameMask(mask(5), Origin.IMPORTED, is_verified=True), FramePrompts(), None),
        (FrameMask(mask(1, 2), Origin.PAINTED), DRAWN, None),
    ],
)
def test_without_protection_tracking_replaces_drawings_but_no_clicks(
    document: Document, row: FrameMask, prompts: FramePrompts, after: Origin | None
) -> None:
    document.apply(edits.set_prompts(document, 1, 0, prompts))
    put(document, row)
    document.apply(result_edit(document, FrameResult(0, {1: TRACKED}), 5))
    assert document.mask(1, 0) == row
    document.apply(result_edit(document, FrameResult(0, {1: TRACKED}), 5, False))
    if after is None:
        assert (document.mask(1, 0), document.prompts(1, 0)) == (row, prompts)
    else:
        assert document.mask(1, 0) == FrameMask(mask(1, 2), after, 0.7)
        assert document.prompts(1, 0) == FramePrompts(prompts.points, prompts.box)


def test_a_verified_mask_stays_when_its_frame_is_segmented(document: Document) -> None:
    prompt(document)
    row = put(document, FrameMask(mask(5), Origin.PROMPT, is_verified=True))
    store(document, SEGMENTED)
    assert document.mask(1, 0) == row


@pytest.mark.parametrize("found", [SEGMENTED, TRACKED])
def test_locked_and_removed_objects_get_nothing(document: Document, found: Prediction) -> None:
    for object_id in (1, 2):
        prompt(document, object_id)
    document.apply(edits.update_object(document, 1, is_locked=True))
    document.apply(edits.remove_object(document, 2))
    edit = result_edit(document, FrameResult(0, {1: found, 2: found}), 5)
    assert not edit.changes


@pytest.mark.parametrize("is_exclusive", [True, False])
def test_tracked_masks_leave_the_pixels_of_objects_not_tracked(
    document: Document, is_exclusive: bool
) -> None:
    document.apply(edits.set_exclusive(document, is_exclusive))
    put(document, FrameMask(mask(2, 3), Origin.PAINTED), object_id=2)
    store(document, TRACKED)
    found = document.mask(1, 0)
    assert found is not None
    assert found.mask == (mask(1) if is_exclusive else mask(1, 2))


def test_tracked_masks_leave_the_pixels_of_all_others(document: Document) -> None:
    document.apply(edits.add_object(document, "cat"))
    document.apply(edits.set_exclusive(document, True))
    put(document, FrameMask(mask(2), Origin.PAINTED), object_id=2)
    put(document, FrameMask(mask(1), Origin.PAINTED), object_id=3)
    store(document, replace(TRACKED, mask=mask(0, 1, 2)))
    found = document.mask(1, 0)
    assert found is not None
    assert found.mask == mask(0)


def test_objects_tracked_together_do_not_lose_pixels_to_their_earlier_masks(
    document: Document,
) -> None:
    document.apply(edits.set_exclusive(document, True))
    put(document, FrameMask(mask(1, 2), Origin.TRACKED), object_id=2)
    store(document, TRACKED, Prediction(mask(5), 0.5, RECORD))
    assert document.mask(1, 0) == FrameMask(mask(1, 2), Origin.TRACKED, 0.7)
    assert document.mask(2, 0) == FrameMask(mask(5), Origin.TRACKED, 0.5)


def test_prompted_frames_keep_their_exact_mask_in_an_exclusive_document(
    document: Document,
) -> None:
    document.apply(edits.set_exclusive(document, True))
    put(document, FrameMask(mask(2, 3), Origin.PAINTED), object_id=2)
    prompt(document)
    store(document, TRACKED)
    assert document.mask(1, 0) == FrameMask(mask(1, 2), Origin.PROMPT, 0.7)


def test_the_edit_is_named_after_its_object_and_merges_by_key(document: Document) -> None:
    prompt(document)

    def edit_of(predictions: dict[int, Prediction]) -> tuple[str, int | None]:
        edit = result_edit(document, FrameResult(0, predictions), 5)
        return edit.label, edit.merge_key

    assert edit_of({1: SEGMENTED}) == ("Segment dog", 5)
    assert edit_of({2: TRACKED}) == ("Track cup", 5)
    assert edit_of({1: TRACKED, 2: TRACKED}) == ("Track", 5)
    assert edit_of({9: TRACKED}) == ("Track", 5)
    assert edit_of({9: TRACKED, 1: TRACKED}) == ("Track dog", 5)
