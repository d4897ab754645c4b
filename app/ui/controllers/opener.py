"""Opening and closing sessions beside the window's thread."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.session import Session
from app.storage.home import home_folder
from app.tracking.loading import BackendLoader
from app.ui.jobs.job_queue import JobDesk
from app.ui.jobs.job_runner import Outcome, Priority


def path_of(session: Session) -> Path:
    """Return what to open to come back to it: the project, or the video of an automatic one."""
    is_automatic = session.project_path.is_relative_to(home_folder())
    return (session.source.path if is_automatic else session.project_path).resolve()


@dataclass(slots=True)
class _Opening:
    """A session on its way from the jobs' thread to the window."""

    path: Path
    session: Session | None = None

    def take(self) -> Session | None:
        session, self.session = self.session, None
        return session


class Opener(QObject):
    """Opens one path after the other; the newest wins.

    Args:
        files: where sessions are opened, so that a model that is loading does not hold it up.
        desk: where the jobs of sessions run, and where they are closed after them.
        load_backend: makes the model on first use.
        parent: owner.

    Signals:
        opening: path, when it begins.
        opened: a `Session`, which the receiver owns.
        not_opened: path; the reason goes through the desk.
    """

    opening = Signal(Path)
    opened = Signal(object)
    not_opened = Signal(Path)

    def __init__(
        self,
        files: JobDesk,
        desk: JobDesk,
        load_backend: BackendLoader,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._files = files
        self._desk = desk
        self._load_backend = load_backend
        self._under_way: list[_Opening] = []

    def open(self, path: Path) -> None:
        """Open a video, a frame folder or a project; running jobs go on until it is there."""
        opening = _Opening(path)
        self._under_way.append(opening)

        def job(token: CancelToken) -> Iterator[object]:
            opening.session = Session.open(path, self._load_backend)
            yield opening
            # The plots of the memory panel need it; loaded here, it never holds up the window.
            import_module("pyqtgraph")

        self.opening.emit(path)
        self._files.submit(
            job,
            f"Open {path.name}",
            self._on_opened,
            priority=Priority.INTERACTIVE,
            on_end=lambda outcome: self._on_end(opening, outcome),
        )

    def close(self, session: Session) -> None:
        """Close a session after the jobs that were submitted before."""

        def job(token: CancelToken) -> Iterator[object]:
            session.close()
            yield from ()

        name = session.source.name
        self._desk.submit(job, f"Close {name}", lambda step: None, priority=Priority.INTERACTIVE)

    def abandon(self) -> None:
        """Close what was opened but not handed over; the jobs' thread must have ended."""
        for opening in self._under_way:
            if session := opening.take():
                session.close()

    def _on_opened(self, opening: _Opening) -> None:
        session = opening.take()
        if session is None:
            return
        if opening is self._under_way[-1]:
            self.opened.emit(session)
        else:
            self.close(session)

    def _on_end(self, opening: _Opening, outcome: Outcome) -> None:
        self._under_way.remove(opening)
        if outcome is not Outcome.DONE:
            self.not_opened.emit(opening.path)
