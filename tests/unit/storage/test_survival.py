"""Projects survive full disks, read-only and removed media, second programs, kills and copies."""

import json
import os
import shutil
import sqlite3
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from app.core import edits
from app.core.document import Document, Edit, FrameMask, Origin, Table
from app.core.errors import ProjectError, UsageError
from app.core.history import History
from app.core.masks import RleMask
from app.session import Session
from app.storage import snapshots
from app.storage.history_rows import limit_history
from app.storage.project_file import ProjectFile
from app.storage.snapshots import is_snapshot, save_hourly, snapshots_root
from tests.helpers.disks import fill, mounted
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import write_numbered_clip
from tests.unit.storage.test_project_file import rows_of_every_kind, tables


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_numbered_clip(tmp_path / "clip.mp4", 6)


def opened(path: Path, project: Path | None = None) -> Session:
    return Session.open(path, FakeBackend, project)


def with_objects(session: Session, *names: str) -> Session:
    for name in names:
        SessionDriver(session).add_object(name)
    return session


def names(session: Session) -> list[str]:
    return [tracked.name for tracked in session.document.objects]


def names_in(project: Path) -> list[str]:
    session = opened(project)
    session.close()
    return names(session)


def test_the_file_alone_is_whole_after_every_commit(clip: Path, tmp_path: Path) -> None:
    session = with_objects(opened(clip, tmp_path / "p.tsam"), "a", "b")
    session.flush()
    assert sorted(file.name for file in tmp_path.glob("p.tsam*")) == ["p.tsam"]
    copy = Path(shutil.copy(tmp_path / "p.tsam", tmp_path / "copy.tsam"))
    assert names_in(copy) == ["a", "b"]
    session.close()


def test_a_full_disk_loses_nothing(clip: Path, small_disk: Path) -> None:
    session = with_objects(opened(clip, small_disk / "p.tsam"), "a")
    session.flush()
    filler = fill(small_disk)
    noise = np.random.default_rng(0).random(session.size_hw) > 0.5
    driver = SessionDriver(session)
    with suppress(ProjectError):
        for frame in range(6):
            driver.draw(1, frame, RleMask.encode(noise))
    with pytest.raises(ProjectError, match="disk is full"):
        session.close()  # stays open
    filler.unlink()
    session.flush()
    masked = driver.masked_frames(1)
    assert masked
    session.close()
    session = opened(small_disk / "p.tsam")
    assert SessionDriver(session).masked_frames(1) == masked
    session.close()


def test_work_on_a_full_disk_can_be_saved_elsewhere(
    clip: Path, small_disk: Path, tmp_path: Path
) -> None:
    session = opened(clip, small_disk / "p.tsam")
    fill(small_disk)
    with_objects(session, "a")
    session.save_as(tmp_path / "elsewhere.tsam")
    with_objects(session, "b")
    session.close()
    assert names_in(tmp_path / "elsewhere.tsam") == ["a", "b"]


def test_a_project_that_a_full_disk_refused_does_not_block_its_video(
    clip: Path, small_disk: Path
) -> None:
    filler = fill(small_disk)
    with pytest.raises(ProjectError, match="cannot be saved"):
        opened(clip, small_disk / "p.tsam")
    assert [file.name for file in small_disk.iterdir()] == ["fill"]
    filler.unlink()
    with_objects(opened(clip, small_disk / "p.tsam"), "a").close()
    assert names_in(small_disk / "p.tsam") == ["a"]


def empty_file(path: Path) -> None:
    path.touch()


