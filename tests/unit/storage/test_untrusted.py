"""Projects that were made to harm."""

import sqlite3
from pathlib import Path

import pytest

from app.core.errors import ProjectError
from app.session import Session
from app.storage.database import read_without_writing
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.synthetic_video import write_numbered_clip

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i"


@pytest.mark.parametrize(
    "statements",
    [
        f"DROP TABLE properties; CREATE VIEW properties AS {ENDLESS} AS name, i FROM n;",
        f"CREATE TRIGGER slow AFTER INSERT ON objects BEGIN {ENDLESS} FROM n; END;",
        "ALTER TABLE objects ADD COLUMN more GENERATED ALWAYS AS (zeroblob(1000000000));",
        "CREATE INDEX more ON objects (hex(zeroblob(object_id * 1000000000)));",
        "CREATE TABLE more (a CHECK (length(zeroblob(1000000000)) > a));",
        "CREATE VIRTUAL TABLE more USING fts5(a);",
    ],
)
@pytest.mark.parametrize("is_writable", [True, False])
def test_a_project_that_computes_is_refused(
    tmp_path: Path, statements: str, is_writable: bool
) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 2)
    project = tmp_path / "clip.tsam"
    Session.open(clip, FakeBackend, project).close()
    with sqlite3.connect(project) as connection:
        connection.executescript(statements)
    connection.close()
    if not is_writable:
        with pytest.raises(ProjectError, match="is none of a project"):
            read_without_writing(project)
        return
    with pytest.raises(ProjectError, match=r"is damaged: its .* is none of a project"):
        Session.open(project, FakeBackend)
