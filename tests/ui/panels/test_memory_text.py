from dataclasses import replace

import numpy as np
import pytest

from app.core import edits
from app.core.document import FrameMask, Origin
from app.core.masks import RleMask
from app.core.memory import STARTED_HERE, Constraint, MemoryDecision
from app.core.prompts import FramePrompts, PointPrompt
from app.ui.panels.memory_text import (
    DecisionText,
    bank_entries,
    bank_title,
    decision_text,
    percent,
)
from app.ui.style.memory_marks import Mark, bank_mark, tokens_text
from tests.ui.timeline_stage import Stage, record

pytestmark = pytest.mark.usefixtures("qapp")  # the stage has timers


@pytest.fixture
def stage() -> Stage:
    stage = Stage(200)
    stage.add_object("dog")
    return stage


def text_of(stage: Stage, frame: int) -> DecisionText:
    return decision_text(stage.document, stage.document.object(1), frame)


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (MemoryDecision.KEPT, "kept"),
        (MemoryDecision.REPLACED, "kept in place of frame 37"),
        (MemoryDecision.REFUSED, "refused"),
    ],
)
def test_a_decision_is_shown_with_its_reason_and_novelty(
    stage: Stage, decision: MemoryDecision, words: str
) -> None:
    stage.put(1, {}, {120: record(decision, evicted=37, reason="the bank had room")})
    assert text_of(stage, 120) == DecisionText(
        f"Frame 120: {words}",
        "The bank had room. Novelty against the memory bank: 23\N{NO-BREAK SPACE}%.",
    )


def test_a_prompted_frame_has_no_novelty_text(stage: Stage) -> None:
    stage.put(1, {}, {120: record(MemoryDecision.PROMPTED, reason="by the user, always kept")})
    assert text_of(stage, 120) == DecisionText("Frame 120: prompted", "By the user, always kept.")


def test_novelty_is_not_repeated_after_the_reason(stage: Stage) -> None:
    stage.put(1, {}, {120: record(MemoryDecision.KEPT, reason="worth more: novelty 0.23")})
    assert text_of(stage, 120).detail == "Worth more: novelty 0.23."


def test_an_absent_object_is_reported_as_not_visible(stage: Stage) -> None:
    stage.put(1, {}, {120: record(MemoryDecision.REFUSED, presence=0.03, quality=0.0)})
    assert text_of(stage, 120).title == "Frame 120: not visible (presence 0.03), so not kept"


@pytest.mark.parametrize(
    ("origin", "title", "then"),
    [
        (Origin.PAINTED, "edited by hand", True),
        (Origin.PROMPT, "edited by hand", True),
        (Origin.IMPORTED, "imported", False),
    ],
)
def test_a_mask_that_tracking_has_not_seen_is_not_taken_for_the_one_it_decided_on(
    stage: Stage, origin: Origin, title: str, then: bool
) -> None:
    mask = RleMask.encode(np.ones((4, 4), dtype=np.bool_))
    stage.put(1, {}, {120: record(MemoryDecision.KEPT, reason="the bank had room")})
    document = stage.document
    document.apply(edits.set_masks(document, {(1, 120): FrameMask(mask, Origin.TRACKED)}, "Put"))
    assert text_of(stage, 120).title == "Frame 120: kept"
    document.apply(edits.set_masks(document, {(1, 120): FrameMask(mask, origin)}, "Put"))
    found = text_of(stage, 120)
    assert found.title == f"Frame 120: {title}"
    assert "its decision (kept) is about the mask that it predicted here" in found.detail
    assert ("Track again to remember it." in found.detail) is then
    for now in (
        record(MemoryDecision.PROMPTED),
        record(MemoryDecision.KEPT, reason=STARTED_HERE),
    ):
        stage.put(1, {}, {120: now})
        assert text_of(stage, 120).title == f"Frame 120: {now.decision}"


def test_a_stroke_where_tracking_started_is_not_taken_for_what_it_started_from(
    stage: Stage,
) -> None:
    mask = RleMask.encode(np.ones((4, 4), dtype=np.bool_))
    stage.put(1, {}, {120: record(MemoryDecision.KEPT, reason=STARTED_HERE)})
    document = stage.document
    document.apply(edits.set_masks(document, {(1, 120): FrameMask(mask, Origin.TRACKED)}, "Put"))
    assert text_of(stage, 120).title == "Frame 120: kept"
    document.apply(edits.paint(document, 1, 120, mask, is_erasing=True))
    assert text_of(stage, 120).title == "Frame 120: edited by hand"


def test_prompts_that_changed_after_tracking_are_not_taken_for_those_it_was_given(
    stage: Stage,
) -> None:
    document = stage.document
    stage.prompt(1, 120)
    given = {120: document.prompts(1, 120).digest}
    now = record(MemoryDecision.PROMPTED, (120,), reason="by the user, always kept")
    stage.put(1, {}, {120: replace(now, prompts=given)})
    assert text_of(stage, 120).title == "Frame 120: prompted"
    document.apply(edits.add_point(document, 1, 120, PointPrompt(9, 9, False)))
    found = text_of(stage, 120)
    assert found.title == "Frame 120: prompts changed"
    assert "its scores are of that. Track again to apply the change." in found.detail
    (entry,) = bank_entries(document, 1, 120)
    assert entry.reason == "by the user, always kept; changed since, track again to apply it"
    document.apply(edits.remove_point(document, 1, 120, 1))
    assert text_of(stage, 120).title == "Frame 120: prompted"
    document.apply(edits.clear_prompts(document, 1))
    assert text_of(stage, 120).title == "Frame 120: prompts removed"


