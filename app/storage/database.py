"""SQL of a project file: create, check, read and write rows.  No threads here."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.core.document import Change, Table
from app.core.errors import ProjectError
from app.storage.rows import APPLICATION_ID, FORMATS, MIGRATIONS, SCHEMA, SCHEMA_VERSION

HINT_DISK = "Check that the folder can be written to and the disk has room."
HINT_DAMAGED = "The file is damaged; open an earlier copy of it."
BUSY_TIMEOUT_S = 1.0


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
            raise ProjectError(
                f"{path} is open in another program.", "Close it there first."
            ) from error
        is_damaged = type(error) is sqlite3.DatabaseError  # full or missing disks are its children
        hint = HINT_DAMAGED if is_damaged else HINT_DISK
        raise ProjectError(f"{path} cannot be {doing}: {error}.", hint) from error


def connect(path: Path) -> sqlite3.Connection:
    """Open a database for this process alone; after a crash, only whole transactions are in it."""
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None
    )
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    return connection


def create(path: Path, source: Mapping[str, Any]) -> sqlite3.Connection:
    """Create an empty project.

    Raises:
        ProjectError: it cannot be written.
    """
    with project_errors(path, "created"):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(path)
        enable_write_ahead_log(connection)
        connection.executescript(
            f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {SCHEMA_VERSION}; {SCHEMA} COMMIT;"
        )
        write_source(connection, source)
    return connection


def enable_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Use the write-ahead log, which makes small transactions cheap and safe."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def open_existing(path: Path) -> sqlite3.Connection:
    """Open a project and check that this program can read it.

    Raises:
        ProjectError: it is missing, not a project, of a newer version, in use or damaged.
    """
    if not path.is_file():
        raise ProjectError(f"{path} does not exist.", "Check the name, or whether it was moved.")
    with path.open("rb") as file:
        is_database = file.read(16) == b"SQLite format 3\0"
    if not is_database:
        raise not_a_project(path)
    with project_errors(path, "opened"):
        connection = connect(path)
        try:
            version = _check_version(connection, path)
            enable_write_ahead_log(connection)
            _migrate(connection, version)
        except BaseException:
            connection.close()
            raise
    return connection


def not_a_project(path: Path) -> ProjectError:
    """Return the error for a file that is not a project."""
    return ProjectError(f"{path} is not a project file.", "Open a *.tsam file or a video.")


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a project of an earlier version to the schema of this one, in one transaction."""
    if version < SCHEMA_VERSION:
        steps = "".join(MIGRATIONS[each] for each in range(version, SCHEMA_VERSION))
        connection.executescript(f"BEGIN; {steps} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def _check_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a project's schema."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application_id != APPLICATION_ID:
        raise not_a_project(path)
    if version > SCHEMA_VERSION:
        raise ProjectError(
            f"{path} was written by a newer version of this program "
            f"(format {version}, this one reads up to {SCHEMA_VERSION}).",
            "Update the program.",
        )
    return int(version)


def read_source(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return the description of the project's video (see `source_link`)."""
    return dict(connection.execute("SELECT name, value FROM source"))


def write_source(connection: sqlite3.Connection, source: Mapping[str, Any]) -> None:
    """Replace the description of the project's video."""
    connection.executemany("INSERT OR REPLACE INTO source VALUES (?, ?)", source.items())


def read_view(connection: sqlite3.Connection) -> dict[str, float]:
    """Return what a window showed last; empty in a project that no window displayed."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'view'").fetchone()
    return dict(connection.execute("SELECT name, value FROM view")) if found else {}


def write_view(connection: sqlite3.Connection, view: Mapping[str, float]) -> None:
    """Replace what a window showed last, in one transaction."""
    connection.execute("BEGIN")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS view (name TEXT PRIMARY KEY, value REAL) WITHOUT ROWID"
        )
        connection.execute("DELETE FROM view")
        connection.executemany("INSERT INTO view VALUES (?, ?)", view.items())
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def read_rows(connection: sqlite3.Connection, path: Path) -> Iterator[Change]:
    """Yield every row as a change of an empty document.

    Raises:
        ProjectError: a row is damaged.
    """
    for table, form in FORMATS.items():
        columns = ", ".join((*form.keys, *form.columns))
        width = len(form.keys)
        for values in connection.execute(f"SELECT {columns} FROM {table}"):
            key = values[:width] if width > 1 else values[0]
            try:
                row = form.to_row(values[width:], key)
            except (ValueError, TypeError, KeyError) as error:
                raise ProjectError(
                    f"{path} is damaged: the entry {key} of its table {table} cannot be read.",
                    "Restore the file from a backup.",
                ) from error
            yield Change(table, key, None, row)


def write_changes(connection: sqlite3.Connection, changes: Iterable[Change]) -> None:
    """Write changes in one transaction, all or none."""
    connection.execute("BEGIN")
    try:
        for change in changes:
            _write(connection, change)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _write(connection: sqlite3.Connection, change: Change) -> None:
    table: Table = change.table
    form = FORMATS[table]
    key = change.key if len(form.keys) > 1 else (change.key,)
    if change.after is None:
        where = " AND ".join(f"{name} = ?" for name in form.keys)
        connection.execute(f"DELETE FROM {table} WHERE {where}", key)
    else:
        columns = (*form.keys, *form.columns)
        marks = ", ".join("?" * len(columns))
        connection.execute(
            f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({marks})",
            (*key, *form.to_values(change.after)),
        )
