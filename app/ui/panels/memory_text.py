"""The texts of the memory panel, from the rows of the document; without widgets."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.document import Document, Origin, Table, TrackedObject
from app.core.memory import Constraint, MemoryDecision, MemoryRecord, MemoryScores
from app.core.queries import are_prompts_outdated, is_memory_outdated
from app.ui.style.memory_marks import Mark, bank_mark, memory_mark
from app.ui.translation import PLURAL, translate
from app.ui.translation.sentences import translate_sentence

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
            translate("MemoryText", "No object selected"),
            translate("MemoryText", "Select an object, or click one in the frame to add it."),
        )
    pending = _pending(document, tracked.object_id, frame)
    record = document.memory(tracked.object_id, frame)
    if record is not None and is_memory_outdated(document, tracked.object_id, frame):
        return _edited_text(document, tracked.object_id, frame, record)
    if record is not None:
        more = pending or _novelty(record)
        return DecisionText(
            _about_frame(frame, _outcome(record)), f"{_sentence(record.reason)}{more}".strip()
        )
    name = tracked.name
    if not document.of_object(Table.MEMORY, tracked.object_id):
        return DecisionText(
            translate("MemoryText", "{name} has not been tracked yet").format(name=name),
            translate("MemoryText", "Track it to see which frames enter its memory bank, and why.")
            + pending,
        )
    outcome = translate("MemoryText", "{name} was not tracked here").format(name=name)
    where = translate("MemoryText", "Go to a frame that has a mark in the timeline's memory row.")
    return DecisionText(_about_frame(frame, outcome), f"{where}{pending}")


def _about_frame(frame: int, outcome: str) -> str:
    text = translate("MemoryText", "Frame {frame}: {outcome}")
    return text.format(frame=frame, outcome=outcome)


def _edited_text(
    document: Document, object_id: int, frame: int, record: MemoryRecord
) -> DecisionText:
    """Return the text of a frame whose mask is no longer the one that the tracker decided on."""
    row = document.mask(object_id, frame)
    if record.decision is MemoryDecision.PROMPTED:
        if document.prompts(object_id, frame).is_empty:
            how = translate("MemoryText", "prompts removed")
        else:
            how = translate("MemoryText", "prompts changed")
        why = translate(
            "MemoryText",
            "The tracker remembers this frame as it was prompted before, and its scores are of "
            "that. Track again to apply the change.",
        )
        pending = _pending(document, object_id, frame)
        return DecisionText(_about_frame(frame, how), f"{why}{pending}")
    is_imported = row is not None and row.origin is Origin.IMPORTED
    if is_imported:
        how = translate("MemoryText", "imported")
    else:
        how = translate("MemoryText", "edited by hand")
    is_prompt = row is not None and not is_imported and row.mask.area
    then = translate("MemoryText", " Track again to remember it.") if is_prompt else ""
    why = translate(
        "MemoryText",
        "The tracker has not seen this mask: its decision ({decision}) is about the mask that it "
        "predicted here.",
    ).format(decision=_outcome(record))
    pending = _pending(document, object_id, frame)
    return DecisionText(_about_frame(frame, how), f"{why}{then}{pending}")


def bank_entries(document: Document, object_id: int, frame: int) -> list[BankEntry]:
    """Return the frames whose tokens are stored after the current frame, ascending."""
    record = document.memory(object_id, frame)
    if record is None:
        return []
    return [_entry(document, object_id, place, record) for place in range(len(record.stored))]


def bank_title(entries: Sequence[BankEntry], frame: int) -> str:
    """Return the heading of the list of entries after a frame."""
    text = translate(
        "MemoryText", "In memory after frame {frame}: %Ln frame(s)", "", PLURAL, len(entries)
    )
    title = text.format(frame=frame)
    if empty := sum(entry.is_empty for entry in entries):
        title += translate("MemoryText", ", %Ln of them without tokens", "", PLURAL, empty)
    return title


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
    reason = "" if record is None else translate_sentence(record.reason)
    reason = reason or translate("MemoryText", "tracking started here")
    if is_given and (record is None or record.run != now.run):
        mark, record = Mark.PROMPTED, None
        reason = translate(
            "MemoryText", "given to tracking as a prompt; this run has no scores of it"
        )
    elif kept == now.recent:
        reason += translate("MemoryText", "; only the next frame may read it")
    elif record is not None and (record.decision in _OUTSIDE or record.run != now.run):
        mark, record = Mark.KEPT, None
        reason = translate(
            "MemoryText",
            "in memory then; the frame was tracked again since, and its scores replaced",
        )
    if is_given and are_prompts_outdated(document, object_id, kept, now.prompts[kept]):
        reason += translate("MemoryText", "; changed since, track again to apply it")
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
        text = translate("MemoryText", "not visible (presence {presence}), so not kept")
        return text.format(presence=f"{scores.object_presence:.2f}")
    if record.decision is MemoryDecision.REPLACED:
        text = translate("MemoryText", "kept in place of frame {frame}")
        return text.format(frame=record.evicted)
    return translate_sentence(record.decision.value)


def _novelty(record: MemoryRecord) -> str:
    if record.decision is MemoryDecision.PROMPTED or "novelty" in record.reason:
        return ""
    text = translate("MemoryText", " Novelty against the memory bank: {percent}.")
    return text.format(percent=percent(record.scores.novelty))


def _sentence(reason: str) -> str:
    if not reason:
        return ""
    reason = translate_sentence(reason)
    text = translate("MemoryText", "{reason}.")
    return text.format(reason=f"{reason[:1].upper()}{reason[1:]}")


def _pending(document: Document, object_id: int, frame: int) -> str:
    """Return how a constraint set after tracking would change the decision."""
    record = document.memory(object_id, frame)
    decision = None if record is None else record.decision
    match document.constraint(object_id, frame):
        case Constraint.PIN if decision not in (MemoryDecision.PINNED, MemoryDecision.PROMPTED):
            return translate("MemoryText", " Pinned: track again to keep it in memory.")
        case Constraint.BAN if decision is not MemoryDecision.BANNED:
            return translate("MemoryText", " Banned: track again to remove it from memory.")
        case None if decision in (MemoryDecision.PINNED, MemoryDecision.BANNED):
            return translate("MemoryText", " Released: track again to let the tracker decide.")
        case _:
            return ""
