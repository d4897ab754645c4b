"""Undo reverts edits exactly, and together what belongs to one step."""

from typing import TYPE_CHECKING

import pytest

from app.core import edits
from app.core.document import Change, Document, Edit, FrameMask, Origin, Table, TrackedObject
from app.core.errors import UsageError
from app.core.history import History, HistoryUpdate
from app.core.masks import RleMask

if TYPE_CHECKING:
    from collections.abc import Sequence

MASK = FrameMask(RleMask.empty((4, 6)), Origin.TRACKED, 0.5)
PAINTED = FrameMask(RleMask.empty((4, 6)), Origin.PAINTED)


@pytest.fixture
def document() -> Document:
    return Document()


@pytest.fixture
def history(document: Document) -> History:
    return History(document)


def track(history: History, document: Document, frame: int, key: int) -> None:
    history.execute(edits.set_masks(document, {(1, frame): MASK}, "Track", merge_key=key))


def paint(history: History, document: Document, frame: int) -> None:
    history.execute(edits.set_masks(document, {(1, frame): PAINTED}, "Paint"))


def rename(history: History, document: Document, name: str) -> None:
    history.execute(edits.update_object(document, 1, name=name))


def test_undo_and_redo(history: History, document: Document) -> None:
    assert (history.undo_label, history.redo_label) == (None, None)
    history.execute(edits.add_object(document, "dog"))
    rename(history, document, "wolf")
    assert (history.undo_label, history.redo_label) == ("Change name of dog", None)
    history.undo()
    assert document.object(1).name == "dog"
    assert (history.undo_label, history.redo_label) == ("Add dog", "Change name of dog")
    history.undo()
    assert document.objects == []
    assert (history.undo_label, history.redo_label) == (None, "Add dog")
    history.redo()
    history.redo()
    assert document.object(1).name == "wolf"
    assert (history.undo_label, history.redo_label) == ("Change name of dog", None)


def test_undo_and_redo_at_the_ends_do_nothing(history: History, document: Document) -> None:
    history.undo()
    history.redo()
    history.execute(edits.add_object(document, "dog"))
    history.redo()
    assert len(history) == 1
    assert document.object(1).name == "dog"


def test_a_new_edit_ends_redo(history: History, document: Document) -> None:
    history.execute(edits.add_object(document, "dog"))
    rename(history, document, "wolf")
    history.undo()
    rename(history, document, "fox")
    assert history.redo_label is None
    history.redo()
    assert document.object(1).name == "fox"


def test_thousands_of_tracking_steps_are_one_step_of_undo(
    history: History, document: Document
) -> None:
    history.execute(edits.add_object(document))
    for frame in range(3000):
        track(history, document, frame, key=7)
    assert len(history) == 2
    history.undo()
    assert not document.rows(Table.MASKS)
    history.redo()
    assert len(document.rows(Table.MASKS)) == 3000


def test_two_trackings_are_two_steps(history: History, document: Document) -> None:
    track(history, document, 0, key=1)
    track(history, document, 1, key=2)
    history.undo()
    assert list(document.rows(Table.MASKS)) == [(1, 0)]


def test_edits_without_a_key_are_steps_of_their_own(history: History, document: Document) -> None:
    paint(history, document, 0)
    paint(history, document, 1)
    assert len(history) == 2


def test_the_oldest_step_is_forgotten_beyond_the_limit(document: Document) -> None:
    history = History(document, limit=3)
    for frame in range(4):
        track(history, document, frame, key=frame)
    assert len(history) == 3
    for _ in range(5):
        history.undo()
    assert list(document.rows(Table.MASKS)) == [(1, 0)]


def test_a_forgotten_step_was_not_undone(document: Document) -> None:
    history = History(document, limit=1)
    track(history, document, 0, key=1)
    paint(history, document, 5)
    assert not history.is_undone(1)


def test_merged_changes_of_one_row_go_back_to_the_first_state(
    history: History, document: Document
) -> None:
    history.execute(edits.add_object(document, "a"))
    with history.macro() as key:
        for name in ("b", "c"):
            rename(history, document, name)
    with history.macro(key):
        rename(history, document, "d")
    assert len(history) == 2
    history.undo()
    assert document.object(1).name == "a"
    history.redo()
    assert document.object(1).name == "d"


def test_a_click_that_makes_an_object_is_one_step_with_its_mask(
    history: History, document: Document
) -> None:
    with history.macro() as key:
        history.execute(edits.add_object(document, "dog"))
    track(history, document, 0, key)
    assert history.undo_label == "Add dog"
    history.undo()
    assert history.undo_label is None
    assert document.objects == []
    assert not document.rows(Table.MASKS)


