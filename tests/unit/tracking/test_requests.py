"""What is asked of a tracker follows from the document as it is when asked."""

import numpy as np
import pytest

from app.core import edits
from app.core.document import Document, FrameMask, Origin
from app.core.errors import UsageError
from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryDecision, MemoryRecord, MemoryScores
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt
from app.tracking.backend import Direction, ObjectRequest, SegmentRequest, TrackRequest
from app.tracking.requests import segment_request, track_request

SIZE_HW = (4, 8)
CLICK = FramePrompts((PointPrompt(1, 1),))
EMPTY = RleMask.empty(SIZE_HW)
FULL = RleMask.encode(np.ones(SIZE_HW, dtype=np.bool_))
LEFT = RleMask.encode(np.arange(8) < np.full((4, 1), 4))
DOT = RleMask.encode((np.arange(32) == 30).reshape(SIZE_HW))
RECORD = MemoryRecord(MemoryDecision.KEPT, "kept", MemoryScores(1, 1, 1, 1), (0,))
FORWARD, BACKWARD, BOTH = Direction.FORWARD, Direction.BACKWARD, Direction.BOTH


@pytest.fixture
def document() -> Document:
    made = Document()
    for name in ("dog", "cup"):
        made.apply(edits.add_object(made, name))
    return made


def put(document: Document, object_id: int, frame: int, row: FrameMask, tracked: bool) -> None:
    key = (object_id, frame)
    edit = edits.set_masks(document, {key: row}, "Put", {key: RECORD} if tracked else None)
    document.apply(edit)


def prompt(document: Document, object_id: int, frame: int) -> None:
    document.apply(edits.set_prompts(document, object_id, frame, CLICK))


@pytest.mark.parametrize(
    ("row", "refined"),
    [
        (FrameMask(FULL, Origin.TRACKED), FULL),
        (FrameMask(FULL, Origin.IMPORTED), FULL),
        (FrameMask(FULL, Origin.PROMPT, base=FrameMask(LEFT, Origin.TRACKED)), FULL),
        (FrameMask(FULL, Origin.PROMPT), None),
        (FrameMask(EMPTY, Origin.TRACKED), None),
    ],
)
def test_a_click_refines_the_mask_that_it_did_not_make(
    document: Document, row: FrameMask, refined: RleMask | None
) -> None:
    prompt(document, 1, 3)
    put(document, 1, 3, row, tracked=False)
    assert segment_request(document, 1, 3) == SegmentRequest(3, CLICK, refined)
    assert segment_request(document, 1, 2) == SegmentRequest(2, FramePrompts(), None)


def test_a_click_refines_the_mask_with_its_strokes(document: Document) -> None:
    prompt(document, 1, 3)
    put(document, 1, 3, FrameMask(LEFT, Origin.PROMPT), tracked=False)
    document.apply(edits.paint(document, 1, 3, DOT))
    assert segment_request(document, 1, 3).previous == LEFT | DOT


def test_a_removed_click_leaves_nothing_of_what_it_made(document: Document) -> None:
    prompt(document, 1, 3)
    put(document, 1, 3, FrameMask(FULL, Origin.PROMPT, base=FrameMask(LEFT, Origin.TRACKED)), True)
    assert segment_request(document, 1, 3, starts_over=True).previous == LEFT
    put(document, 1, 3, FrameMask(LEFT, Origin.PROMPT), tracked=False)
    document.apply(edits.paint(document, 1, 3, DOT))
    assert segment_request(document, 1, 3, starts_over=True).previous is None
    document.apply(edits.paint(document, 2, 3, DOT))
    prompt_more = document.prompts(2, 3).with_point(PointPrompt(1, 1))
    document.apply(edits.set_prompts(document, 2, 3, prompt_more))
    put(document, 2, 3, FrameMask(FULL, Origin.PROMPT), tracked=False)
    assert segment_request(document, 2, 3, starts_over=True).previous == DOT


def test_prompts_that_start_over_with_a_box_change_all_of_the_mask(document: Document) -> None:
    put(document, 1, 3, FrameMask(FULL, Origin.TRACKED), tracked=True)
    prompt(document, 1, 3)
    assert segment_request(document, 1, 3, starts_over=True).only_at_clicks
    document.apply(edits.set_box(document, 1, 3, BoxPrompt(1, 1, 3, 3)))
    assert segment_request(document, 1, 3).only_at_clicks
    assert not segment_request(document, 1, 3, starts_over=True).only_at_clicks


