"""SQL of a project file: create, check, read and write rows.  No threads here."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from app.core.atomic_write import atomic_write
from app.core.document import Change, Table
from app.core.errors import ProjectError, shown
from app.storage.checks import check_key, check_schema
from app.storage.history_rows import limit_history
from app.storage.rows import APPLICATION_ID, FORMATS, MIGRATIONS, SCHEMA, SCHEMA_VERSION
from app.storage.snapshots import save_snapshot

HINT_DISK = "Check that the folder can be written to and the disk has room."
HINT_DAMAGED = "Open a snapshot of it (File > Open snapshot), or an earlier copy."
HINT_IN_USE = "Close it there first."
BUSY_TIMEOUT_S = 5.0
"""How long a commit waits for programs that are reading the file."""

MAGIC = b"SQLite format 3\0"
JOURNALS = ("-journal", "-wal", "-shm")
"""Suffixes of the files that SQLite keeps beside a database that was not closed."""


ROW_ERRORS = (
    *(ValueError, TypeError, KeyError, AttributeError),
    *(RecursionError, ArithmeticError, MemoryError),
)
"""What reading a row of unexpected form raises."""


class EmptyProjectError(ProjectError):
    """A project whose creation was interrupted, by a version that did not create it at once."""


class UnwritableProjectError(ProjectError):
    """A project that can be read at most: another program has it, or its folder is read-only."""


@contextmanager
def project_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn errors of SQLite into `ProjectError`.

    Args:
        path: the project file.
        doing: what fails, as a past participle for the message.

    Raises:
        ProjectError: SQLite failed.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if "locked" in str(error):
            sentence = f"{path} is open in another program."
            raise UnwritableProjectError(sentence, HINT_IN_USE) from error
        if "Could not decode" in str(error):
            raise undecodable(path) from error
        if type(error) is sqlite3.DatabaseError:  # full or missing disks are its children
            raise ProjectError(f"{path} is damaged: {error}.", HINT_DAMAGED) from error
        raise ProjectError(f"{path} cannot be {doing}: {error}.", HINT_DISK) from error
    except UnicodeDecodeError as error:  # SQLite quotes the damaged bytes in its message
        raise undecodable(path) from error


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Open a database; after a crash or a power cut, only whole transactions are in it.

    Between transactions the file alone is whole: there is no log beside it.

    Args:
        path: the file.
        mode: SQLite's: ro, rw or rwc.
    """
    uri = f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None
    )