def test_listeners_hear_of_a_macro_once_and_of_the_final_rows(
    history: History, document: Document
) -> None:
    received: list[Sequence[Change]] = []
    document.subscribe(received.append)
    with history.macro():
        history.execute(edits.add_object(document, "a"))
        rename(history, document, "b")
        assert document.object(1).name == "b"
        assert not received
    (changes,) = received
    assert [(c.key, c.before, c.after.name) for c in changes] == [(1, None, "b")]


def test_a_macro_that_changes_nothing_leaves_no_step_and_no_sound(
    history: History, document: Document
) -> None:
    received: list[Sequence[Change]] = []
    document.subscribe(received.append)
    with history.macro():
        pass
    assert not history.undo_label
    assert not received


def test_a_macro_that_fails_is_reverted(history: History, document: Document) -> None:
    received: list[Sequence[Change]] = []
    document.subscribe(received.append)

    def fail() -> None:
        with history.macro():
            history.execute(edits.add_object(document, "dog"))
            raise UsageError("no")

    with pytest.raises(UsageError):
        fail()
    assert document.objects == []
    assert len(history) == 0
    assert not received
    history.execute(edits.add_object(document, "cat"))
    assert history.undo_label == "Add cat"


def test_every_macro_has_a_key_of_its_own(history: History) -> None:
    with history.macro() as first:
        pass
    with history.macro() as second:
        pass
    assert len({first, second, history.new_key()}) == 3


def test_edits_that_change_nothing_leave_no_step(history: History, document: Document) -> None:
    history.execute(edits.add_object(document, "dog"))
    rename(history, document, "wolf")
    history.undo()
    history.execute(edits.set_verified(document, 1, 0, True))
    assert len(history) == 1
    assert history.redo_label == "Change name of dog"


def test_a_result_joins_its_own_step_though_others_came_in_between(
    history: History, document: Document
) -> None:
    history.execute(edits.add_object(document, "dog"))
    track(history, document, 0, key=1)
    rename(history, document, "wolf")
    track(history, document, 1, key=1)
    history.undo()
    assert document.object(1).name == "dog"
    assert len(document.rows(Table.MASKS)) == 2
    track(history, document, 2, key=1)
    assert history.redo_label == "Change name of dog"
    history.undo()
    assert not document.rows(Table.MASKS)


def test_a_result_that_overwrites_a_later_step_is_a_new_step(
    history: History, document: Document
) -> None:
    track(history, document, 0, key=1)
    paint(history, document, 5)
    track(history, document, 5, key=1)
    assert len(history) == 3
    history.undo()
    assert document.mask(1, 5) == PAINTED


def test_a_result_that_overwrites_an_undone_step_ends_redo(
    history: History, document: Document
) -> None:
    track(history, document, 0, key=1)
    paint(history, document, 5)
    history.undo()
    track(history, document, 5, key=1)
    assert history.redo_label is None
    assert len(history) == 2


def test_what_was_undone_stays_undone_after_further_edits(
    history: History, document: Document
) -> None:
    track(history, document, 0, key=1)
    assert not history.is_undone(1)
    history.undo()
    assert history.is_undone(1)
    assert not history.is_undone(2)
    history.redo()
    assert not history.is_undone(1)
    history.undo()
    history.execute(edits.add_object(document))
    assert history.is_undone(1)
    assert not history.is_undone(2)


def test_every_discarded_step_is_remembered_as_undone(history: History, document: Document) -> None:
    for key in (1, 2):
        track(history, document, 0, key)
        history.undo()
        history.execute(edits.add_object(document))
    assert history.is_undone(1)
    assert history.is_undone(2)


def rows(edit_or_changes: "Edit | Sequence[Change]") -> dict[object, tuple[object, object]]:
    changes = getattr(edit_or_changes, "changes", edit_or_changes)
    return {change.key: (change.before, change.after) for change in changes}


def test_the_changes_of_a_key_are_those_of_its_steps_that_are_not_undone(
    history: History, document: Document
) -> None:
    assert not history.is_done(1)
    assert history.changes(1) == []
    paint(history, document, 3)
    track(history, document, 3, key=1)
    track(history, document, 4, key=1)
    paint(history, document, 3)
    track(history, document, 3, key=1)  # a step of its own, since frame 3 was painted in between
    track(history, document, 5, key=2)
    assert history.is_done(1)
    assert rows(history.changes(1)) == {(1, 3): (PAINTED, MASK), (1, 4): (None, MASK)}
    found = [history.change(1, (Table.MASKS, (1, frame))) for frame in range(3, 6)]
    assert found == [*history.changes(1), None]
    for _ in range(4):
        history.undo()
    assert not history.is_done(1)
    assert history.changes(1) == []


@pytest.fixture
def tracked(history: History, document: Document) -> Document:
    """An object whose painted frames 2 to 6 were tracked with key 1."""
    history.execute(edits.add_object(document, "dog"))
    for frame in range(2, 7):
        paint(history, document, frame)
        track(history, document, frame, key=1)
    return document


