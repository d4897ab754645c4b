"""What a person painted or erased stays through predictions, unless a later click overrules it."""

from dataclasses import replace

import numpy as np
import pytest

from app.core import edits
from app.core.document import Document, FrameMask, Origin
from app.core.masks import RleMask
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt
from app.tracking.backend import FrameResult, Prediction
from app.tracking.results import result_edit
from app.tracking.strokes import with_strokes

SIZE_HW = (20, 40)
EMPTY = RleMask.empty(SIZE_HW)
POSITIVE, NEGATIVE = PointPrompt(5.5, 5.5), PointPrompt(5.5, 5.5, False)


def block(rows: slice, columns: slice) -> RleMask:
    bitmap = np.zeros(SIZE_HW, dtype=np.bool_)
    bitmap[rows, columns] = True
    return RleMask.encode(bitmap)


LEFT, RIGHT = block(slice(2, 10), slice(2, 12)), block(slice(2, 10), slice(25, 35))


@pytest.fixture
def document() -> Document:
    made = Document()
    made.apply(edits.add_object(made, "dog"))
    return made


def paint(document: Document, stroke: RleMask, is_erasing: bool = False) -> None:
    document.apply(edits.paint(document, 1, 0, stroke, is_erasing))


def click(document: Document, point: PointPrompt, predicted: RleMask) -> RleMask:
    """Click, let the model predict, and return the mask after it."""
    document.apply(edits.add_point(document, 1, 0, point))
    found = FrameResult(0, {1: Prediction(predicted, 0.7)})
    document.apply(result_edit(document, found, None))
    row = document.mask(1, 0)
    assert row is not None
    return row.mask


def test_painted_pixels_stay_set_and_erased_ones_clear(document: Document) -> None:
    paint(document, LEFT)
    paint(document, RIGHT, is_erasing=True)  # nothing there: no stroke to keep
    everything = block(slice(None), slice(None))
    assert click(document, PointPrompt(30, 5), EMPTY) == LEFT
    assert click(document, PointPrompt(31, 5), everything) == everything
    paint(document, RIGHT, is_erasing=True)
    assert click(document, PointPrompt(20, 15), everything) == everything - RIGHT
    assert len(document.prompts(1, 0).points) == 3


def test_clicks_and_the_box_stay_through_strokes_and_strokes_through_clicks(
    document: Document,
) -> None:
    document.apply(edits.set_box(document, 1, 0, BoxPrompt(1, 1, 20, 15)))
    click(document, POSITIVE, LEFT)
    paint(document, RIGHT)
    prompts = document.prompts(1, 0)
    assert (prompts.points, prompts.box) == ((POSITIVE,), BoxPrompt(1, 1, 20, 15))
    click(document, PointPrompt(3, 3), LEFT)
    row = document.mask(1, 0)
    assert row is not None
    assert row.mask == LEFT | RIGHT
    assert document.prompts(1, 0).strokes == prompts.strokes


def test_a_later_click_overrules_the_strokes_around_it_only(document: Document) -> None:
    paint(document, LEFT | RIGHT)
    hole = block(slice(4, 8), slice(4, 8))
    also = block(slice(4, 8), slice(27, 30))
    predicted = (LEFT - hole) | (RIGHT - also)
    assert click(document, NEGATIVE, predicted) == (LEFT - hole) | RIGHT
    paint(document, LEFT, is_erasing=True)
    again = click(document, POSITIVE, hole | also)
    assert again == hole | RIGHT


def test_a_stroke_over_a_click_overrules_it(document: Document) -> None:
    click(document, POSITIVE, LEFT)
    paint(document, LEFT, is_erasing=True)
    assert click(document, PointPrompt(30, 5), LEFT | RIGHT) == RIGHT
    paint(document, LEFT)
    assert document.prompts(1, 0).points_in_force == (POSITIVE, PointPrompt(30, 5))


def test_where_strokes_cover_the_last_click_nothing_is_left_to_predict(document: Document) -> None:
    click(document, POSITIVE, LEFT)
    paint(document, LEFT, is_erasing=True)
    assert not document.prompts(1, 0).can_predict
    click(document, PointPrompt(30, 5), RIGHT)
    document.apply(edits.remove_point(document, 1, 0, 1))
    assert document.prompts(1, 0).points == (POSITIVE,)
    assert document.mask(1, 0) == FrameMask(EMPTY, Origin.PAINTED)


def test_a_prediction_that_arrives_after_a_stroke_does_not_undo_it(document: Document) -> None:
    document.apply(edits.add_point(document, 1, 0, POSITIVE))
    paint(document, RIGHT)
    document.apply(result_edit(document, FrameResult(0, {1: Prediction(LEFT, 0.7)}), None))
    row = document.mask(1, 0)
    assert row is not None
    assert row.mask == LEFT | RIGHT


def test_without_its_last_click_a_frame_shows_what_was_drawn(document: Document) -> None:
    paint(document, LEFT)
    click(document, PointPrompt(30, 5), RIGHT)
    document.apply(edits.remove_point(document, 1, 0, 0))
    assert document.mask(1, 0) == FrameMask(LEFT, Origin.PAINTED)
    assert document.prompts(1, 0).strokes is not None


@pytest.mark.parametrize("origin", [Origin.TRACKED, Origin.IMPORTED])
def test_without_its_prompts_a_frame_shows_the_mask_that_they_refined(
    document: Document, origin: Origin
) -> None:
    row = FrameMask(LEFT, origin, 0.4)
    document.apply(edits.set_masks(document, {(1, 0): row}, "Put"))
    click(document, PointPrompt(30, 5), LEFT | RIGHT)
    paint(document, block(slice(15, 17), slice(0, 5)))
    refined = document.mask(1, 0)
    assert refined is not None
    assert refined.base == row
    document.apply(edits.clear_prompts(document, 1, [0]))
    assert document.mask(1, 0) == row


def test_a_click_older_than_the_strokes_is_the_newest_once_moved() -> None:
    points = (PointPrompt(1, 1), PointPrompt(2, 2))
    later = PointPrompt(30, 15)
    prompts = FramePrompts(points).with_strokes(EMPTY, LEFT).with_point(later)
    moved = prompts.with_moved_point(0, 5, 5)
    assert [(p.x, p.y) for p in moved.points] == [(2, 2), (30, 15), (5, 5)]
    assert moved.strokes is not None
    assert moved.strokes.num_points == 1
    assert with_strokes(moved, LEFT) == LEFT
    assert with_strokes(replace(moved, points=moved.points[:2]), LEFT) == EMPTY
    assert prompts.with_moved_point(2, 9, 9).points == (*points, PointPrompt(9, 9))


def test_a_mask_drawn_to_nothing_is_no_longer_tracked_from(document: Document) -> None:
    paint(document, LEFT)
    paint(document, LEFT, is_erasing=True)
    row = document.mask(1, 0)
    assert row is not None
    assert not row.mask.area
    paint(document, LEFT, is_erasing=True)
    assert document.mask(1, 0) is row
