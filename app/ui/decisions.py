"""What a frame is to the memory of an object, for all that show it; Qt-free."""

from enum import IntEnum

from app.core.memory import Constraint, Decision, MemoryRecord


class Mark(IntEnum):
    """What a frame is to the memory of an object; the greater wins where marks meet."""

    NONE = 0
    REFUSED = 1
    BANNED = 2
    REPLACED = 3  # was remembered, then made room for another frame
    KEPT = 4
    PINNED = 5
    PROMPTED = 6


MARK_NAMES = {
    Mark.PROMPTED: "prompted",
    Mark.PINNED: "pinned",
    Mark.KEPT: "kept",
    Mark.REPLACED: "replaced later",
    Mark.REFUSED: "refused",
    Mark.BANNED: "banned",
}
_DECISION_MARKS = {
    Decision.PROMPTED: Mark.PROMPTED,
    Decision.KEPT: Mark.KEPT,
    Decision.REPLACED: Mark.KEPT,  # entered too, at another frame's expense
    Decision.REFUSED: Mark.REFUSED,
    Decision.PINNED: Mark.PINNED,
    Decision.BANNED: Mark.BANNED,
}
_CONSTRAINT_MARKS = {Constraint.PIN: Mark.PINNED, Constraint.BAN: Mark.BANNED}


def memory_mark(
    record: MemoryRecord | None, constraint: Constraint | None, was_evicted: bool
) -> Mark:
    """Tell what a frame is to the memory of an object.

    Args:
        record: the tracker's decision.
        constraint: the user's demand; it wins, even before tracking obeyed it.
        was_evicted: whether a later decision took the frame out of memory again.
    """
    if constraint is not None:
        return _CONSTRAINT_MARKS[constraint]
    if record is None:
        return Mark.NONE
    mark = _DECISION_MARKS[record.decision]
    return Mark.REPLACED if mark is Mark.KEPT and was_evicted else mark


def bank_mark(mark: Mark) -> Mark:
    """Tell how a frame that is in memory came there, whatever becomes of it later.

    Args:
        mark: what the frame is over the whole video; without a decision the tracker began on it.
    """
    if mark is Mark.NONE:
        return Mark.PROMPTED
    return Mark.KEPT if mark is Mark.REPLACED else mark
