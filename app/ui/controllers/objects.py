"""Adding, changing, ordering, merging and removing objects."""

from typing import Unpack

from app.core import edits, rules
from app.core.document import TrackedObject
from app.ui.controllers.editing import EditingController


class ObjectsController(EditingController):
    """Edits the list of objects and their attributes.

    Signals:
        message: text for the status bar.
    """

    def new_object(self) -> int:
        """Add an object and make it the active one."""
        object_id = edits.next_object_id(self._document)
        self._session.execute(edits.add_object(self._document, object_id=object_id))
        self._view.active_object = object_id
        return object_id

    def select_nth(self, position: int) -> None:
        """Activate the object at a 1-based position in the list."""
        objects = self._document.objects
        if position <= len(objects):
            self._view.active_object = objects[position - 1].object_id

    def duplicate(self) -> None:
        """Copy the active object with all its masks; the copy becomes active."""
        copy_id = edits.next_object_id(self._document)
        if self._edit_active(lambda each: edits.duplicate_object(self._document, each)):
            self._view.active_object = copy_id

    def delete_object(self) -> None:
        """Delete the active object with its prompts, masks and memory records."""
        self._edit_active(lambda each: edits.remove_object(self._document, each))

    def merge_targets(self) -> list[tuple[TrackedObject, bool]]:
        """Return the objects but the active one, and whether each may be changed."""
        others = (each for each in self._document.objects if each is not self.active)
        return [(each, rules.is_object_editable(self._document, each.object_id)) for each in others]

    def merge_into(self, target_id: int) -> None:
        """Merge the active object into another one, which becomes active."""
        if self._edit_active(lambda each: edits.merge_objects(self._document, target_id, each)):
            self._view.active_object = target_id

    def move_object(self, by: int) -> None:
        """Move the active object down the list by a number of places; up if negative."""
        active, ids = self.active, [each.object_id for each in self._document.objects]
        place = 0 if active is None else ids.index(active.object_id)
        if active is None or not 0 <= place + by < len(ids):
            return
        ids.insert(place + by, ids.pop(place))
        moves = [edits.update_object(self._document, each, order=at) for at, each in enumerate(ids)]
        self._session.execute(edits.joined("Reorder objects", *moves))

    def update_object(self, object_id: int, **values: Unpack[edits.ObjectAttributes]) -> None:
        """Change attributes of an object (`TrackedObject` fields)."""
        update = edits.update_object
        self._attempt(lambda: self._session.execute(update(self._document, object_id, **values)))

    def toggle_visible(self) -> None:
        """Hide or show the active object."""
        if row := self.active:
            self.update_object(row.object_id, is_visible=not row.is_visible)

    def toggle_locked(self) -> None:
        """Lock the active object against every change, or unlock it."""
        if row := self.active:
            self.update_object(row.object_id, is_locked=not row.is_locked)
