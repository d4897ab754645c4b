import random

import pytest

from app.core import edits
from app.core.document import Edit
from app.core.memory import Constraint, MemoryDecision
from app.ui.style.memory_marks import Mark
from app.ui.timeline.model import Flag, Lane, TimelineModel
from tests.ui.timeline_stage import EMPTY, Stage, painted, record, tracked

pytestmark = pytest.mark.usefixtures("qapp")  # for timers

NUM_FRAMES = 40


@pytest.fixture
def stage() -> Stage:
    return Stage(NUM_FRAMES)


def test_lane_flags_encode_origin_emptiness_and_verification(stage: Stage) -> None:
    dog = stage.add_object("dog")
    stage.prompt(dog, 0)
    rows = {
        0: painted(),
        1: tracked(0.7),
        2: tracked(0.1, EMPTY),
        3: tracked(0.8, is_verified=True),
    }
    stage.put(dog, rows)
    lane = Lane(stage.document, dog, NUM_FRAMES)
    solid = Flag.MASK | Flag.SOLID
    assert Flag(int(lane.flags[0])) == solid | Flag.BY_HAND | Flag.PROMPT
    assert Flag(int(lane.flags[1])) == solid
    assert Flag(int(lane.flags[2])) == Flag.MASK | Flag.EMPTY
    assert Flag(int(lane.flags[3])) == solid | Flag.VERIFIED
    assert not lane.flags[4:].any()
    assert lane.confidence[:4].tolist() == pytest.approx([float("nan"), 0.7, 0.1, 0.8], nan_ok=True)


def test_an_evicted_frame_is_marked_replaced_until_undo(stage: Stage) -> None:
    dog = stage.add_object("dog")
    stage.put(
        dog, {}, {3: record(MemoryDecision.KEPT, (3,)), 5: record(MemoryDecision.REFUSED, (3,))}
    )
    model = TimelineModel(stage.document, NUM_FRAMES)
    stage.bridge.changed.connect(model.on_document_changed)
    marks = model.lane(dog).marks
    assert (marks[3], marks[5]) == (Mark.KEPT, Mark.REFUSED)
    rows = {(dog, 9): record(MemoryDecision.REPLACED, (9,), evicted=3)}
    edit = edits.set_masks(stage.document, {}, "Track", rows)
    stage.document.apply(edit)
    assert (marks[3], marks[9]) == (Mark.REPLACED, Mark.KEPT)
    stage.document.apply(edit.inverse())
    assert (marks[3], marks[9]) == (Mark.KEPT, Mark.NONE)


def test_a_constraint_shows_before_tracking_applies_it(stage: Stage) -> None:
    dog = stage.add_object("dog")
    stage.put(dog, {}, {3: record(MemoryDecision.REFUSED)})
    stage.document.apply(edits.set_constraint(stage.document, dog, 3, Constraint.PIN))
    stage.document.apply(edits.set_constraint(stage.document, dog, 4, Constraint.BAN))
    marks = Lane(stage.document, dog, NUM_FRAMES).marks
    assert (marks[3], marks[4]) == (Mark.PINNED, Mark.BANNED)


def random_edit(stage: Stage, dog: int) -> Edit:
    frames = random.sample(range(NUM_FRAMES), 4)
    match random.randrange(3):
        case 0:
            chosen = [None, painted(), tracked(0.3), tracked(0.9, EMPTY)]
            rows = {(dog, frame): random.choice(chosen) for frame in frames}
            return edits.set_masks(stage.document, rows, "Mask")
        case 1:
            decisions = [MemoryDecision.KEPT, MemoryDecision.REPLACED, MemoryDecision.REFUSED]
            records = {
                (dog, frame): random.choice(
                    [None, record(random.choice(decisions), evicted=random.choice([None, *frames]))]
                )
                for frame in frames
            }
            return edits.set_masks(stage.document, {}, "Remember", records)
        case _:
            constraint = random.choice([None, Constraint.PIN, Constraint.BAN])
            return edits.set_constraint(stage.document, dog, frames[0], constraint)


def test_an_updated_lane_equals_a_rebuilt_one(stage: Stage) -> None:
    dog = stage.add_object("dog")
    model = TimelineModel(stage.document, NUM_FRAMES)
    stage.bridge.changed.connect(model.on_document_changed)
    lane = model.lane(dog)
    done: list[Edit] = []
    for _ in range(200):
        undo = done and random.random() < 0.3
        edit = done[-1].inverse() if undo else random_edit(stage, dog)
        stage.document.apply(edit)
        done.append(edit)
        fresh = Lane(stage.document, dog, NUM_FRAMES)
        assert lane.flags.tolist() == fresh.flags.tolist()
        assert lane.marks.tolist() == fresh.marks.tolist()
        assert lane.confidence.tolist() == pytest.approx(fresh.confidence.tolist(), nan_ok=True)
