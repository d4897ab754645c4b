"""Locked objects and verified masks stay as they are, whatever asks for a change."""

from collections.abc import Callable

import numpy as np
import pytest

from app.core import edits, rules
from app.core.document import Document, Edit, FrameMask, Origin, Table
from app.core.errors import UsageError
from app.core.masks import RleMask
from app.core.memory import Constraint
from app.core.prompts import FramePrompts, PointPrompt

SIZE_HW = (6, 8)
VERIFIED = r"^The mask of object 1 on frame 0 is verified\. Unverify it to change it\.$"
CLICK = FramePrompts((PointPrompt(1, 1),))


def mask(*columns: int) -> RleMask:
    bitmap = np.zeros(SIZE_HW, dtype=np.bool_)
    bitmap[2, list(columns)] = True
    return RleMask.encode(bitmap)


@pytest.fixture
def document() -> Document:
    """Two objects with a prompt and a tracked mask on the frames 0 and 1."""
    made = Document()
    for object_id in (1, 2):
        made.apply(edits.add_object(made, f"object {object_id}"))
        for frame in (0, 1):
            row = FrameMask(mask(object_id), Origin.TRACKED, 0.5)
            made.apply(edits.set_masks(made, {(object_id, frame): row}, "Track"))
            made.apply(edits.set_prompts(made, object_id, frame, CLICK))
    return made


def lock(document: Document, object_id: int = 1) -> None:
    document.apply(edits.update_object(document, object_id, is_locked=True))


def verify(document: Document, frame: int = 0, object_id: int = 1) -> FrameMask:
    document.apply(edits.set_verified(document, object_id, frame, True))
    row = document.mask(object_id, frame)
    assert row is not None
    assert row.is_verified
    return row


Change = Callable[[Document], Edit]

CONTENT_CHANGES: dict[str, Change] = {
    "remove": lambda d: edits.remove_object(d, 1),
    "rename": lambda d: edits.update_object(d, 1, name="other"),
    "categorize": lambda d: edits.update_object(d, 1, category="other"),
    "merge into it": lambda d: edits.merge_objects(d, 1, 2),
    "merge it into another": lambda d: edits.merge_objects(d, 2, 1),
    "prompt": lambda d: edits.set_prompts(d, 1, 0, FramePrompts()),
    "clear prompts": lambda d: edits.clear_prompts(d, 1, [0]),
    "draw": lambda d: edits.draw_mask(d, 1, 0, mask(4), Origin.PAINTED),
    "import": lambda d: edits.draw_mask(d, 1, 0, mask(4), Origin.IMPORTED),
    "clear masks": lambda d: edits.clear_masks(d, 1, None),
    "verify": lambda d: edits.set_verified(d, 1, 1, True),
    "unverify": lambda d: edits.set_verified(d, 1, 0, False),
    "pin": lambda d: edits.set_constraint(d, 1, 0, Constraint.PIN),
    "ban": lambda d: edits.set_constraint(d, 1, 0, Constraint.BAN),
    "release": lambda d: edits.set_constraint(d, 1, 0, None),
}


@pytest.mark.parametrize("change", CONTENT_CHANGES.values(), ids=CONTENT_CHANGES)
def test_a_locked_object_refuses(document: Document, change: Change) -> None:
    verify(document)
    lock(document)
    with pytest.raises(UsageError, match=r"^object 1 is locked\. Unlock it to change it\.$"):
        change(document)


@pytest.mark.parametrize("values", [{"is_locked": False}, {"is_visible": False}, {"order": 9}])
def test_a_locked_object_can_be_unlocked_hidden_and_moved(
    document: Document, values: edits.ObjectAttributes
) -> None:
    lock(document)
    assert edits.update_object(document, 1, **values).changes


def test_unlocking_and_renaming_in_one_edit_is_allowed(document: Document) -> None:
    lock(document)
    document.apply(edits.update_object(document, 1, is_locked=False, name="free"))
    assert document.object(1).name == "free"


