"""The texts of the memory panel, from the rows of the document; Qt-free."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.document import Document, Origin, Table, TrackedObject
from app.core.memory import Constraint, MemoryDecision, MemoryRecord, MemoryScores
from app.core.queries import are_prompts_outdated, is_memory_outdated
from app.ui.style.memory_marks import Mark, bank_mark, memory_mark

_OUTSIDE = (MemoryDecision.REFUSED, MemoryDecision.BANNED)
VISIBLE_PRESENCE = 0.5
"""Object presence below which the object counts as not visible, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class DecisionText:
    """The decision on the current frame: a title, and details below it."""

    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class BankEntry:
    """A frame in the memory bank at the current frame.

    Attributes:
        frame: index of the frame.
        position: place in the bank, from 0; decides on its color.
        mark: how the frame entered the bank.
        scores: scores of the decision about it; None if the tracker recorded none.
        reason: reason of that decision.
        tokens: how many tokens it holds after the current frame; None if unknown.
        survivors: token grid (h, w) and its packed bits, see `MemoryRecord`; None if unknown.
        constraint: the user's constraint on the frame; None if there is none.
    """

    frame: int
    position: int
    mark: Mark
    scores: MemoryScores | None
    reason: str
    tokens: int | None
    survivors: tuple[int, int, bytes] | None
    constraint: Constraint | None

    @property
    def is_empty(self) -> bool:
        """Whether the token budget left it no token."""
        return self.tokens == 0


def decision_text(document: Document, tracked: TrackedObject | None, frame: int) -> DecisionText:
    """Return what the tracker decided about the current frame, as text."""
    if tracked is None:
        return DecisionText(
            "No object selected",
            "Select an object, or click one in the frame to add it.",
        )
    pending = _pending(document, tracked.object_id, frame)
    record = document.memory(tracked.object_id, frame)
    if record is not None and is_memory_outdated(document, tracked.object_id, frame):
        return _edited_text(document, tracked.object_id, frame, record)
    if record is not None:
        more = pending or _novelty(record)
        return DecisionText(
            f"Frame {frame}: {_outcome(record)}", f"{_sentence(record.reason)}{more}".strip()
        )
    if not document.of_object(Table.MEMORY, tracked.object_id):
        return DecisionText(
            f"{tracked.name} has not been tracked yet",
            f"Track it to see which frames enter its memory bank, and why.{pending}",
        )
    return DecisionText(
        f"Frame {frame}: {tracked.name} was not tracked here",
        f"Go to a frame that has a mark in the timeline's memory row.{pending}",
    )


def _edited_text(
    document: Document, object_id: int, frame: int, record: MemoryRecord
) -> DecisionText:
    """Return the text of a frame whose mask is no longer the one that the tracker decided on."""
    row = document.mask(object_id, frame)
    if record.decision is MemoryDecision.PROMPTED:
        is_prompted = not document.prompts(object_id, frame).is_empty
        return DecisionText(
            f"Frame {frame}: {'prompts changed' if is_prompted else 'prompts removed'}",
            "The tracker remembers this frame as it was prompted before, and its scores are of "
            f"that. Track again to apply the change.{_pending(document, object_id, frame)}",
        )
    is_imported = row is not None and row.origin is Origin.IMPORTED
    how = "imported" if is_imported else "edited by hand"
    is_prompt = row is not None and not is_imported and row.mask.area
    then = " Track again to remember it." if is_prompt else ""
    return DecisionText(
        f"Frame {frame}: {how}",
        f"The tracker has not seen this mask: its decision ({_outcome(record)}) is about the mask "
        f"that it predicted here.{then}{_pending(document, object_id, frame)}",
    )


def bank_entries(document: Document, object_id: int, frame: int) -> list[BankEntry]:
    """Return the frames whose tokens are stored after the current frame, ascending."""
    record = document.memory(object_id, frame)
    if record is None:
        return []
    return [_entry(document, object_id, place, record) for place in range(len(record.stored))]


def bank_title(entries: Sequence[BankEntry], frame: int) -> str:
    """Return the heading of the list of entries after a frame."""
    frames = "1 frame" if len(entries) == 1 else f"{len(entries)} frames"
    empty = sum(entry.is_empty for entry in entries)
    without = f", {empty} of them without tokens" if empty else ""
    return f"In memory after frame {frame}: {frames}{without}"


def percent(part: float, whole: float = 1.0) -> str:
    """Format ``part / whole`` in percent, with one decimal below 10 %."""
    value = 100 * part / whole if whole else 0.0
    digits = f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")
    return f"{digits}\N{NO-BREAK SPACE}%"


def _entry(document: Document, object_id: int, position: int, now: MemoryRecord) -> BankEntry:
    kept = now.stored[position]
    record = document.memory(object_id, kept)
    constraint = document.constraint(object_id, kept)
    mark = memory_mark(record, constraint, was_evicted=False)
    is_given = kept in now.prompts
    reason = "tracking started here" if record is None else record.reason
    if is_given and (record is None or record.run != now.run):
        mark, record = Mark.PROMPTED, None
        reason = "given to tracking as a prompt; this run has no scores of it"
    elif kept == now.recent:
        reason += "; only the next frame may read it"
    elif record is not None and (record.decision in _OUTSIDE or record.run != now.run):
        mark, record = Mark.KEPT, None
        reason = "in memory then; the frame was tracked again since, and its scores replaced"
    if is_given and are_prompts_outdated(document, object_id, kept, now.prompts[kept]):
        reason += "; changed since, track again to apply it"
    return BankEntry(
        frame=kept,
        position=position,
        mark=bank_mark(mark),
        scores=None if record is None else record.scores,
        reason=reason,
        tokens=now.tokens_of(kept),
        survivors=now.survivors.get(kept),
        constraint=constraint,
    )


def _outcome(record: MemoryRecord) -> str:
    scores = record.scores
    if record.decision is MemoryDecision.REFUSED and scores.object_presence < VISIBLE_PRESENCE:
        return f"not visible (presence {scores.object_presence:.2f}), so not kept"
    if record.decision is MemoryDecision.REPLACED:
        return f"kept in place of frame {record.evicted}"
    return record.decision.value


def _novelty(record: MemoryRecord) -> str:
    if record.decision is MemoryDecision.PROMPTED or "novelty" in record.reason:
        return ""
    return f" Novelty against the memory bank: {percent(record.scores.novelty)}."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _pending(document: Document, object_id: int, frame: int) -> str:
    """Return how a constraint set after tracking would change the decision."""
    record = document.memory(object_id, frame)
    decision = None if record is None else record.decision
    match document.constraint(object_id, frame):
        case Constraint.PIN if decision not in (MemoryDecision.PINNED, MemoryDecision.PROMPTED):
            return " Pinned: track again to keep it in memory."
        case Constraint.BAN if decision is not MemoryDecision.BANNED:
            return " Banned: track again to remove it from memory."
        case None if decision in (MemoryDecision.PINNED, MemoryDecision.BANNED):
            return " Released: track again to let the tracker decide."
        case _:
            return ""
