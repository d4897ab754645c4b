"""What a project file holds, read and written as a whole."""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.core.document import Change, Document, Edit
from app.core.errors import ProjectError
from app.core.history import StoredStep
from app.storage import database
from app.storage.history_rows import read_steps, write_steps

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProjectContent:
    """Everything that a project file holds.

    Attributes:
        document: the annotations.
        source: description of the video, see `source_link`.
        view: what a window showed last.
        steps: the undo history.
    """

    document: Document
    source: Mapping[str, Any] = field(default_factory=dict)
    view: Mapping[str, float] = field(default_factory=dict)
    steps: Sequence[StoredStep] = ()


def write_row(connection: sqlite3.Connection, change: Change) -> str:
    """Write a row; returns why it cannot be stored, or an empty text."""
    try:
        database.write_change(connection, change)
    except sqlite3.OperationalError:
        raise  # of the disk, not of the row
    except (sqlite3.Error, ValueError, TypeError, ArithmeticError, AttributeError) as error:
        return str(error)
    return ""


def build(path: Path, content: ProjectContent) -> dict[str, Any]:
    """Write a project file; returns the description of its video with the id of the project.

    Raises:
        ProjectError: it cannot be written, or a row cannot be stored.
    """
    source = {**content.source, "project_id": uuid4().hex}

    def write(connection: sqlite3.Connection) -> None:
        database.write_source(connection, source)
        database.write_view(connection, content.view)
        for change in content.document.as_changes():
            if reason := write_row(connection, change):
                raise ProjectError(
                    f"{path} cannot be saved: {change.table.value} {change.key} cannot be stored: "
                    f"{reason}.",
                    "Change or delete it.",
                )
        write_steps(connection, content.steps)

    database.build(path, write)
    return source


def read(connection: sqlite3.Connection, path: Path) -> ProjectContent:
    """Read a project.

    Raises:
        ProjectError: it is damaged.
    """
    with database.project_errors(path, "read"):
        document = Document()
        changes = database.read_rows(connection, path)
        document.apply(Edit("Open", tuple(changes)))
        source, view = database.read_source(connection), database.read_view(connection)
        try:
            steps = read_steps(connection)
        except database.ROW_ERRORS:
            _log.warning("the undo history of %s is damaged and was left out", path)
            steps = []
        return ProjectContent(document, source, view, steps)