def build(path: Path, write: Callable[[sqlite3.Connection], object]) -> None:
    """Create a project, or replace one, by a file that appears when it is complete.

    Args:
        path: the project file.
        write: writes the rows of the new project.

    Raises:
        ProjectError: it cannot be written, or another program has it open.
    """
    with project_errors(path, "saved"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            _check_unused(path)
        with atomic_write(path) as partial, closing(connect(partial, "rwc")) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("BEGIN")
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            write(connection)
            connection.execute("COMMIT")
        for suffix in JOURNALS:  # of the file that was replaced
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _check_unused(path: Path) -> None:
    """Refuse to replace a project that another program has open."""
    with suppress(sqlite3.DatabaseError), closing(connect(path)) as connection:
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                sentence = f"{path} is open in another program."
                raise UnwritableProjectError(sentence, HINT_IN_USE) from error


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a project that only this process may write from now on.

    Raises:
        UnwritableProjectError: another program has it open, or its place is read-only.
        EmptyProjectError: its creation was interrupted.
        ProjectError: it is missing, not a project, of a newer version or damaged.
    """
    check_is_database(path)
    with project_errors(path, "opened"):
        connection = connect(path)
        try:
            _lock(connection, path)
            version = _check_version(connection, path)
            if version < SCHEMA_VERSION:
                back_up(connection, path, version)
                _migrate(connection, version)
            ensure_id(connection)
            limit_history(connection)
            commit(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def check_is_database(path: Path) -> None:
    """Check that a file exists and is an SQLite database.

    Raises:
        EmptyProjectError: its creation was interrupted.
        ProjectError: it is missing or something else.
    """
    if not path.is_file():
        raise ProjectError(f"{path} does not exist.", "Check the name, or whether it was moved.")
    with project_errors(path, "opened"), path.open("rb") as file:
        beginning = file.read(len(MAGIC))
    if not beginning:
        raise empty_project(path)
    if beginning != MAGIC:
        raise not_a_project(path)


def _lock(connection: sqlite3.Connection, path: Path) -> None:
    """Take the lock of the one writer, and give up the log that version 0.1 used."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # lets a log on a network be read
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # lets readers in
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA application_id = {_application_id(connection)}")
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise
        sentence = f"{path} cannot be written: {error}."
        raise UnwritableProjectError(sentence, HINT_DISK) from error
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")


def back_up(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Keep a project as it is before it is migrated.

    Raises:
        UnwritableProjectError: it cannot be kept, so it must not be migrated either.
    """
    try:
        save_snapshot(path, ensure_id(connection, is_stored=False), f"version {version}")
    except (OSError, sqlite3.Error) as error:
        sentence = f"{path} is of an earlier version and cannot be backed up: {error}."
        raise UnwritableProjectError(sentence, HINT_DISK) from error


def ensure_id(connection: sqlite3.Connection, is_stored: bool = True) -> str:
    """Return the id that names a project's snapshots; one without gets it."""
    stored = str(read_source(connection).get("project_id", ""))
    if stored.isalnum():
        return stored
    # The backup before a migration is made before anything is written, under the same id.
    row = connection.execute("SELECT group_concat(quote(value)) FROM source").fetchone()
    made = hashlib.sha256(repr(row).encode()).hexdigest()[:32]
    if is_stored:
        write_source(connection, {"project_id": made})
    return made


def _application_id(connection: sqlite3.Connection) -> int:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    return int(application_id)


def read_without_writing(path: Path) -> sqlite3.Connection:
    """Copy a project that cannot be written to memory, with what is left of a crash beside it.

    Raises:
        EmptyProjectError: its creation was interrupted.
        ProjectError: it is missing, not a project, of a newer version, damaged, or an earlier
            version of the program is writing it.
    """
    check_is_database(path)
    memory = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    try:
        with project_errors(path, "opened"):
            _copy_to(memory, path)
            _migrate(memory, _check_version(memory, path))
    except BaseException:
        memory.close()
        raise
    return memory


def _copy_to(memory: sqlite3.Connection, path: Path) -> None:
    try:
        with closing(connect(path, "ro")) as connection:
            connection.backup(memory)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise
        # A journal that was left by a crash can only be applied to a file that can be written.
        with TemporaryDirectory(prefix="tinysam2-", ignore_cleanup_errors=True) as folder:
            copy = Path(folder) / "copy.tsam"
            shutil.copyfile(path, copy)
            for suffix in ("-journal", "-wal"):
                if (journal := path.with_name(path.name + suffix)).exists():
                    shutil.copyfile(journal, copy.with_name(copy.name + suffix))
            with closing(connect(copy)) as connection:
                connection.backup(memory)
    # The copy is in the mode of a log, which memory does not have.
    memory.execute("PRAGMA journal_mode = MEMORY")


def undecodable(path: Path) -> ProjectError:
    """Return the error for a project with text that is not UTF-8."""
    return ProjectError(f"{path} is damaged: it holds undecodable text.", HINT_DAMAGED)


def not_a_project(path: Path) -> ProjectError:
    """Return the error for a file that is not a project."""
    return ProjectError(f"{path} is not a project file.", "Open a *.tsam file or a video.")


def empty_project(path: Path) -> EmptyProjectError:
    """Return the error for a project whose creation was interrupted."""
    return EmptyProjectError(
        f"{path} is empty: its creation was interrupted.", "Delete it and open its video again."
    )


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a project of an earlier version to the schema of this one, in one transaction."""
    if version >= SCHEMA_VERSION:
        return
    if not connection.in_transaction:
        connection.execute("BEGIN")
    try:
        for each in range(version, SCHEMA_VERSION):
            for statement in MIGRATIONS[each].split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    commit(connection)


def commit(connection: sqlite3.Connection) -> None:
    """Commit, and keep the lock that keeps other programs from writing."""
    connection.execute("COMMIT")
    connection.execute("BEGIN IMMEDIATE")


def roll_back(connection: sqlite3.Connection) -> None:
    """Give up what was written since the last commit, and keep the lock if possible."""
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")


def _check_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a project's schema."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if _application_id(connection) != APPLICATION_ID:
        raise not_a_project(path) if names else empty_project(path)
    if version > SCHEMA_VERSION:
        raise ProjectError(
            f"{path} was written by a newer version of this program "
            f"(format {version}, this one reads up to {SCHEMA_VERSION}).",
            "Update the program.",
        )
    try:
        check_schema(connection)
    except ValueError as error:
        raise ProjectError(f"{path} is damaged: {error}.", HINT_DAMAGED) from error
    if "source" in names and not read_source(connection):
        raise empty_project(path)
    if version < 1 or not {"source", *(table.value for table in FORMATS)} <= names:
        raise ProjectError(f"{path} is damaged: tables are missing.", HINT_DAMAGED)
    return int(version)


def read_source(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return the description of the project's video (see `source_link`)."""
    return dict(connection.execute("SELECT name, value FROM source"))


def write_source(connection: sqlite3.Connection, source: Mapping[str, Any]) -> None:
    """Replace the description of the project's video."""
    connection.executemany("INSERT OR REPLACE INTO source VALUES (?, ?)", source.items())


def read_view(connection: sqlite3.Connection) -> dict[str, float]:
    """Return what a window showed last; empty in a project that no window displayed."""
    return dict(connection.execute("SELECT name, value FROM view"))


def write_view(connection: sqlite3.Connection, view: Mapping[str, float]) -> None:
    """Replace what a window showed last; the caller commits."""
    connection.execute("DELETE FROM view")
    connection.executemany("INSERT INTO view VALUES (?, ?)", view.items())


def read_rows(connection: sqlite3.Connection, path: Path) -> Iterator[Change]:
    """Yield every row as a change of an empty document.

    Raises:
        ProjectError: a row is damaged.
    """
    for table, form in FORMATS.items():
        columns = ", ".join((*form.keys, *form.columns))
        width = len(form.keys)
        # Prompts have an order: the first of an object defines it, the later ones correct it.
        order = "rowid" if table is Table.PROMPTS else form.keys[0]
        for values in connection.execute(f"SELECT {columns} FROM {table} ORDER BY {order}"):
            key = values[:width] if width > 1 else values[0]
            try:
                check_key(table, key)
                row = form.to_row(values[width:], key)
            except ROW_ERRORS as error:
                raise ProjectError(
                    f"{path} is damaged: the entry {shown(key)} of its table {table} cannot be "
                    "read.",
                    HINT_DAMAGED,
                ) from error
            yield Change(table, key, None, row)


def write_change(connection: sqlite3.Connection, change: Change) -> None:
    """Write a row, or delete it; the caller commits.

    Raises:
        sqlite3.OperationalError: the disk is full, missing or read-only.
        Exception: others, when the row cannot be stored.
    """
    table: Table = change.table
    form = FORMATS[table]
    key = change.key if len(form.keys) > 1 else (change.key,)
    if change.after is None:
        where = " AND ".join(f"{name} = ?" for name in form.keys)
        connection.execute(f"DELETE FROM {table} WHERE {where}", key)
    else:
        connection.execute(form.upsert(table), (*key, *form.to_values(change.after)))
