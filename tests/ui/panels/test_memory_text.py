from dataclasses import replace

import pytest

from app.core import edits
from app.core.memory import Constraint, MemoryDecision
from app.ui.panels.memory_text import DecisionText, bank_entries, decision_text, percent
from app.ui.style.memory_marks import Mark, bank_mark
from tests.ui.timeline_stage import Stage, record


@pytest.fixture
def stage() -> Stage:
    stage = Stage(200)
    stage.add_object("dog")
    return stage


def said(stage: Stage, frame: int) -> DecisionText:
    return decision_text(stage.document, stage.document.object(1), frame)


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (MemoryDecision.KEPT, "kept"),
        (MemoryDecision.REPLACED, "kept in place of frame 37"),
        (MemoryDecision.REFUSED, "refused"),
    ],
)
def test_a_decision_is_told_with_its_reason_and_novelty(
    stage: Stage, decision: MemoryDecision, words: str
) -> None:
    stage.put(1, {}, {120: record(decision, evicted=37, reason="the bank had room")})
    assert said(stage, 120) == DecisionText(
        f"Frame 120: {words}",
        "The bank had room. Novelty against the memory bank: 23\N{NO-BREAK SPACE}%.",
    )


def test_a_prompted_frame_is_compared_with_nothing(stage: Stage) -> None:
    stage.put(1, {}, {120: record(MemoryDecision.PROMPTED, reason="by the user, always kept")})
    assert said(stage, 120) == DecisionText("Frame 120: prompted", "By the user, always kept.")


def test_a_reason_that_tells_the_novelty_is_enough(stage: Stage) -> None:
    stage.put(1, {}, {120: record(MemoryDecision.KEPT, reason="worth more: novelty 0.23")})
    assert said(stage, 120).detail == "Worth more: novelty 0.23."


def test_an_object_out_of_sight_is_said_to_be_not_seen(stage: Stage) -> None:
    stage.put(1, {}, {120: record(MemoryDecision.REFUSED, presence=0.03, quality=0.0)})
    assert said(stage, 120).title == "Frame 120: not visible (presence 0.03), so not kept"


def test_what_is_missing_is_said(stage: Stage) -> None:
    assert decision_text(stage.document, None, 0).title == "No object selected"
    assert said(stage, 3).title == "dog has not been tracked yet"
    stage.put(1, {}, {120: record(MemoryDecision.KEPT)})
    assert said(stage, 3).title == "Frame 3: dog was not tracked here"


def test_a_demand_that_tracking_has_not_obeyed_yet_is_said(stage: Stage) -> None:
    stage.put(1, {}, {4: record(MemoryDecision.REFUSED), 5: record(MemoryDecision.PINNED)})
    stage.document.apply(edits.set_constraint(stage.document, 1, 4, Constraint.PIN))
    assert said(stage, 4).detail.endswith("Pinned: track again to keep it in memory.")
    assert said(stage, 5).detail.endswith("Released: track again to let the tracker decide.")
    stage.document.apply(edits.set_constraint(stage.document, 1, 5, Constraint.PIN))
    assert "track again" not in said(stage, 5).detail
    stage.document.apply(edits.set_constraint(stage.document, 1, 5, Constraint.BAN))
    assert said(stage, 5).detail.endswith("Banned: track again to remove it from memory.")


def test_the_bank_lists_frames_with_their_own_scores_and_todays_tokens(stage: Stage) -> None:
    now = record(MemoryDecision.REFUSED, bank=(0, 10, 20))
    stage.put(
        1,
        {},
        {
            10: record(MemoryDecision.KEPT, quality=0.5, reason="new view"),
            20: now,
            30: record(MemoryDecision.KEPT),
        },
    )
    entries = bank_entries(stage.document, 1, 20)
    assert [(e.frame, e.mark) for e in entries] == [
        (0, Mark.PROMPTED),
        (10, Mark.KEPT),
        (20, Mark.REFUSED),
    ]
    assert entries[1].reason == "new view"
    assert entries[1].scores == replace(now.scores, predicted_iou=0.5, quality=0.5)
    assert entries[1].survivors == now.survivors[10]
    assert bank_entries(stage.document, 1, 21) == []


@pytest.mark.parametrize(
    ("mark", "in_memory"),
    [
        (Mark.NONE, Mark.PROMPTED),
        (Mark.PROMPTED, Mark.PROMPTED),
        (Mark.REPLACED, Mark.KEPT),
        (Mark.PINNED, Mark.PINNED),
    ],
)
def test_a_frame_in_memory_shows_how_it_came_there(mark: Mark, in_memory: Mark) -> None:
    assert bank_mark(mark) is in_memory


def test_small_shares_keep_a_decimal() -> None:
    assert [percent(498, 7168), percent(0.07), percent(0.234), percent(1, 0)] == [
        "6.9\N{NO-BREAK SPACE}%",
        "7\N{NO-BREAK SPACE}%",
        "23\N{NO-BREAK SPACE}%",
        "0\N{NO-BREAK SPACE}%",
    ]