def test_some_frames_of_a_step_are_reverted(history: History, tracked: Document) -> None:
    assert history.reverted(1, range(3, 9)).label == "Revert frames 3 to 8"
    edit = history.reverted(1, range(3, 5))
    assert edit.label == "Revert frames 3 to 4"
    assert edit.merge_key is None
    assert rows(edit) == {(1, 3): (MASK, PAINTED), (1, 4): (MASK, PAINTED)}
    history.execute(edit)
    assert [tracked.mask(1, frame) for frame in range(2, 7)] == [MASK, PAINTED, PAINTED, MASK, MASK]
    history.undo()
    assert tracked.mask(1, 3) == MASK


def test_a_frame_that_was_changed_after_the_step_is_not_reverted(
    history: History, tracked: Document
) -> None:
    history.execute(edits.set_verified(tracked, 1, 4, True))
    history.execute(edits.clear_masks(tracked, 1, [5]))
    assert [key for key in rows(history.reverted(1, range(10)))] == [(1, 2), (1, 3), (1, 6)]


def test_a_locked_object_is_not_reverted(history: History, tracked: Document) -> None:
    history.execute(edits.update_object(tracked, 1, is_locked=True))
    assert history.reverted(1, range(10)).changes == ()


def test_only_rows_of_frames_are_reverted(history: History, document: Document) -> None:
    with history.macro(7):
        history.execute(edits.add_object(document, "dog"))
        history.execute(edits.set_masks(document, {(1, 0): MASK}, "Track"))
    assert rows(history.reverted(7, range(9))) == {(1, 0): (MASK, None)}


def reopened(history: History, document: Document) -> History:
    """Return the history as the next session restores it, for the same document."""
    later = History(document)
    later.restore(history.stored())
    return later


def test_a_restored_history_undoes_and_redoes_as_before(
    history: History, document: Document
) -> None:
    history.execute(edits.add_object(document, "dog"))
    rename(history, document, "wolf")
    rename(history, document, "fox")
    paint(history, document, 3)
    history.undo()
    history.undo()

    later = reopened(history, document)

    assert len(later) == 2
    assert (later.undo_label, later.redo_label) == ("Change name of dog", "Change name of wolf")
    later.redo()
    assert document.object(1).name == "fox"
    later.redo()
    assert document.mask(1, 3) == PAINTED
    later.redo()  # there is no more
    for name in ("fox", "wolf", "dog"):
        later.undo()
        assert document.object(1).name == name
        assert document.mask(1, 3) is None
    later.undo()
    assert document.objects == []


def test_stored_steps_have_their_rows_as_they_were_on_the_other_side(
    history: History, document: Document
) -> None:
    history.execute(edits.add_object(document, "dog"))
    rename(history, document, "wolf")
    paint(history, document, 3)
    history.undo()

    added, renamed, painted = history.stored()

    assert [each.number for each in (added, renamed, painted)] == [1, 2, 3]
    assert [each.is_undone for each in (added, renamed, painted)] == [False, False, True]
    assert [each.label for each in (added, renamed, painted)] == [
        "Add dog",
        "Change name of dog",
        "Paint",
    ]
    (before,) = renamed.values.values()
    assert isinstance(before, TrackedObject)
    assert before.name == "dog"
    assert added.values[(Table.OBJECTS, 1)] is None
    assert painted.values == {(Table.MASKS, (1, 3)): PAINTED}


def test_steps_after_restoring_are_numbered_on_and_separate(
    history: History, document: Document
) -> None:
    history.execute(edits.add_object(document, "dog"))
    track(history, document, 1, key=1)

    later = reopened(history, document)
    numbers: list[int] = []
    later.subscribe(lambda update: numbers.append(update.step))
    track(later, document, 2, key=later.new_key())

    assert numbers == [3]
    assert len(later) == 3  # not merged into the step of the earlier session with the same key


def test_listeners_learn_which_way_a_step_moved(history: History, document: Document) -> None:
    history.execute(edits.add_object(document, "dog"))
    updates: list[HistoryUpdate] = []
    history.subscribe(updates.append)

    history.undo()
    history.redo()

    undone, redone = updates
    assert (undone.is_moved, undone.is_undone, undone.label) == (True, True, "Add dog")
    assert (redone.is_moved, redone.is_undone, redone.label) == (True, False, "Add dog")
    assert undone.step == redone.step == 1
    assert [change.after for change in undone.changes] == [None]
    assert [change.before for change in redone.changes] == [None]


def test_a_step_that_is_undone_and_replaced_is_reported_as_dropped(document: Document) -> None:
    history = History(document, limit=2)
    updates: list[HistoryUpdate] = []
    history.subscribe(updates.append)
    history.execute(edits.add_object(document, "dog"))
    rename(history, document, "wolf")
    history.undo()
    rename(history, document, "fox")
    assert updates[-1].dropped == (2,)  # it can no longer be redone
    rename(history, document, "cat")
    assert updates[-1].dropped == (1,)  # beyond the limit
