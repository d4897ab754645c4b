"""Mask import in the background, as one undo step."""

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.jobs.import_masks import import_job
from app.session import Session
from app.ui.dialogs import paths
from app.ui.jobs.job_queue import JobQueue
from app.ui.state.preferences import Preferences


class ImportController(QObject):
    """Imports masks; each object of the file becomes a new object of the session."""

    def __init__(self, jobs: JobQueue, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._preferences = preferences
        self._window = parent

    def ask(self, session: Session) -> None:
        """Let the user select mask files and import them."""
        if path := paths.ask_masks(self._window, self._preferences):
            self.start(path, session)

    def start(self, path: Path, session: Session) -> None:
        """Import a JSON file or a folder of label images in the background."""
        job = import_job(path, session.source, session.history.new_key())
        self._jobs.submit(job, f"Import {path.name}", session.apply)
