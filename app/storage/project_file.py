"""An open project file: a thread writes every change of the document as it happens."""

import atexit
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

from app.core.atomic_write import atomic_write
from app.core.document import Change, Document, Edit
from app.core.errors import ProjectError
from app.storage import database

_log = logging.getLogger(__name__)

QUEUE_LENGTH = 256
"""Limit of the queue of changes to write; when it is full, `ProjectFile.write` waits."""

Task = Callable[[], None]


class ProjectFile:
    """A project file that every change is written to.

    The methods are called from the thread of the document; the database is only touched by the
    storage thread.  Changes that could not be written are kept and tried again with the next.

    Args:
        path: the file.
        connection: an open database; closed with the project file.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.source: dict[str, Any] = database.read_source(connection)
        self.view: dict[str, float] = database.read_view(connection)
        self._connection = connection
        self._unwritten: list[Change] = []
        self._tasks: queue.Queue[Task | None] = queue.Queue(QUEUE_LENGTH)
        self._error: ProjectError | None = None
        self._thread = threading.Thread(target=self._work, name="storage", daemon=True)
        self._thread.start()
        atexit.register(self._stop)  # so that a missing `close` neither hangs nor loses changes

    @classmethod
    def create(cls, path: Path, source: Mapping[str, Any]) -> "ProjectFile":
        """Create an empty project file.

        Args:
            path: the file; must not exist.
            source: description of the video, see `source_link`; texts or numbers by name.

        Raises:
            ProjectError: it cannot be written.
        """
        return cls(path, database.create(path, source))

    @classmethod
    def open(cls, path: Path) -> tuple["ProjectFile", Document]:
        """Open a project file and read its document.

        Raises:
            ProjectError: it is missing, not a project, of a newer version, in use or damaged.
        """
        connection = database.open_existing(path)
        document = Document()
        try:
            with database.project_errors(path, "read"):
                document.apply(Edit("Open", tuple(database.read_rows(connection, path))))
                return cls(path, connection), document
        except BaseException:
            connection.close()
            raise

    def write(self, changes: Sequence[Change]) -> None:
        """Queue changes to be written in one transaction.

        Raises:
            ProjectError: an earlier change could not be saved; this one is queued nevertheless.
        """
        self._tasks.put(lambda: self._commit(changes))
        error, self._error = self._error, None
        if error is not None:
            raise error

    def flush(self) -> None:
        """Wait until everything is on disk.

        Raises:
            ProjectError: it could not be written.
        """
        self._call(lambda: self._commit(()))
        error, self._error = self._error, None
        if error is not None:
            raise error

    def relink(self, source: Mapping[str, Any]) -> None:
        """Store where the video is now.

        Raises:
            ProjectError: it cannot be written.
        """
        with database.project_errors(self.path, "saved"):
            self._call(lambda: database.write_source(self._connection, source))
        self.source |= source

    def write_view(self, view: Mapping[str, float]) -> None:
        """Store what a window shows, in the background; a failure is only logged."""
        if view != self.view:
            self.view = dict(view)
            self._tasks.put(lambda: self._commit_view(view))

    def save_as(self, path: Path, source: Mapping[str, Any]) -> None:
        """Copy the project to another file and continue there.

        Args:
            path: the new file; an existing one is replaced when the copy is complete.
            source: description of the video there.

        Raises:
            ProjectError: the copy cannot be written; the project stays where it was.
        """
        self._call(lambda: self._move(path, source))

    def close(self) -> None:
        """Write pending changes and close the file.

        Raises:
            ProjectError: some changes could not be written.
        """
        if not self._thread.is_alive():
            return
        try:
            self.flush()
        finally:
            atexit.unregister(self._stop)
            self._stop()

    def _stop(self) -> None:
        self._tasks.put(None)
        self._thread.join()
        self._connection.close()

    def _call(self, work: Task) -> None:
        """Run a function on the storage thread and wait; its exceptions are raised here."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - passed on to the caller
                done.set_exception(error)
            else:
                done.set_result(None)

        self._tasks.put(run)
        done.result()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()

    def _commit(self, changes: Sequence[Change]) -> None:
        self._unwritten += changes
        if not self._unwritten:
            return
        try:
            with database.project_errors(self.path, "saved"):
                database.write_changes(self._connection, self._unwritten)
        except ProjectError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - the thread must live to save what comes next
            _log.exception("changes were not saved")
            self._error = ProjectError(f"{self.path} cannot be saved: {error}.")
        else:
            self._unwritten.clear()

    def _commit_view(self, view: Mapping[str, float]) -> None:
        try:
            database.write_view(self._connection, view)
        except sqlite3.Error:
            _log.warning("the view was not saved", exc_info=True)

    def _move(self, path: Path, source: Mapping[str, Any]) -> None:
        if path.resolve() == self.path.resolve():
            return
        with database.project_errors(path, "saved"):
            with (
                atomic_write(path) as partial_path,
                closing(sqlite3.connect(partial_path, check_same_thread=False)) as copy,
            ):
                self._connection.backup(copy)
                with copy:  # commits
                    database.write_source(copy, source)
            connection = database.connect(path)
            database.enable_write_ahead_log(connection)
        self._connection.close()
        self.path, self._connection, self.source = path, connection, dict(source)
        self._commit(())
