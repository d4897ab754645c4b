"""What the controllers that edit the document share: the active object, and refused edits."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.core.document import Edit, TrackedObject
from app.core.errors import UsageError
from app.session import Session
from app.ui.state.view_state import ViewState
from app.ui.translation.sentences import error_text


class EditingController(QObject):
    """Turns user actions on one open session into edits.

    An action that cannot be carried out emits ``message`` and changes nothing.

    Args:
        session: the session to edit.
        view: the displayed frame and the active object.
        parent: owner.

    Signals:
        message: text for the status bar.
    """

    message = Signal(str)

    def __init__(self, session: Session, view: ViewState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._document = session.document
        self._view = view

    @property
    def active(self) -> TrackedObject | None:
        """The active object, which receives prompts and strokes; None if there is none."""
        return self._document.find(self._view.active_object)

    def _edit_active(self, make_edit: Callable[[int], Edit]) -> bool:
        """Execute an edit of the active object; return whether there is one that allows it."""
        active = self.active
        if active is None:
            return False
        return self._attempt(lambda: self._session.execute(make_edit(active.object_id)))

    def _attempt(self, change: Callable[[], object]) -> bool:
        """Carry out a change; return whether it was allowed."""
        try:
            change()
        except UsageError as error:
            self.message.emit(error_text(error))
            return False
        return True
