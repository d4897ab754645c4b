"""What a user has put out of reach of changes: locked objects and verified masks."""

from app.core.document import Document
from app.core.errors import UsageError


def check_unlocked(document: Document, object_id: int) -> None:
    """Refuse to change a locked object.

    Raises:
        UsageError: it is locked.
    """
    tracked = document.object(object_id)
    if tracked.is_locked:
        raise UsageError(f"{tracked.name} is locked.", "Unlock it to change it.")


def check_editable(document: Document, object_id: int, frame: int) -> None:
    """Refuse to change what an object is on a frame where that was verified.

    Raises:
        UsageError: the object is locked or its mask is verified.
    """
    check_unlocked(document, object_id)
    row = document.mask(object_id, frame)
    if row is not None and row.is_verified:
        name = document.object(object_id).name
        raise UsageError(
            f"The mask of {name} on frame {frame} is verified.", "Unverify it to change it."
        )
