import random
import time
from collections.abc import Callable

import numpy as np
import pytest

from app.core import edits
from app.core.document import FRAME_TABLES, Change, Document, Edit, FrameMask, Origin, Table
from app.core.errors import UsageError
from app.core.masks import RleMask
from app.core.memory import Constraint
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt

SIZE_HW = (12, 16)
FRAMES = range(5)


def random_mask(rng: random.Random) -> RleMask:
    bitmap = np.random.default_rng(rng.randrange(10**6)).random(SIZE_HW) > rng.random()
    return RleMask.encode(bitmap)


def random_prompts(rng: random.Random) -> FramePrompts:
    points = tuple(
        PointPrompt(rng.random() * 16, rng.random() * 12, rng.random() > 0.5)
        for _ in range(rng.randrange(3))
    )
    return FramePrompts(points, rng.choice([None, BoxPrompt(1, 2, 3, 4)]))


def intents(rng: random.Random, document: Document) -> list[Callable[[], Edit]]:
    ids = [o.object_id for o in document.objects]
    if len(ids) < 2:
        return [lambda: edits.add_object(document)]
    (one, two), frame = rng.sample(ids, 2), rng.choice(FRAMES)
    masks = {(one, frame): FrameMask(random_mask(rng), Origin.TRACKED, rng.random())}
    return [
        lambda: edits.add_object(document),
        lambda: edits.update_object(document, one, name="new", is_locked=rng.random() > 0.5),
        lambda: edits.remove_object(document, one),
        lambda: edits.duplicate_object(document, one),
        lambda: edits.merge_objects(document, one, two),
        lambda: edits.set_prompts(document, one, frame, random_prompts(rng)),
        lambda: edits.clear_prompts(document, one, FRAMES),
        lambda: edits.set_masks(document, masks, "Track"),
        lambda: edits.clear_masks(document, one, rng.choice([None, [frame]])),
        lambda: edits.draw_mask(document, one, frame, random_mask(rng), Origin.PAINTED),
        lambda: edits.set_verified(document, one, frame, rng.random() > 0.5),
        lambda: edits.set_constraint(document, one, frame, rng.choice([None, *Constraint])),
        lambda: edits.set_range(document, rng.choice([None, 0]), rng.choice([None, 4])),
    ]


def tables(document: Document) -> dict[Table, dict[object, object]]:
    return {table: dict(document.rows(table)) for table in Table}


def by_object(document: Document) -> list[dict[int, object]]:
    return [
        dict(document.of_object(table, object_id))
        for table in FRAME_TABLES
        for object_id in range(1, 30)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_undo_of_any_history_is_exact(seed: int) -> None:
    rng, document = random.Random(seed), Document()
    history = []
    for _ in range(60):
        before = tables(document), by_object(document)
        try:
            edit = rng.choice(intents(rng, document))()
        except UsageError:  # the object is locked or the mask verified
            continue
        document.apply(edit)
        history.append((edit, before))
    for edit, before in reversed(history):
        after = tables(document), by_object(document)
        document.apply(edit.inverse())
        assert (tables(document), by_object(document)) == before
        document.apply(edit)
        assert (tables(document), by_object(document)) == after
        document.apply(edit.inverse())


def test_listeners_hear_changes_until_they_leave() -> None:
    document = Document()
    received: list[Change] = []
    leave = document.subscribe(received.extend)
    document.apply(edits.add_object(document))
    leave()
    document.apply(edits.add_object(document))
    assert [change.key for change in received] == [1]


def test_ids_are_not_given_twice() -> None:
    document = Document()
    document.apply(edits.add_object(document, object_id=7))
    document.apply(edits.add_object(document))
    assert [o.object_id for o in document.objects] == [7, 8]
    with pytest.raises(ValueError, match="free, got 7"):
        edits.add_object(document, object_id=7)


def test_an_edit_that_changes_nothing_is_empty() -> None:
    document = Document()
    document.apply(edits.add_object(document, "a"))
    assert not edits.update_object(document, 1, name="a").changes
    assert not edits.set_constraint(document, 1, 0, None).changes
    assert not edits.set_verified(document, 1, 0, True).changes


def test_an_empty_painted_mask_prompts_nothing() -> None:
    document = Document()
    document.apply(edits.add_object(document))
    document.apply(edits.draw_mask(document, 1, 0, RleMask.empty(SIZE_HW), Origin.PAINTED))
    assert document.mask(1, 0) is not None
    assert document.prompts(1, 0).is_empty


def test_masks_on_a_frame_follow_the_display_order() -> None:
    document = Document()
    for name in "abc":
        document.apply(edits.add_object(document, name))
    document.apply(edits.update_object(document, 3, order=0))
    rows = {(i, 0): FrameMask(RleMask.empty(SIZE_HW), Origin.TRACKED) for i in (1, 2, 3)}
    document.apply(edits.set_masks(document, rows, "Track"))
    assert [tracked.name for tracked, _ in document.masks_on(0)] == ["c", "a", "b"]


def test_a_copy_and_its_original_change_apart() -> None:
    document = Document()
    document.apply(edits.add_object(document))
    rng = random.Random(0)
    rows = [FrameMask(random_mask(rng), Origin.TRACKED) for _ in range(4)]
    document.apply(edits.set_masks(document, {(1, 0): rows[0], (1, 1): rows[1]}, "Track"))
    copied, later = document.copy(), document.copy()
    received: list[object] = []
    document.subscribe(received.append)
    copied.apply(edits.set_masks(copied, {(1, 0): rows[2]}, "Track"))
    assert not received
    document.apply(edits.set_masks(document, {(1, 1): rows[3]}, "Track"))
    document.apply(edits.add_object(document))
    document.apply(edits.set_masks(document, {(2, 5): rows[3]}, "Track"))
    assert dict(copied.rows(Table.MASKS)) == {(1, 0): rows[2], (1, 1): rows[1]}
    assert dict(later.rows(Table.MASKS)) == {(1, 0): rows[0], (1, 1): rows[1]}
    assert dict(document.rows(Table.MASKS)) == {
        (1, 0): rows[0],
        (1, 1): rows[3],
        (2, 5): rows[3],
    }
    assert [each.object_id for each in later.objects] == [1]
    assert len(document.objects) == 2


def test_a_copy_is_read_while_the_original_changes() -> None:
    document = Document()
    document.apply(edits.add_object(document))
    row = FrameMask(random_mask(random.Random(0)), Origin.TRACKED)
    document.apply(edits.set_masks(document, {(1, frame): row for frame in range(9)}, "Track"))
    seen = []
    for frame in document.copy().of_object(Table.MASKS, 1):
        document.apply(edits.set_masks(document, {(1, 100 + frame): row}, "Track"))
        seen.append(frame)
    assert seen == list(range(9))


def test_a_copy_costs_nothing_however_many_frames_there_are() -> None:
    document = Document()
    document.apply(edits.add_object(document))
    row = FrameMask(random_mask(random.Random(0)), Origin.TRACKED)
    document.apply(edits.set_masks(document, {(1, frame): row for frame in range(50_000)}, "Track"))
    start_s = time.thread_time()
    for _ in range(100):
        document.copy()
    assert time.thread_time() - start_s < 0.1  # of a second, for all of them