def test_points_under_later_strokes_are_not_asked_for(document: Document) -> None:
    put(document, 1, 3, FrameMask(FULL, Origin.TRACKED), tracked=True)
    prompt(document, 1, 3)
    document.apply(edits.paint(document, 1, 3, LEFT, is_erasing=True))
    assert segment_request(document, 1, 3).prompts == FramePrompts()
    document.apply(edits.add_point(document, 1, 3, PointPrompt(1, 2)))
    assert segment_request(document, 1, 3).prompts == FramePrompts((PointPrompt(1, 2),))


def test_tracking_is_given_the_mask_on_screen_where_it_is_more_than_clicks(
    document: Document,
) -> None:
    prompt(document, 1, 0)
    put(document, 1, 0, FrameMask(FULL, Origin.PROMPT), tracked=False)
    prompt(document, 1, 1)
    put(document, 1, 1, FrameMask(FULL, Origin.PROMPT, base=FrameMask(LEFT, Origin.TRACKED)), True)
    prompt(document, 1, 2)
    document.apply(edits.paint(document, 1, 2, DOT))
    document.apply(edits.paint(document, 1, 3, DOT))
    document.apply(edits.paint(document, 1, 3, DOT, is_erasing=True))
    (asked,) = track_request(document, 9, FORWARD, 0).objects
    given = FramePrompts(mask=FULL)
    assert asked.prompts == {0: CLICK, 1: given, 2: FramePrompts(mask=DOT)}


def test_a_request_holds_prompts_constraints_and_settings(document: Document) -> None:
    prompt(document, 1, 0)
    prompt(document, 1, 4)
    document.apply(edits.set_constraint(document, 1, 2, Constraint.BAN))
    asked = ObjectRequest(1, {0: CLICK, 4: CLICK}, {2: Constraint.BAN})
    assert track_request(document, 9, FORWARD, 0) == TrackRequest((asked,), 0, 0, 8, FORWARD)
    document.apply(edits.set_exclusive(document, True))
    request = track_request(document, 9, BOTH, 4)
    assert request == TrackRequest((asked,), 4, 0, 8, BOTH, is_exclusive=True)


def test_without_protection_drawings_in_the_way_do_not_guide_the_tracker(
    document: Document,
) -> None:
    for frame in (0, 2, 6):
        document.apply(edits.paint(document, 1, frame, DOT))
    for frame in (3, 4):
        prompt(document, 1, frame)
    document.apply(edits.paint(document, 1, 4, DOT))
    document.apply(edits.paint(document, 1, 5, DOT))
    document.apply(edits.set_verified(document, 1, 5, True))
    boxed = BoxPrompt(0, 0, 3, 3)
    document.apply(edits.set_box(document, 1, 4, boxed))
    clicks = FramePrompts(CLICK.points, boxed)
    drawn = FramePrompts(mask=DOT)

    def asked(start: int, protects: bool) -> dict[int, FramePrompts]:
        request = track_request(document, 9, FORWARD, start, [1], None, 5, protects)
        assert request.protects_hand_work is protects
        (each,) = request.objects
        return dict(each.prompts)

    assert asked(0, True) == {0: drawn, 2: drawn, 3: CLICK, 4: drawn, 5: drawn, 6: drawn}
    assert asked(0, False) == {0: drawn, 3: CLICK, 4: clicks, 5: drawn, 6: drawn}
    document.apply(edits.paint(document, 2, 4, DOT))
    (alone,) = track_request(document, 9, FORWARD, 0, [2], protects_hand_work=False).objects
    assert alone.prompts == {4: drawn}


def test_tracking_starts_from_the_mask_where_there_is_no_prompt(document: Document) -> None:
    put(document, 1, 2, FrameMask(FULL, Origin.TRACKED), tracked=True)
    (asked,) = track_request(document, 9, FORWARD, 2).objects
    assert asked.prompts == {2: FramePrompts(mask=FULL)}
    prompt(document, 1, 2)
    (asked,) = track_request(document, 9, FORWARD, 2).objects
    assert asked.prompts == {2: CLICK}
    with pytest.raises(UsageError, match="no unlocked object has a prompt, or a mask where"):
        track_request(document, 9, FORWARD, 2, [2])


def test_series_of_imported_masks_that_tracking_comes_to_guide_it_by_their_ends(
    document: Document,
) -> None:
    prompt(document, 1, 2)
    for frame in (0, 4, 5, 6, 8):
        put(document, 1, frame, FrameMask(FULL, Origin.IMPORTED), tracked=False)
    put(document, 1, 7, FrameMask(EMPTY, Origin.IMPORTED), tracked=False)

    def asked(direction: Direction, protects: bool = True) -> list[int]:
        request = track_request(document, 9, direction, 2, [1], protects_hand_work=protects)
        return sorted(request.objects[0].prompts)

    assert asked(FORWARD) == [2, 4, 6, 8]
    assert asked(BACKWARD) == [0, 2]
    assert asked(FORWARD, protects=False) == [2]
    document.apply(edits.set_verified(document, 1, 4, True))
    assert asked(FORWARD, protects=False) == [2, 4]


