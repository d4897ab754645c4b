"""What the memory panel says, from the rows of the document; Qt-free."""

from dataclasses import dataclass

from app.core.document import Document, Table, TrackedObject
from app.core.memory import Constraint, MemoryDecision, MemoryRecord, MemoryScores
from app.ui.style.memory_marks import Mark, bank_mark, memory_mark

SEEN_PRESENCE = 0.5


@dataclass(frozen=True, slots=True)
class DecisionText:
    """What happened on the current frame: a sentence, and more words under it."""

    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class BankEntry:
    """A frame in memory at the current frame.

    Attributes:
        mark: how it came to be there.
        scores: of the decision about it; None when the tracker never made one.
        reason: of that decision, in words.
        survivors: token grid (h, w) and its packed bits, see `MemoryRecord`; None if unknown.
    """

    frame: int
    mark: Mark
    scores: MemoryScores | None
    reason: str
    survivors: tuple[int, int, bytes] | None
    constraint: Constraint | None


def decision_text(document: Document, tracked: TrackedObject | None, frame: int) -> DecisionText:
    """Say in words what the tracker decided about the current frame."""
    if tracked is None:
        return DecisionText(
            "No object chosen",
            "Choose an object, or click on something in the picture to add one.",
        )
    pending = _pending(document, tracked.object_id, frame)
    record = document.memory(tracked.object_id, frame)
    if record is not None:
        more = pending or _unlike(record)
        return DecisionText(
            f"Frame {frame}: {_happened(record)}", f"{_sentence(record.reason)}{more}".strip()
        )
    if not document.of_object(Table.MEMORY, tracked.object_id):
        return DecisionText(
            f"{tracked.name} has not been tracked yet",
            f"Track it to see what the tracker remembers of it, and why.{pending}",
        )
    return DecisionText(
        f"Frame {frame}: {tracked.name} was not tracked here",
        f"Go to a frame that has a mark in the timeline's memory row.{pending}",
    )


def bank_entries(document: Document, object_id: int, frame: int) -> list[BankEntry]:
    """List the frames that are in memory after the decision on the current frame, ascending."""
    record = document.memory(object_id, frame)
    if record is None:
        return []
    return [_entry(document, object_id, kept, record) for kept in record.bank]


def percent(part: float, whole: float = 1.0) -> str:
    """Write a share, one decimal where it is small."""
    value = 100 * part / whole if whole else 0.0
    digits = f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")
    return f"{digits}\N{NO-BREAK SPACE}%"


def _entry(document: Document, object_id: int, kept: int, now: MemoryRecord) -> BankEntry:
    record = document.memory(object_id, kept)
    constraint = document.constraint(object_id, kept)
    mark = memory_mark(record, constraint, was_evicted=False)
    return BankEntry(
        frame=kept,
        mark=bank_mark(mark),
        scores=None if record is None else record.scores,
        reason="the tracker started here" if record is None else record.reason,
        survivors=now.survivors.get(kept),
        constraint=constraint,
    )


def _happened(record: MemoryRecord) -> str:
    scores = record.scores
    if record.decision is MemoryDecision.REFUSED and scores.object_presence < SEEN_PRESENCE:
        return f"not seen (presence {scores.object_presence:.2f}), so not remembered"
    if record.decision is MemoryDecision.REPLACED:
        return f"kept in place of frame {record.evicted}"
    return record.decision.value


def _unlike(record: MemoryRecord) -> str:
    if record.decision is MemoryDecision.PROMPTED or "novelty" in record.reason:
        return ""
    return f" Looks {percent(record.scores.novelty)} unlike what is remembered."


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def _pending(document: Document, object_id: int, frame: int) -> str:
    """Return what the user demanded of the frame since it was tracked."""
    record = document.memory(object_id, frame)
    decision = None if record is None else record.decision
    match document.constraint(object_id, frame):
        case Constraint.PIN if decision not in (MemoryDecision.PINNED, MemoryDecision.PROMPTED):
            return " Pinned: track again to remember it."
        case Constraint.BAN if decision is not MemoryDecision.BANNED:
            return " Banned: track again to forget it."
        case None if decision in (MemoryDecision.PINNED, MemoryDecision.BANNED):
            return " Released: track again to let the tracker decide."
        case _:
            return ""