def test_a_conditioning_frame_ahead_has_no_reason_and_scores_of_an_earlier_run(
    stage: Stage,
) -> None:
    stage.prompt(1, 150)
    given = {150: stage.document.prompts(1, 150).digest}
    now = replace(record(MemoryDecision.KEPT, (90, 120, 150)), run="second", prompts=given)
    rows = {90: replace(record(MemoryDecision.KEPT, reason="new view"), run="first"), 120: now}
    rows[150] = replace(record(MemoryDecision.KEPT, reason="the bank had room"), run="first")
    stage.put(1, {}, rows)
    entries = bank_entries(stage.document, 1, 120)
    assert [(e.frame, e.mark, e.scores is None) for e in entries] == [
        (90, Mark.KEPT, True),
        (120, Mark.KEPT, False),
        (150, Mark.PROMPTED, True),
    ]
    assert entries[0].reason.startswith("in memory then; the frame was tracked again since")
    assert entries[2].reason == "given to tracking as a prompt; this run has no scores of it"


def test_different_prompts_have_different_digests() -> None:
    mask = RleMask.encode(np.eye(4, dtype=np.bool_))
    click, other = PointPrompt(1, 2), PointPrompt(1, 2, False)
    all_of_them = [
        FramePrompts(),
        FramePrompts((click,)),
        FramePrompts((other,)),
        FramePrompts((click, other)),
        FramePrompts(mask=mask),
        FramePrompts(mask=RleMask.empty((4, 4))),
    ]
    assert len({each.digest for each in all_of_them}) == len(all_of_them)
    assert FramePrompts((PointPrompt(1.0, 2.0),)).digest == FramePrompts((click,)).digest


def test_missing_data_is_named(stage: Stage) -> None:
    assert decision_text(stage.document, None, 0).title == "No object selected"
    assert text_of(stage, 3).title == "dog has not been tracked yet"
    stage.put(1, {}, {120: record(MemoryDecision.KEPT)})
    assert text_of(stage, 3).title == "Frame 3: dog was not tracked here"


def test_a_constraint_that_tracking_has_not_applied_yet_is_named(stage: Stage) -> None:
    stage.put(1, {}, {4: record(MemoryDecision.REFUSED), 5: record(MemoryDecision.PINNED)})
    stage.document.apply(edits.set_constraint(stage.document, 1, 4, Constraint.PIN))
    assert text_of(stage, 4).detail.endswith("Pinned: track again to keep it in memory.")
    assert text_of(stage, 5).detail.endswith("Released: track again to let the tracker decide.")
    stage.document.apply(edits.set_constraint(stage.document, 1, 5, Constraint.PIN))
    assert "track again" not in text_of(stage, 5).detail
    stage.document.apply(edits.set_constraint(stage.document, 1, 5, Constraint.BAN))
    assert text_of(stage, 5).detail.endswith("Banned: track again to remove it from memory.")


def test_bank_entries_have_their_own_scores_and_the_current_tokens(stage: Stage) -> None:
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
        (20, Mark.KEPT),  # its record in the document is of a later run
    ]
    assert entries[2].scores is None
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
def test_a_bank_frame_shows_how_it_entered(mark: Mark, in_memory: Mark) -> None:
    assert bank_mark(mark) is in_memory


def test_entries_tell_the_tokens_they_hold_after_the_displayed_frame(stage: Stage) -> None:
    now = replace(
        record(MemoryDecision.REFUSED, bank=(0, 10), reason="quality 0.3 is below 0.5"),
        tokens={0: 380, 10: 0, 20: 41},
        recent=20,
    )
    earlier = record(MemoryDecision.KEPT, bank=(0, 10))
    stage.put(1, {}, {0: record(MemoryDecision.PROMPTED, (0,)), 10: earlier, 20: now})
    entries = bank_entries(stage.document, 1, 20)
    assert [(e.frame, e.tokens, e.is_empty) for e in entries] == [
        (0, 380, False),
        (10, 0, True),
        (20, 41, False),
    ]
    assert entries[2].reason == "quality 0.3 is below 0.5; only the next frame may read it"
    assert bank_title(entries, 20) == "In memory after frame 20: 3 frames, 1 of them without tokens"
    assert [e.tokens for e in bank_entries(stage.document, 1, 10)] == [42, 42]
    assert [tokens_text(n) for n in (None, 0, 1, 1200)] == [
        "tokens unknown",
        "no tokens",
        "1 token",
        "1,200 tokens",
    ]


def test_an_older_record_tells_only_which_entries_are_empty(stage: Stage) -> None:
    bare = record(MemoryDecision.KEPT, bank=(0, 10))
    old = replace(bare, tokens={}, survivors={**bare.survivors, 10: (8, 8, bytes(8))})
    stage.put(1, {}, {10: old})
    assert [e.tokens for e in bank_entries(stage.document, 1, 10)] == [None, 0]


def test_small_percentages_keep_a_decimal() -> None:
    assert [percent(498, 7168), percent(0.07), percent(0.234), percent(1, 0)] == [
        "6.9\N{NO-BREAK SPACE}%",
        "7\N{NO-BREAK SPACE}%",
        "23\N{NO-BREAK SPACE}%",
        "0\N{NO-BREAK SPACE}%",
    ]
