"""The one rule book of *locked*, *verified* and *hand work*: all edits, results and views ask here.

A locked object keeps its name, category, prompts, masks, verified marks and constraints, and
cannot be removed; it can still be hidden, moved in the list and unlocked.  A verified mask keeps
its pixels and the prompts of its frame until the mark is taken off, or its object is removed.
A mask that was painted, given or imported may be edited, but tracking keeps it unless the user
allows otherwise.
"""

from collections.abc import Iterable

from app.core.document import Document, Origin
from app.core.errors import UsageError

LOCKED_ATTRIBUTES = frozenset({"name", "category"})
"""Fields of `TrackedObject` that a locked object keeps; the others say how it is displayed."""


MAX_TEXT = 1000
"""Most characters of a name or a category."""


def check_texts(*texts: str | None) -> None:
    """Refuse names and categories that neither a project nor an export can hold.

    Raises:
        UsageError: one is too long, or has control characters or unpaired surrogates.
    """
    for text in texts:
        if text is not None and (
            len(text) > MAX_TEXT or any(c < " " or "\ud800" <= c <= "\udfff" for c in text)
        ):
            raise UsageError(
                f"The name {text[:40]!a} cannot be stored.",
                f"Use at most {MAX_TEXT} characters, none of them a control character.",
            )


def is_object_editable(document: Document, object_id: int) -> bool:
    """Return whether an object is in the document and not locked."""
    row = document.find(object_id)
    return row is not None and not row.is_locked


def is_mask_editable(document: Document, object_id: int, frame: int) -> bool:
    """Return whether the mask and the prompts of an object on a frame may change."""
    row = document.mask(object_id, frame)
    return is_object_editable(document, object_id) and (row is None or not row.is_verified)


def is_hand_work(document: Document, object_id: int, frame: int) -> bool:
    """Return whether the mask of an object on a frame was painted, given or imported."""
    row = document.mask(object_id, frame)
    if row is None or row.origin is Origin.TRACKED:
        return False
    return row.origin is not Origin.PROMPT or document.prompts(object_id, frame).is_drawn


def is_mask_trackable(
    document: Document, object_id: int, frame: int, protects_hand_work: bool = True
) -> bool:
    """Return whether a tracking result may replace the mask of an object on a frame.

    Apart from what `is_mask_editable` protects, tracking keeps the mask that the clicks and the box
    of a frame gave, and with ``protects_hand_work`` what `is_hand_work`.
    """
    if not is_mask_editable(document, object_id, frame):
        return False
    if is_hand_work(document, object_id, frame):
        return not protects_hand_work
    row = document.mask(object_id, frame)
    is_tracked = row is None or row.origin is Origin.TRACKED
    return is_tracked or document.prompts(object_id, frame).is_empty


def refusal(document: Document, object_id: int, frame: int | None = None) -> UsageError | None:
    """Return why an object, or its mask on ``frame``, may not change; None when it may.

    Raises:
        KeyError: there is no such object.
    """
    tracked = document.object(object_id)
    if tracked.is_locked:
        return UsageError(f"{tracked.name} is locked.", "Unlock it to change it.")
    if frame is not None and not is_mask_editable(document, object_id, frame):
        return UsageError(
            f"The mask of {tracked.name} on frame {frame} is verified.",
            "Unverify it to change it.",
        )
    return None


def check(document: Document, object_id: int, frame: int | None = None) -> None:
    """Refuse a change of an object, or of its mask and prompts on ``frame``.

    Raises:
        UsageError: the object is locked, or its mask on the frame is verified.
        KeyError: there is no such object.
    """
    if error := refusal(document, object_id, frame):
        raise error


def check_attributes(document: Document, object_id: int, names: Iterable[str]) -> None:
    """Refuse to change attributes (`TrackedObject` fields) that a locked object keeps.

    Raises:
        UsageError: the object is locked and stays locked.
        KeyError: there is no such object.
    """
    changed = set(names)
    if "is_locked" not in changed and changed & LOCKED_ATTRIBUTES:
        check(document, object_id)


def editable_frames(document: Document, object_id: int, frames: Iterable[int]) -> list[int]:
    """Return, in ascending order, the frames on which an object's mask may change.

    Raises:
        UsageError: the object is locked, or its masks on all of these frames are verified.
        KeyError: there is no such object.
    """
    check(document, object_id)
    asked = sorted(set(frames))
    editable = [frame for frame in asked if is_mask_editable(document, object_id, frame)]
    if asked and not editable:
        check(document, object_id, asked[0])
    return editable
