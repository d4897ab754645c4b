"""Open and close sessions in the background."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.errors import ProjectError
from app.session import Session
from app.storage.home import automatic_project
from app.tracking.backend import BackendLoader
from app.ui.jobs.interpreter import collect_everything
from app.ui.jobs.job_queue import JobQueue, Priority
from app.ui.jobs.progress import Outcome
from app.ui.state.preferences import Preferences

CANCEL_CHECK_S = 0.05


def path_of(session: Session, projects_folder: Path | None = None) -> Path:
    """Return the path that reopens a session.

    That is its project file, or its video if the project file was created automatically.

    Args:
        session: an open session.
        projects_folder: where projects are created automatically, see `automatic_project`.
    """
    source = session.source
    automatic = automatic_project(source.name, source.fingerprint().content_sha256, projects_folder)
    is_automatic = session.project_path == automatic
    return (session.source.path if is_automatic else session.project_path).resolve()


def leads_to(path: Path, session: Session, projects_folder: Path | None = None) -> bool:
    """Return whether a path is that of an open session, be it by its project or by its video."""
    places = path_of(session, projects_folder), session.project_path.resolve()
    return path.resolve() in places


@dataclass(slots=True)
class _PendingSession:
    """A session that the file thread opens and the window has not taken over yet."""

    path: Path
    session: Session | None = None

    def take(self) -> Session | None:
        session, self.session = self.session, None
        return session


@dataclass(frozen=True, slots=True)
class _Closing:
    """A session that a job is to close; ``has_ended`` is set when it has, whatever came of it."""

    session: Session
    discards: bool
    has_ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            (self.session.abandon if self.discards else self.session.close)()
        finally:
            self.has_ended.set()


class SessionOpener(QObject):
    """Opens paths in the order of the requests; only the newest request reaches the window.

    Args:
        file_jobs: the queue that opens sessions, so that loading a model does not delay it.
        model_jobs: the queue of the sessions' own jobs; a session is closed after them.
        load_backend: loads the model on first use.
        preferences: say where projects are created.
        parent: owner.

    Signals:
        opening: the path that is being opened.
        opened: the `Session`; the receiver owns it.
        not_opened: the path that could not be opened; the queue reports the error.
    """

    opening = Signal(Path)
    opened = Signal(object)
    not_opened = Signal(Path)

    def __init__(
        self,
        file_jobs: JobQueue,
        model_jobs: JobQueue,
        load_backend: BackendLoader,
        preferences: Preferences,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._file_jobs = file_jobs
        self._model_jobs = model_jobs
        self._load_backend = load_backend
        self._preferences = preferences
        self._pending: list[_PendingSession] = []
        self._closings: list[_Closing] = []

    def open(self, path: Path, video: Path | None = None) -> None:
        """Open a video, a frame folder or a project; running jobs continue until it is open.

        A project that this window is still closing is opened once it is closed.

        Args:
            path: what to open.
            video: where the video of a project is now, if it was moved.
        """
        opening, folder = _PendingSession(path), self._preferences.projects_folder
        self._pending.append(opening)

        def job(token: CancelToken) -> Iterator[object]:
            make = partial(
                Session.open, path, self._load_backend, projects_folder=folder, video=video
            )
            opening.session = _open_once_closed(make, list(self._closings), token)
            yield opening

        self.opening.emit(path)
        self._file_jobs.submit(
            job,
            self.tr("Open {name}").format(name=path.name),
            self._on_opened,
            priority=Priority.INTERACTIVE,
            on_end=lambda outcome: self._on_end(opening, outcome),
        )

    def close(self, session: Session, discards: bool = False) -> None:
        """Close a session once the jobs submitted before have ended, whatever is canceled.

        Args:
            session: an open session.
            discards: whether changes that cannot be saved are given up.
        """
        closing = _Closing(session, discards)
        self._closings.append(closing)
        self._submit(closing)

    def _submit(self, closing: _Closing) -> None:
        def job(token: CancelToken) -> Iterator[object]:
            closing.run()
            collect_everything()  # the widgets of a session refer to each other
            yield from ()

        def end(outcome: Outcome) -> None:
            if closing.has_ended.is_set():
                self._closings.remove(closing)
            else:  # canceled with the jobs of a later session
                self._submit(closing)

        label = self.tr("Close {name}").format(name=closing.session.source.name)
        self._model_jobs.submit(
            job, label, lambda step: None, priority=Priority.INTERACTIVE, on_end=end
        )

    def abandon(self) -> None:
        """Close what no receiver took over and no job closed; call it after the threads ended."""
        for opening in self._pending:
            if session := opening.take():
                session.close()
        for closing in self._closings:
            if not closing.has_ended.is_set():
                with suppress(ProjectError):  # for what a job delivered after everything was saved
                    closing.run()

    def _on_opened(self, opening: _PendingSession) -> None:
        session = opening.take()
        if session is None:
            return
        if opening is self._pending[-1]:
            self.opened.emit(session)
        else:
            self.close(session)

    def _on_end(self, opening: _PendingSession, outcome: Outcome) -> None:
        self._pending.remove(opening)
        if outcome is not Outcome.DONE:
            self.not_opened.emit(opening.path)


def _open_once_closed(
    make: Callable[[], Session], closings: list[_Closing], token: CancelToken
) -> Session:
    """Open a session; if this window is still closing its project, wait until it is closed."""
    session = make()
    path = session.project_path.resolve()
    own = [each for each in closings if each.session.project_path.resolve() == path]
    if not session.read_only or not own:
        return session
    session.close()
    for each in own:
        while not each.has_ended.wait(CANCEL_CHECK_S):
            token.raise_if_cancelled()
    return make()