def test_tracking_does_not_start_from_an_empty_mask(document: Document) -> None:
    put(document, 1, 2, FrameMask(EMPTY, Origin.TRACKED), tracked=True)
    with pytest.raises(UsageError, match="There is nothing to track"):
        track_request(document, 9, FORWARD, 2)


def test_all_unlocked_objects_are_tracked_unless_some_are_chosen(document: Document) -> None:
    for object_id in (1, 2):
        prompt(document, object_id, 0)

    def ids(object_ids: list[int] | None) -> list[int]:
        request = track_request(document, 9, FORWARD, 0, object_ids)
        return [each.object_id for each in request.objects]

    assert ids(None) == [1, 2]
    assert ids([2]) == [2]
    document.apply(edits.update_object(document, 2, is_locked=True))
    assert ids(None) == [1]
    with pytest.raises(UsageError) as refusal:
        ids([2])
    assert refusal.value.hint == "Click an object first."
    assert refusal.value.sentence == (
        "There is nothing to track: no unlocked object has a prompt, or a mask where tracking "
        "starts."
    )


@pytest.mark.parametrize(
    ("in_out", "first", "last", "bounds"),
    [
        ((None, None), None, None, (0, 8)),
        ((2, 6), None, None, (2, 6)),
        ((2, 6), 3, 5, (3, 5)),
        ((0, 6), None, None, (0, 6)),
        ((2, 6), 0, None, (0, 6)),
    ],
)
def test_the_range_is_the_given_one_else_in_and_out_else_the_video(
    document: Document,
    in_out: tuple[int | None, int | None],
    first: int | None,
    last: int | None,
    bounds: tuple[int, int],
) -> None:
    prompt(document, 1, 4)
    document.apply(edits.set_range(document, *in_out))
    request = track_request(document, 9, BOTH, 4, None, first, last)
    assert (request.first, request.last) == bounds


@pytest.mark.parametrize("start", [2, 7])
def test_tracking_starts_inside_the_range_only(document: Document, start: int) -> None:
    prompt(document, 1, start)
    with pytest.raises(UsageError) as refusal:
        track_request(document, 9, FORWARD, start, None, 3, 6)
    assert refusal.value.sentence == (
        f"Tracking cannot start on frame {start}, outside the range 3 to 6."
    )
    assert refusal.value.hint == "Move into the range, or clear it."
    for edge in (3, 6):
        prompt(document, 1, edge)
        assert track_request(document, 9, FORWARD, edge, None, 3, 6).start == edge


@pytest.mark.parametrize(
    ("direction", "frames"),
    [(FORWARD, [3, 4, 5]), (BACKWARD, [3, 2, 1]), (BOTH, [3, 4, 5, 2, 1])],
)
def test_frames_are_tracked_from_the_start_outwards(
    direction: Direction, frames: list[int]
) -> None:
    assert TrackRequest((), 3, 1, 5, direction).frames == frames


def test_starting_over_keeps_strokes_over_the_mask_that_prompts_refined(
    document: Document,
) -> None:
    base = FrameMask(LEFT, Origin.TRACKED)
    prompt(document, 1, 3)
    put(document, 1, 3, FrameMask(FULL - DOT, Origin.PROMPT, base=base), tracked=False)
    document.apply(edits.paint(document, 1, 3, DOT))
    assert segment_request(document, 1, 3, starts_over=True).previous == LEFT | DOT


def test_what_was_painted_and_erased_again_is_no_mask_to_start_from(document: Document) -> None:
    document.apply(edits.paint(document, 1, 3, DOT))
    document.apply(edits.paint(document, 1, 3, DOT, is_erasing=True))
    document.apply(edits.add_point(document, 1, 3, PointPrompt(1, 1)))
    assert segment_request(document, 1, 3, starts_over=True).previous is None


def test_a_request_for_a_mask_has_the_box_and_what_becomes_of_islands(document: Document) -> None:
    prompt(document, 1, 3)
    box = BoxPrompt(0, 0, 3, 3)
    document.apply(edits.set_box(document, 1, 3, box))
    request = segment_request(document, 1, 3, drops_islands=False)
    assert request.prompts == FramePrompts(CLICK.points, box)
    assert not request.drops_islands
    assert segment_request(document, 1, 3, drops_islands=True).drops_islands
