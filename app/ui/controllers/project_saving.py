"""Saving the open project, in the background, and asking before unsaved changes are lost."""

from collections.abc import Callable
from concurrent.futures import Future

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.core.errors import ProjectError
from app.session import Session
from app.ui.dialogs import paths
from app.ui.dialogs.unsaved import show_unsaved
from app.ui.state.preferences import Preferences


class ProjectSaving(QObject):
    """Waits for the storage thread without blocking the GUI thread, on which it lives.

    Args:
        preferences: the recent projects.
        parent: the window, parent of the dialogs.

    Signals:
        message: text for the status bar.
        moved: the project continues in another file.
        failed: the `ProjectError` why something could not be saved.
    """

    message = Signal(str)
    moved = Signal()
    failed = Signal(object)
    _ended = Signal(object, object)  # what to call on the GUI thread, and its argument

    def __init__(self, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self._window = parent
        self._discarded: Session | None = None
        self._ended.connect(lambda call, error: call(error))

    def save(self, session: Session) -> None:
        """Confirm that the project is on disk, once it is."""

        def confirm(error: BaseException | None) -> None:
            if not self._report(error):
                text = self.tr("Saved in {path}")
                self.message.emit(text.format(path=session.project_path))

        self._when_ended(session.request_flush(), confirm)

    def ask_save_as(self, session: Session) -> None:
        """Copy the project to a file that the user selects, and continue with the copy."""
        path = paths.ask_save(self._window, self._preferences, session.source.name)
        if path is None:
            return

        def confirm(error: BaseException | None) -> None:
            if not self._report(error):
                self._preferences.add_recent(path)
                self.message.emit(self.tr("The project is now {path}").format(path=path))
                self.moved.emit()

        self.message.emit(self.tr("Saving {name}…").format(name=path.name))
        self._when_ended(session.request_save_as(path), confirm)

    def is_releasable(self, session: Session) -> bool:
        """Whether a session can be closed now: it is saved, or its changes were given up."""
        return session.is_saved or self.is_discarded(session)

    def is_discarded(self, session: Session) -> bool:
        """Whether the user gave up changes of a session that cannot be saved."""
        return self._discarded is session

    def keep_changes(self) -> None:
        """Ask again before changes are lost that were given up for something that failed."""
        self._discarded = None

    def release(
        self,
        session: Session,
        proceed: Callable[[], object],
        retry: Callable[[], object],
        refuse: Callable[[], object] = lambda: None,
    ) -> None:
        """Write the last changes of a session, and then proceed.

        Args:
            session: what will be closed.
            proceed: called once everything is on disk, at once if it is.
            retry: called when the user has decided on changes that cannot be saved.
            refuse: called when they cannot be saved, before the user is asked.
        """
        if self.is_releasable(session):
            proceed()
            return

        def decide(error: BaseException | None) -> None:
            if error is None:
                proceed()
                return
            refuse()
            if not isinstance(error, ProjectError):
                raise error
            show_unsaved(self._window, error, retry, lambda: self.ask_save_as(session), discard)

        def discard() -> None:
            self._discarded = session
            retry()

        self._when_ended(session.request_flush(), decide)

    def _when_ended(
        self, future: Future[None], call: Callable[[BaseException | None], object]
    ) -> None:
        future.add_done_callback(lambda ended: self._ended.emit(call, ended.exception()))

    def _report(self, error: BaseException | None) -> bool:
        """Report an error, if there is one; return whether there is."""
        if error is None:
            return False
        if not isinstance(error, ProjectError):
            raise error
        self.failed.emit(error)
        return True