def test_a_locked_object_can_be_duplicated_and_its_copy_is_free(document: Document) -> None:
    lock(document)
    document.apply(edits.duplicate_object(document, 1))
    assert not document.object(3).is_locked


MASK_CHANGES = ("prompt", "clear prompts", "draw", "import")


@pytest.mark.parametrize("name", MASK_CHANGES)
def test_a_verified_mask_refuses(document: Document, name: str) -> None:
    verify(document)
    with pytest.raises(UsageError, match=VERIFIED):
        CONTENT_CHANGES[name](document)


def test_clearing_only_verified_masks_is_refused(document: Document) -> None:
    verify(document)
    with pytest.raises(UsageError, match=VERIFIED):
        edits.clear_masks(document, 1, [0])


def test_clearing_all_frames_leaves_verified_ones_with_their_prompts(document: Document) -> None:
    verified = verify(document)
    document.apply(edits.clear_masks(document, 1, None))
    document.apply(edits.clear_prompts(document, 1, [0, 1]))
    assert dict(document.of_object(Table.MASKS, 1)) == {0: verified}
    assert dict(document.of_object(Table.PROMPTS, 1)) == {0: CLICK}


def test_merging_leaves_verified_target_masks_and_their_prompts(document: Document) -> None:
    verified = verify(document)
    document.apply(edits.merge_objects(document, 1, 2))
    assert document.mask(1, 0) == verified
    assert document.prompts(1, 0) == CLICK
    merged = document.mask(1, 1)
    assert merged is not None
    assert merged.mask == mask(1, 2)


def test_a_verified_mask_of_the_merged_object_is_verified_no_more_once_it_grew(
    document: Document,
) -> None:
    verify(document, object_id=2)
    document.apply(edits.merge_objects(document, 1, 2))
    merged = document.mask(1, 0)
    assert merged is not None
    assert merged.mask == mask(1, 2)
    assert not merged.is_verified


def test_a_verified_frame_can_be_pinned_and_unverified(document: Document) -> None:
    verify(document)
    assert edits.set_constraint(document, 1, 0, Constraint.PIN).changes
    document.apply(edits.set_verified(document, 1, 0, False))
    assert edits.clear_masks(document, 1, [0]).changes


@pytest.mark.parametrize(
    ("origin", "prompts", "is_hand_work", "is_kept_anyway"),
    [
        (Origin.TRACKED, CLICK, False, False),
        (Origin.PROMPT, CLICK, False, True),
        (Origin.PROMPT, FramePrompts(mask=mask(1)), True, False),
        (Origin.PAINTED, FramePrompts(), True, False),
        (Origin.IMPORTED, FramePrompts(), True, False),
        (Origin.IMPORTED, CLICK, True, False),
    ],
)
def test_tracking_keeps_hand_work_unless_it_may_replace_it(
    document: Document,
    origin: Origin,
    prompts: FramePrompts,
    is_hand_work: bool,
    is_kept_anyway: bool,
) -> None:
    document.apply(edits.set_prompts(document, 1, 0, prompts))
    document.apply(edits.set_masks(document, {(1, 0): FrameMask(mask(1), origin)}, "Put"))
    assert rules.is_hand_work(document, 1, 0) is is_hand_work
    assert rules.is_mask_trackable(document, 1, 0) is not (is_hand_work or is_kept_anyway)
    assert rules.is_mask_trackable(document, 1, 0, protects_hand_work=False) is not is_kept_anyway
    verify(document)
    assert not rules.is_mask_trackable(document, 1, 0, protects_hand_work=False)
    assert not rules.is_hand_work(document, 1, 7)


@pytest.mark.parametrize("text", ["a" * 1001, "two\nlines", "half \ud800", "\udfff half"])
def test_names_that_cannot_be_stored_are_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        rules.check_texts("dog", text)
    assert refused.value.sentence == f"The name {text[:40]!a} cannot be stored."
    assert "at most 1000 characters, none of them a control character" in refused.value.hint


def test_names_of_any_language_are_stored() -> None:
    rules.check_texts("a" * 1000, "狗 \U0001f415 é", None)
