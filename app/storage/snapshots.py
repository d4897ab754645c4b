"""Snapshots: copies of a project as it was, at most one an hour, the last ten kept."""

import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from app.core.atomic_write import atomic_write
from app.storage.home import home_folder

INTERVAL_S = 3600.0
MAX_SNAPSHOTS = 10
TIME_FORMAT = "%Y-%m-%d %H.%M.%S"
MAX_STEM = 60

ROOM_FACTOR = 3
"""A snapshot is only made where this many times its size is free."""

_log = logging.getLogger(__name__)


def snapshots_root() -> Path:
    """Return the folder of all snapshots; that of a project is named by the project's id."""
    return home_folder() / "snapshots"


def is_snapshot(path: Path) -> bool:
    """Return whether a project file is a snapshot."""
    return path.resolve().is_relative_to(snapshots_root().resolve())


def save_snapshot(
    project: Path,
    project_id: str,
    label: str = "",
    now: Callable[[], float] = time.time,
) -> Path:
    """Copy a project as it is on disk, also while it is open.

    Args:
        project: the project file.
        project_id: names the folder of its snapshots.
        label: added to the time in the name; a snapshot with a label is kept in addition to the
            last ten.
        now: seconds since 1970.

    Raises:
        OSError, sqlite3.Error: it cannot be read or written.
    """
    folder = snapshots_root() / project_id
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.fromtimestamp(now(), UTC).strftime(TIME_FORMAT)
    path = folder / f"{stamp} {label}".strip()
    path = path.with_name(f"{path.name}.tsam")
    uri = f"file:{quote(os.fsencode(project.absolute()))}?mode=ro"
    with (
        atomic_write(path) as partial,
        closing(sqlite3.connect(uri, uri=True)) as source,
        closing(sqlite3.connect(partial)) as copy,
    ):
        source.backup(copy)
    for old in _rotating(folder)[:-MAX_SNAPSHOTS]:
        old.unlink(missing_ok=True)
    return path


def save_hourly(project: Path, project_id: str, now: Callable[[], float] = time.time) -> None:
    """Make a snapshot if the last one is an hour old and the disk has room; never fails."""
    try:
        made = [file.stat().st_mtime for file in _rotating(snapshots_root() / project_id)]
        if made and now() - max(made) < INTERVAL_S:
            return
        snapshots_root().mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(snapshots_root()).free
        if free >= ROOM_FACTOR * project.stat().st_size:
            save_snapshot(project, project_id, now=now)
    except (OSError, sqlite3.Error):
        _log.info("no snapshot was made", exc_info=True)


def keep_before_recovery(project: Path) -> str:
    """Keep a project as its file alone is, before a log beside it is merged into it.

    Version 0.1 left such a log when it was killed.  If the project was meanwhile replaced by an
    earlier copy, the log belongs to the replaced file and undoes what the user wanted.

    Returns:
        A sentence that tells so; empty if there is no log.
    """
    log = project.with_name(f"{project.name}-wal")
    try:
        if log.stat().st_size == 0:
            return ""
        stamp = datetime.now(UTC).strftime(TIME_FORMAT)
        kept = snapshots_root() / "before recovery" / f"{project.stem[:MAX_STEM]} {stamp}.tsam"
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project, kept)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{log} was merged into the project, which could not be kept before: {error}."
    return (
        f"{log}, left when an earlier version was ended, was merged into the project; what the "
        f"file held without it is {kept}."
    )


def _rotating(folder: Path) -> list[Path]:
    """List the snapshots without a label, oldest first."""
    if not folder.is_dir():
        return []
    stamped = len(datetime.now(UTC).strftime(TIME_FORMAT))
    return sorted(file for file in folder.glob("*.tsam") if len(file.stem) == stamped)