def header_without_tables(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA user_version = 2")
    connection.close()


def tables_without_rows(path: Path) -> None:
    ProjectFile.create(path, {"frame_count": 1}).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DELETE FROM source")
    connection.close()


@pytest.mark.parametrize("stub", [empty_file, header_without_tables, tables_without_rows])
def test_what_an_interrupted_creation_left_is_replaced(
    clip: Path, tmp_path: Path, stub: Callable[[Path], None]
) -> None:
    project = tmp_path / "p.tsam"
    stub(project)
    with pytest.raises(ProjectError, match="creation was interrupted"):
        opened(project)
    with_objects(opened(clip, project), "a").close()
    assert names_in(project) == ["a"]


def test_a_project_on_read_only_media_is_read_and_saved_elsewhere(
    clip: Path, small_disk: Path, tmp_path: Path
) -> None:
    with_objects(opened(clip, small_disk / "p.tsam"), "a").close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    session = opened(small_disk / "p.tsam")
    assert "cannot be written" in session.read_only
    assert names(session) == ["a"]
    with pytest.raises(ProjectError, match="read-only"):
        with_objects(session, "b")
    assert names(session) == ["a"]
    session.save_as(tmp_path / "copy.tsam")
    assert session.read_only == ""
    with_objects(session, "b").close()
    assert names_in(tmp_path / "copy.tsam") == ["a", "b"]


def test_a_removed_drive_is_reported_and_the_work_saved_elsewhere(
    clip: Path, small_disk: Path, tmp_path: Path
) -> None:
    session = with_objects(opened(clip, small_disk / "p.tsam"), "a")
    session.flush()
    subprocess.run(["umount", "-l", small_disk], check=True)
    with_objects(session, "b")
    with pytest.raises(ProjectError, match="was moved, deleted or replaced"):
        session.close()
    session.save_as(tmp_path / "copy.tsam")
    session.close()
    assert names_in(tmp_path / "copy.tsam") == ["a", "b"]


def test_a_deleted_folder_is_reported(clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    session = opened(clip, folder / "p.tsam")
    shutil.rmtree(folder)
    with_objects(session, "a")
    with pytest.raises(ProjectError, match="was moved, deleted or replaced"):
        session.flush()
    session.save_as(tmp_path / "copy.tsam")
    session.close()
    assert names_in(tmp_path / "copy.tsam") == ["a"]


def test_a_row_that_cannot_be_stored_keeps_no_other_from_being_saved(
    clip: Path, tmp_path: Path
) -> None:
    project = tmp_path / "p.tsam"
    session = with_objects(opened(clip, project), "good")
    broken = edits.add_object(session.document, "bad", object_id=2)
    [change] = broken.changes
    row = change.after.__class__(2, "half \ud83d", (1, 2, 3))
    session.execute(Edit("Add", (change.__class__(Table.OBJECTS, 2, None, row),)))
    with pytest.raises(ProjectError, match=r"1 entries .* objects 2: .*surrogates"):
        session.flush()
    with suppress(ProjectError):
        with_objects(session, "later")
    with pytest.raises(ProjectError, match="surrogates"):
        session.flush()
    with pytest.raises(ProjectError, match="objects 2 cannot be stored"):
        session.save_as(tmp_path / "copy.tsam")
    assert not (tmp_path / "copy.tsam").exists()
    assert [path.name for path in tmp_path.glob(".*")] == []
    copy = Path(shutil.copy(project, tmp_path / "look.tsam"))
    assert names_in(copy) == ["good", "later"]
    with suppress(ProjectError):  # it tells of the earlier failure
        SessionDriver(session).update_object(2, name="whole")
    session.close()
    assert sorted(names_in(project)) == ["good", "later", "whole"]


@pytest.mark.parametrize("name", ["half \ud83d", "x" * 2000, "a\0b"])
def test_names_that_cannot_be_stored_are_refused_where_they_enter(clip: Path, name: str) -> None:
    session = with_objects(opened(clip), "a")
    for edit in (
        lambda: edits.add_object(session.document, name),
        lambda: edits.add_object(session.document, "b", category=name),
        lambda: edits.update_object(session.document, 1, name=name),
    ):
        with pytest.raises(UsageError, match="cannot be stored"):
            edit()
    session.close()


@pytest.mark.parametrize("value", ['"a"', '["a", "b"]', "[1]", "[-1, 2]", "7"])
def test_a_frame_range_that_is_none_is_damage(clip: Path, tmp_path: Path, value: str) -> None:
    opened(clip, tmp_path / "p.tsam").close()
    connection = sqlite3.connect(tmp_path / "p.tsam", isolation_level=None)
    connection.execute("INSERT INTO properties VALUES ('range', ?)", (value,))
    connection.close()
    with pytest.raises(ProjectError, match=r"damaged: the entry 'range' of its table properties"):
        opened(tmp_path / "p.tsam")


def test_a_mask_that_claims_more_than_any_frame_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "p.tsam"
    released_project(path, 2)
    connection = sqlite3.connect(path, isolation_level=None)
    runs = np.full(4, 2_500_000_000, dtype="<u4").tobytes()
    connection.execute("UPDATE masks SET height = 100000, width = 100000, runs = ?", (runs,))
    connection.close()
    with pytest.raises(ProjectError, match=r"damaged: the entry \(3, 1\) of its table masks"):
        ProjectFile.open(path)


def killed_writer_of_version_1(path: Path) -> None:
    """Leave a project in SQLite's log, as version 0.1 did when it was killed."""
    ProjectFile.create(path, {"frame_count": 8}).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("UPDATE source SET value = 9 WHERE name = 'frame_count'")
    kept = {file: file.read_bytes() for file in (path, path.with_name(path.name + "-wal"))}
    connection.close()
    for file, content in kept.items():
        file.write_bytes(content)


def test_the_log_of_a_killed_version_1_is_merged_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "p.tsam"
    killed_writer_of_version_1(path)
    copy = Path(shutil.copy(path, tmp_path / "copy.tsam"))
    file, _ = ProjectFile.open(path)
    assert file.source["frame_count"] == 9
    assert "was merged into the project" in file.notice
    file.close()
    assert sorted(each.name for each in tmp_path.glob("p.tsam*")) == ["p.tsam"]
    file, _ = ProjectFile.open(copy)  # without its log it has what it has
    assert (file.source["frame_count"], file.notice) == (8, "")
    file.close()


def test_a_backup_beside_a_left_log_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "p.tsam"
    killed_writer_of_version_1(path)
    before = path.read_bytes()
    file, _ = ProjectFile.open(path)
    kept = Path(file.notice.rpartition(" is ")[2].removesuffix("."))
    file.close()
    assert kept.read_bytes() == before


def test_a_project_of_version_1_on_read_only_media_is_read(small_disk: Path) -> None:
    path = small_disk / "p.tsam"
    killed_writer_of_version_1(path)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    file, _ = ProjectFile.open(path)
    assert file.read_only
    assert file.source["frame_count"] == 9
    file.close()


def test_undo_and_redo_survive_reopening(clip: Path, tmp_path: Path) -> None:
    project = tmp_path / "p.tsam"
    session = opened(clip, project)
    driver = SessionDriver(session)
    states = [tables(session.document)]
    for step in (
        lambda: driver.add_object("a"),
        lambda: driver.draw(1, 0, RleMask.encode(np.ones(session.size_hw, bool))),
        lambda: driver.click_object(2),
        lambda: driver.update_object(1, name="renamed"),
        lambda: driver.paint(1, 0, RleMask.encode(np.eye(*session.size_hw, dtype=bool)), True),
        lambda: driver.remove_object(1),
    ):
        count = len(session.history)
        step()
        if len(session.history) > count:
            states.append(tables(session.document))
    for _ in range(2):
        session.history.undo()
    session.close()
    for _ in range(2):  # undone in one session, redone in the next
        session = opened(project)
        while session.history.undo_label:
            session.history.undo()
        assert tables(session.document) == states[0]
        session.close()
        session = opened(project)
        while session.history.redo_label:
            session.history.redo()
        assert tables(session.document) == tables_at_end(session, states)
        session.close()


def test_steps_after_a_damaged_history_are_undone_alone(clip: Path, tmp_path: Path) -> None:
    project = tmp_path / "p.tsam"
    session = opened(clip, project)
    driver = SessionDriver(session)
    driver.add_object("first")
    for name in ("second", "third"):
        driver.update_object(1, name=name)
    session.close()
    with closing(sqlite3.connect(project)) as connection, connection:
        connection.execute("UPDATE history_rows SET value = x'00' WHERE step = 3")
    session = opened(project)
    assert session.history.undo_label is None
    SessionDriver(session).update_object(1, name="fourth")
    session.close()
    session = opened(project)
    session.history.undo()
    assert session.document.object(1).name == "third"
    assert session.history.undo_label is None
    session.close()


def tables_at_end(session: Session, states: list[dict]) -> dict:  # type: ignore[type-arg]
    assert session.history.redo_label is None
    return next(state for state in reversed(states) if state == tables(session.document))


def test_history_is_saved_by_save_as_and_kept_within_its_limit(clip: Path, tmp_path: Path) -> None:
    session = with_objects(opened(clip, tmp_path / "p.tsam"), *"abcdef")
    session.history.undo()
    session.save_as(tmp_path / "q.tsam")
    session.close()
    connection = sqlite3.connect(tmp_path / "q.tsam")
    before = connection.execute("SELECT count(*) FROM history_steps").fetchone()
    limit_history(connection, limit_bytes=10_000)
    assert connection.execute("SELECT count(*) FROM history_steps").fetchone() == before == (6,)
    limit_history(connection, limit_bytes=0)
    connection.commit()
    connection.close()
    session = opened(tmp_path / "q.tsam")
    assert names(session) == list("abcde")
    session.history.undo()
    session.history.redo()
    session.close()


def test_any_sequence_of_edits_is_restored_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    path = tmp_path / "p.tsam"
    file = ProjectFile.create(path, {"frame_count": 1})
    document = Document()
    history = History(document, limit=12)
    history.subscribe(file.write_update)
    keys = [(Table.MASKS, (1, frame)) for frame in range(4)]
    for _ in range(120):
        action = rng.integers(6)
        if action == 0:
            history.undo()
        elif action == 1:
            history.redo()
        else:
            rows = {}
            for _, key in rng.permutation(np.array(keys, dtype=object))[:2]:
                mask = RleMask.encode(rng.random((4, 4)) > 0.5)
                rows[tuple(key)] = FrameMask(mask, Origin.TRACKED) if rng.random() > 0.2 else None
            merge_key = int(rng.integers(1, 4)) if rng.random() < 0.5 else None
            edit = edits.set_masks(document, rows, "Track")
            history.execute(Edit("Track", edit.changes, merge_key))
    file.close()
    file, read = ProjectFile.open(path)
    again = History(read)
    again.restore(file.steps)
    file.close()
    assert tables(read) == tables(document)
    assert len(again) == len(history) > 0
    while history.undo_label:
        history.undo()
        again.undo()
        assert tables(read) == tables(document)
    while history.redo_label:
        history.redo()
        again.redo()
        assert tables(read) == tables(document)
    assert again.redo_label is None


def test_snapshots_are_hourly_and_the_last_ten_are_kept(clip: Path, tmp_path: Path) -> None:
    session = with_objects(opened(clip, tmp_path / "p.tsam"), "a")
    session.close()
    project_id = str(session._file.source["project_id"])
    folder = snapshots_root() / project_id
    for made in folder.glob("*"):
        made.unlink()
    for hour in range(14):
        now = 1_800_000_000.0 + 3600 * hour
        for minute in (0, 20):
            save_hourly(session.project_path, project_id, lambda t=now + 60 * minute: t)
            for made in folder.glob("*"):
                os.utime(made, (now, now))
    assert len(list(folder.glob("*.tsam"))) == snapshots.MAX_SNAPSHOTS


def test_a_snapshot_opens_read_only_and_can_be_continued(clip: Path, tmp_path: Path) -> None:
    session = with_objects(opened(clip, tmp_path / "p.tsam"), "a")
    session.close()
    session = opened(tmp_path / "p.tsam")
    session.execute(edits.remove_object(session.document, 1))
    session.close()
    assert names_in(tmp_path / "p.tsam") == []
    [snapshot] = snapshots_root().glob("*/*.tsam")
    assert is_snapshot(snapshot)
    shutil.copy(tmp_path / "p.tsam", snapshot)
    session = opened(snapshot)
    assert "is a snapshot" in session.read_only
    session.save_as(tmp_path / "continued.tsam")
    with_objects(session, "b").close()
    assert names_in(tmp_path / "continued.tsam") == ["b"]


@pytest.mark.parametrize("version", [1, 2])
def test_migration_keeps_what_was_before(tmp_path: Path, version: int) -> None:
    path = tmp_path / "p.tsam"
    released_project(path, version)
    before = path.read_bytes()
    file, document = ProjectFile.open(path)
    assert [o.name for o in document.objects] == ["Hündchen"]
    mask = RleMask.encode(np.eye(4, 6, dtype=bool))
    assert document.mask(3, 1) == FrameMask(mask, Origin.PAINTED)
    file.write(rows_of_every_kind().changes[:1])
    file.close()
    [kept] = snapshots_root().glob(f"*/*version {version}.tsam")
    old = sqlite3.connect(kept)
    assert old.execute("PRAGMA user_version").fetchone() == (version,)
    assert old.execute("SELECT name FROM objects").fetchone() == ("Hündchen",)
    old.close()
    assert path.read_bytes() != before
    again, _ = ProjectFile.open(path)
    again.close()
    assert len(list(snapshots_root().glob("*/*version *.tsam"))) == 1


def test_masks_and_undo_history_of_version_3_come_back(clip: Path, tmp_path: Path) -> None:
    session, path = opened(clip, tmp_path / "p.tsam"), tmp_path / "p.tsam"
    driver = SessionDriver(session)
    object_id = driver.click_object()
    driver.clear_masks(object_id)
    before = tables(session.document)
    driver.session.close()
    as_version_3(path)
    session = opened(path)
    assert tables(session.document) == before
    session.history.undo()
    restored = session.document.mask(object_id, 0)
    assert restored is not None
    assert restored.origin is Origin.PROMPT
    session.close()
    assert len(list(snapshots_root().glob("*/*version 3.tsam"))) == 1


def as_version_3(path: Path) -> None:
    """Turn a project into one of schema 3, whose masks have two values less, also in history."""
    connection = sqlite3.connect(path, isolation_level=None)
    for column in ("stated_origin", "base_stated_origin"):
        connection.execute(f"ALTER TABLE masks DROP COLUMN {column}")
    rows = connection.execute(
        "SELECT rowid, value FROM history_rows WHERE row_table = 'masks' AND value NOT NULL"
    ).fetchall()
    assert rows
    for row, packed in rows:
        values = json.loads(zlib.decompress(packed))[:-2]
        old = zlib.compress(json.dumps(values).encode())
        connection.execute("UPDATE history_rows SET value = ? WHERE rowid = ?", (old, row))
    connection.execute("PRAGMA user_version = 3")
    connection.close()


def test_what_cannot_be_backed_up_is_not_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.tsam"
    released_project(path, 2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.storage.database.save_snapshot", full)
    file, document = ProjectFile.open(path)
    assert "cannot be backed up" in file.read_only
    assert len(document.objects) == 1
    file.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


SCHEMA_1 = """
CREATE TABLE source (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE objects (
  object_id INTEGER PRIMARY KEY, name TEXT, color TEXT, category TEXT,
  position INTEGER, is_visible INTEGER, is_locked INTEGER);
CREATE TABLE prompts (
  object_id INTEGER, frame INTEGER, points TEXT, box TEXT, height INTEGER, width INTEGER,
  runs BLOB, PRIMARY KEY (object_id, frame));
CREATE TABLE masks (
  object_id INTEGER, frame INTEGER, height INTEGER, width INTEGER, runs BLOB, origin TEXT,
  confidence REAL, is_verified INTEGER, PRIMARY KEY (object_id, frame));
CREATE TABLE memory (
  object_id INTEGER, frame INTEGER, record TEXT, PRIMARY KEY (object_id, frame));
CREATE TABLE constraints (
  object_id INTEGER, frame INTEGER, kind TEXT, PRIMARY KEY (object_id, frame));
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
ADDED_BY_2 = """
ALTER TABLE prompts ADD COLUMN painted BLOB;
ALTER TABLE prompts ADD COLUMN erased BLOB;
ALTER TABLE prompts ADD COLUMN num_points INTEGER;
ALTER TABLE masks ADD COLUMN base_runs BLOB;
ALTER TABLE masks ADD COLUMN base_origin TEXT;
ALTER TABLE masks ADD COLUMN base_confidence REAL;
"""


def released_project(path: Path, version: int) -> None:
    """Write a project as version 0.1 (schema 1) or its successor (schema 2) did."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(SCHEMA_1 + (ADDED_BY_2 if version == 2 else ""))
    connection.execute("PRAGMA application_id = 1414742349")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("INSERT INTO source VALUES ('frame_count', 8)")
    connection.execute("INSERT INTO source VALUES ('frame_table', ?)", (b"\x78\x9c\xff\xfe",))
    connection.execute("INSERT INTO objects VALUES (3, 'Hündchen', '[1, 2, 3]', 'dog', 1, 1, 0)")
    mask = RleMask.encode(np.eye(4, 6, dtype=bool))
    connection.execute(
        "INSERT INTO masks (object_id, frame, height, width, runs, origin, is_verified) "
        "VALUES (3, 1, 4, 6, ?, 'painted', 0)",
        (mask.to_bytes(),),
    )
    connection.close()
