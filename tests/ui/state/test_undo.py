"""Undo takes edits back exactly, and what belongs together in one step."""

import pytest
from pytestqt.qtbot import QtBot

from app.core import edits
from app.core.document import Document, FrameMask, Origin, Table
from app.core.masks import RleMask
from app.ui.state.undo import EditStack

MASK = FrameMask(RleMask.empty((4, 6)), Origin.TRACKED, 0.5)


@pytest.fixture
def document() -> Document:
    return Document()


@pytest.fixture
def stack(qtbot: QtBot, document: Document) -> EditStack:
    return EditStack(document)


def track(stack: EditStack, document: Document, frame: int, key: str) -> None:
    stack.push_edit(edits.set_masks(document, {(1, frame): MASK}, "Track", merge_key=key))


def test_undo_and_redo(stack: EditStack, document: Document) -> None:
    stack.push_edit(edits.add_object(document, "dog"))
    stack.push_edit(edits.update_object(document, 1, name="wolf"))
    stack.undo()
    assert document.object(1).name == "dog"
    assert stack.redoText() == "Change name of dog"
    stack.undo()
    assert document.objects == []
    stack.redo()
    stack.redo()
    assert document.object(1).name == "wolf"


def test_thousands_of_tracking_steps_are_one_step_of_undo(
    stack: EditStack, document: Document
) -> None:
    stack.push_edit(edits.add_object(document))
    for frame in range(3000):
        track(stack, document, frame, "track 1")
    assert stack.count() == 2
    stack.undo()
    assert not document.rows(Table.MASKS)
    stack.redo()
    assert len(document.rows(Table.MASKS)) == 3000


def test_two_trackings_are_two_steps(stack: EditStack, document: Document) -> None:
    stack.push_edit(edits.add_object(document))
    track(stack, document, 0, "track 1")
    track(stack, document, 1, "track 2")
    stack.undo()
    assert list(document.rows(Table.MASKS)) == [(1, 0)]


def test_merged_changes_of_one_row_go_back_to_the_first_state(
    stack: EditStack, document: Document
) -> None:
    stack.push_edit(edits.add_object(document, "a"))
    with stack.merging("typing"):
        for name in ("b", "c", "d"):
            stack.push_edit(edits.update_object(document, 1, name=name))
    assert stack.count() == 2
    stack.undo()
    assert document.object(1).name == "a"
    stack.redo()
    assert document.object(1).name == "d"


def test_a_click_that_makes_an_object_is_one_step_with_its_mask(
    stack: EditStack, document: Document
) -> None:
    with stack.merging("click"):
        stack.push_edit(edits.add_object(document))
    with stack.merging("click"):
        stack.push_edit(edits.set_masks(document, {(1, 0): MASK}, "Segment"))
    stack.undo()
    assert not stack.canUndo()
    assert document.objects == []
    assert not document.rows(Table.MASKS)


def test_edits_that_change_nothing_leave_no_step(stack: EditStack, document: Document) -> None:
    stack.push_edit(edits.add_object(document))
    stack.push_edit(edits.set_verified(document, 1, 0, True))
    assert stack.count() == 1


def test_nothing_is_signalled_while_tearing_down(
    qtbot: QtBot, stack: EditStack, document: Document
) -> None:
    stack.push_edit(edits.add_object(document))
    signals: list[int] = []
    stack.indexChanged.connect(signals.append)
    stack.tear_down()
    assert signals == []
    assert document.object(1)


def test_an_outcome_joins_its_own_step_though_others_came_in_between(
    stack: EditStack, document: Document
) -> None:
    stack.push_edit(edits.add_object(document, "dog"))
    track(stack, document, 0, "track 1")
    stack.push_edit(edits.update_object(document, 1, name="wolf"))
    track(stack, document, 1, "track 1")
    stack.undo()
    assert document.object(1).name == "dog"
    assert len(document.rows(Table.MASKS)) == 2
    track(stack, document, 2, "track 1")
    assert stack.redoText() == "Change name of dog"
    stack.undo()
    assert not document.rows(Table.MASKS)


def test_an_outcome_that_overwrites_a_later_step_is_a_new_step(
    stack: EditStack, document: Document
) -> None:
    track(stack, document, 0, "track 1")
    painted = FrameMask(RleMask.empty((4, 6)), Origin.PAINTED)
    stack.push_edit(edits.set_masks(document, {(1, 5): painted}, "Paint"))
    track(stack, document, 5, "track 1")
    assert stack.count() == 3
    stack.undo()
    assert document.mask(1, 5) == painted


def test_a_step_that_was_undone_takes_nothing_in(stack: EditStack, document: Document) -> None:
    track(stack, document, 0, "track 1")
    assert not stack.is_undone("track 1")
    stack.undo()
    assert stack.is_undone("track 1")
    stack.push_edit(edits.add_object(document))
    assert stack.is_undone("track 1")
    assert not stack.is_undone("track 2")
