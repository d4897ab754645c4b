"""An open project file: a thread writes every change of the document as it happens."""

import atexit
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.core.atomic_write import remove_abandoned
from app.core.document import Change, Document, RowKey
from app.core.errors import ProjectError
from app.core.history import HistoryUpdate, StoredStep
from app.storage import database
from app.storage.content import ProjectContent, build, read, write_row
from app.storage.history_rows import clear_steps, write_update
from app.storage.snapshots import (
    is_snapshot,
    keep_before_recovery,
    save_hourly,
    snapshots_root,
)

_log = logging.getLogger(__name__)

QUEUE_LENGTH = 256
"""Limit of the queue of changes to write; when it is full, `ProjectFile.write` waits."""

HINT_READ_ONLY = "Save it under another name to change it."

Task = Callable[[], None]


class ProjectFile:
    """A project file that every change is written to.

    The methods are called from the thread of the document; the database is only touched by the
    storage thread.  Changes that could not be written are kept and tried again with the next.  A
    row that cannot be stored at all is set aside and reported; it does not keep others from being
    saved.

    Attributes:
        path: the file.
        source: description of the video.
        view: what a window showed last.
        steps: the undo history as it was when the file was opened.
        read_only: why nothing can be written; empty for a file that can be written.
        notice: what the user should know about the opening; usually empty.

    Args:
        path: the file.
        connection: an open database; closed with the project file.  None if it is read-only.
        content: what was read from it.
        read_only: see above.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection | None,
        content: ProjectContent,
        read_only: str = "",
    ) -> None:
        self.path = path
        self.source = dict(content.source)
        self.view = dict(content.view)
        self.steps = content.steps
        self.read_only = read_only
        self.notice = ""
        self._connection = connection
        self._identity = None if connection is None else _identity(path)
        self._unwritten: list[tuple[Sequence[Change], HistoryUpdate | None]] = []
        self._has_new_steps = False  # of the undo history, in the file
        self._refused: dict[RowKey, str] = {}
        self._tasks: queue.Queue[Task | None] = queue.Queue(QUEUE_LENGTH)
        self._error: ProjectError | None = None
        self._num_queued = self._num_written = 0  # calls of `write`
        self._thread = threading.Thread(target=self._work, name="storage", daemon=True)
        self._thread.start()
        atexit.register(self.abandon)  # so that a missing `close` neither hangs nor loses changes

    @classmethod
    def create(cls, path: Path, source: Mapping[str, Any]) -> "ProjectFile":
        """Create an empty project file.

        Args:
            path: the file; an existing one is replaced.
            source: description of the video, see `source_link`; texts, numbers or bytes by name.

        Raises:
            ProjectError: it cannot be written.
        """
        content = ProjectContent(Document(), source)
        described = build(path, content)
        connection = database.open_for_writing(path)
        return cls(path, connection, ProjectContent(Document(), described))

    @classmethod
    def open(cls, path: Path) -> tuple["ProjectFile", Document]:
        """Open a project file and read its document.

        It is opened read-only if it is a snapshot, if another program has it open or if its place
        cannot be written to.

        Raises:
            ProjectError: it is missing, not a project, of a newer version or damaged.
        """
        read_only = ""
        remove_abandoned(path.parent)
        notice = keep_before_recovery(path)
        if is_snapshot(path):
            read_only = f"{path.name} is a snapshot."
            connection = database.read_without_writing(path)
        else:
            try:
                connection = database.open_for_writing(path)
            except database.UnwritableProjectError as error:
                read_only = error.sentence
                connection = database.read_without_writing(path)
        try:
            content = read(connection, path)
        except BaseException:
            connection.close()
            raise
        if read_only:
            connection.close()
            return cls(path, None, content, read_only), content.document
        file = cls(path, connection, content)
        file.notice = notice
        return file, content.document

    @property
    def snapshots_folder(self) -> Path:
        """Where the snapshots of the project are; it exists after the first one."""
        return snapshots_root() / str(self.source.get("project_id", "unknown"))

    def write(self, changes: Sequence[Change], update: HistoryUpdate | None = None) -> None:
        """Queue changes to be written in one transaction.

        Args:
            changes: rows of the document.
            update: what they did to the undo history.

        Raises:
            ProjectError: an earlier change could not be saved, or the project is read-only; in
                the first case this change is queued nevertheless.
        """
        self.check_writable()
        self._num_queued += 1
        self._tasks.put(lambda: self._keep(changes, update))
        self._raise_error()

    def write_update(self, update: HistoryUpdate) -> None:
        """Queue what one call of a `History` changed; see `write`."""
        self.write(update.changes, update)

    def check_writable(self) -> None:
        """Refuse changes of a read-only project.

        Raises:
            ProjectError: it is read-only.
        """
        if self.read_only:
            raise ProjectError(f"The project is read-only: {self.read_only}", HINT_READ_ONLY)

    @property
    def is_saved(self) -> bool:
        """Whether everything is on disk; never waits."""
        is_failing = self._error is not None or self._refused
        return not is_failing and self._num_written == self._num_queued

    def request_flush(self) -> Future[None]:
        """Ask for everything to be on disk.

        Returns:
            What ends on the storage thread when it is, or with the `ProjectError` why it is not.
        """

        def commit() -> None:
            if not self.read_only:
                self._commit()
                self._raise_error()

        return self._request(commit)

    def flush(self) -> None:
        """Wait until everything is on disk.

        Raises:
            ProjectError: it could not be written.
        """
        self.request_flush().result()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def relink(self, source: Mapping[str, Any]) -> None:
        """Store where the video is now; a read-only project remembers it until it is closed.

        Raises:
            ProjectError: it cannot be written.
        """
        if not self.read_only:
            self._call(lambda: self._write_now(lambda c: database.write_source(c, source)))
        self.source |= source

    def write_view(self, view: Mapping[str, float]) -> None:
        """Store what a window shows, in the background; a failure is only logged."""
        if view != self.view:
            self.view = dict(view)
            self._tasks.put(lambda: self._commit_view(view))

    def request_save_as(
        self,
        path: Path,
        source: Mapping[str, Any],
        document: Document,
        steps: Sequence[StoredStep] = (),
    ) -> Future[None]:
        """Ask for the whole project to be written to another file, where it continues.

        Changes may be made meanwhile; they are written to the new file.

        Args:
            path: the new file; an existing one is replaced when the new one is complete.
            source: description of the video there.
            document: the annotations; must not change any more, see `Document.copy`.
            steps: the undo history.

        Returns:
            What ends on the storage thread when it is done, or with a `ProjectError`: it cannot be
            written, or a row cannot be stored; the project stays where it was.
        """
        content = ProjectContent(document, source, self.view, steps)
        return self._request(lambda: self._move(path, content))

    def close(self) -> None:
        """Write pending changes and close the file.

        Raises:
            ProjectError: some changes could not be written; the file stays open.
        """
        if self._thread.is_alive():
            self.flush()
            self.abandon()

    def abandon(self) -> None:
        """Close the file without what could not be written."""
        atexit.unregister(self.abandon)
        if self._thread.is_alive():
            self._tasks.put(None)
            self._thread.join()
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()

    def _call(self, work: Task) -> None:
        """Run a function on the storage thread and wait; its exceptions are raised here."""
        self._request(work).result()

    def _request(self, work: Task) -> Future[None]:
        """Queue a function for the storage thread; its exceptions are those of the result."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - passed on to the caller
                done.set_exception(error)
            else:
                done.set_result(None)

        self._tasks.put(run)
        return done

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
            # Changes that came meanwhile are committed together.
            if self._tasks.empty() or len(self._unwritten) >= QUEUE_LENGTH:
                self._commit()
        self._commit()

    def _keep(self, changes: Sequence[Change], update: HistoryUpdate | None) -> None:
        self._unwritten.append((changes, update))

    def _commit(self) -> None:
        if self._unwritten:
            try:
                save_hourly(self.path, str(self.source.get("project_id", "unknown")))
                self._write_now(self._write_unwritten)
            except ProjectError as error:
                self._error = error
            except Exception as error:  # noqa: BLE001 - the thread must live to save what comes
                _log.exception("changes were not saved")
                self._error = ProjectError(f"{self.path} cannot be saved: {error}.")
            else:
                self._has_new_steps |= self._changes_history
                self._forget_unwritten()
                self._error = None  # what failed before is saved now
        if self._refused and self._error is None:
            self._error = self._refusal()

    def _write_now(self, write: Callable[[sqlite3.Connection], object]) -> None:
        """Run a function in a transaction."""
        connection = self._connection
        assert connection is not None
        with database.project_errors(self.path, "saved"):
            if _identity(self.path) != self._identity:
                raise ProjectError(
                    f"{self.path} was moved, deleted or replaced while it was open.",
                    "Save the project under another name.",
                )
            try:
                if not connection.in_transaction:
                    connection.execute("BEGIN IMMEDIATE")
                write(connection)
                database.commit(connection)
            except BaseException:
                database.roll_back(connection)
                raise

    @property
    def _changes_history(self) -> bool:
        return any(update is not None for _, update in self._unwritten)

    def _write_unwritten(self, connection: sqlite3.Connection) -> None:
        if self._changes_history and not (self.steps or self._has_new_steps):
            clear_steps(connection)  # those that could not be read are numbered like the new ones
        for changes, update in self._unwritten:
            for change in changes:
                key = (change.table, change.key)
                self._refused.pop(key, None)
                if reason := write_row(connection, change):
                    self._refused[key] = reason
            if update is not None:
                write_update(connection, update)

    def _refusal(self) -> ProjectError:
        (table, key), reason = next(iter(self._refused.items()))
        return ProjectError(
            f"{len(self._refused)} entries of {self.path} cannot be stored, the first in "
            f"{table.value} {key}: {reason}. Everything else is saved.",
            "Change or delete it.",
        )

    def _commit_view(self, view: Mapping[str, float]) -> None:
        if self.read_only:
            return
        try:
            self._write_now(lambda connection: database.write_view(connection, view))
        except ProjectError:
            _log.warning("the view was not saved", exc_info=True)

    def _move(self, path: Path, content: ProjectContent) -> None:
        if not self.read_only and path.resolve() == self.path.resolve():
            return
        self._commit()  # if it fails, the new file has the changes nevertheless
        source = build(path, content)
        connection = database.open_for_writing(path)
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self.path, self._connection, self._identity = path, connection, _identity(path)
        self.source, self.read_only = source, ""
        self._forget_unwritten()
        self._refused.clear()
        self._error = None

    def _forget_unwritten(self) -> None:
        """Forget changes that are on disk."""
        self._num_written += len(self._unwritten)
        self._unwritten.clear()


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another of the same name; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
