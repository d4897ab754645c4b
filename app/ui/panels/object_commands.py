"""What the objects panel and its menus ask for; a controller does it."""

from collections.abc import Sequence
from typing import Protocol, Unpack

from app.core.document import TrackedObject
from app.core.edits import ObjectAttributes


class ObjectCommands(Protocol):
    """Edits objects; the status bar says what cannot be done."""

    def new_object(self) -> int:
        """Add an object and make it the active one."""
        ...

    def duplicate(self) -> None:
        """Copy the active object."""
        ...

    def delete_object(self) -> None:
        """Delete the active object."""
        ...

    def move_object(self, by: int) -> None:
        """Move the active object down the list by a number of places; up if negative."""
        ...

    def update_object(self, object_id: int, **values: Unpack[ObjectAttributes]) -> None:
        """Change attributes of an object."""
        ...

    def merge_targets(self) -> Sequence[tuple[TrackedObject, bool]]:
        """Return the other objects, and whether each may be changed."""
        ...

    def merge_into(self, target_id: int) -> None:
        """Merge the active object into another one."""
        ...
