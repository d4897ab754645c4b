import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from app.core import edits
from app.core.document import Change, Document, Edit, FrameMask, Origin, Table, TrackedObject
from app.core.errors import ProjectError
from app.core.masks import RleMask
from app.core.memory import Constraint, MemoryDecision, MemoryRecord, MemoryScores
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt, Strokes
from app.storage import database
from app.storage.project_file import ProjectFile
from tests.helpers.sources import ROOT

SIZE_HW = (40, 60)


ADDED_COLUMNS = [  # since version 1
    *(("prompts", column) for column in ("painted", "erased", "num_points")),
    *(("masks", column) for column in ("base_runs", "base_origin", "base_confidence")),
    *(("masks", column) for column in ("stated_origin", "base_stated_origin")),
]


def blob(seed: int) -> RleMask:
    return RleMask.encode(np.random.default_rng(seed).random(SIZE_HW) > 0.5)


def rows_of_every_kind() -> Edit:
    scores = MemoryScores(0.75, 0.5, 0.375, 0.125)
    imported = FrameMask(blob(6), Origin.IMPORTED, 0.25, stated_origin=Origin.TRACKED)
    survivors, tokens = {0: (4, 6, b"\x0f\xf0\x01")}, {0: 12, 4: 0}
    rows = {
        (Table.OBJECTS, 3): TrackedObject(3, "Hündchen", (1, 2, 3), "animal", 2, False, True),
        (Table.PROMPTS, (3, 0)): FramePrompts((PointPrompt(1.5, 2.25), PointPrompt(3, 4, False))),
        (Table.PROMPTS, (3, 1)): FramePrompts(box=BoxPrompt(0, 1, 2.5, 3)),
        (Table.PROMPTS, (3, 2)): FramePrompts(mask=blob(1)),
        (Table.PROMPTS, (3, 3)): FramePrompts(strokes=Strokes(blob(3), blob(4), 2)),
        (Table.MASKS, (3, 0)): FrameMask(blob(2), Origin.TRACKED, 0.625, True),
        (Table.MASKS, (3, 2)): FrameMask(blob(5), Origin.PROMPT, 0.5, base=imported),
        (Table.MASKS, (3, 4)): imported,
        (Table.MASKS, (3, 1)): FrameMask(RleMask.empty(SIZE_HW), Origin.PAINTED),
        (Table.MEMORY, (3, 0)): MemoryRecord(
            MemoryDecision.REPLACED,
            "better",
            scores,
            (0, 4),
            2,
            10,
            20,
            30,
            survivors,
            None,
            tokens,
            2,
            {0: b"\xa0"},
            "quality",
            {"quality": 0.5},
        ),
        (Table.CONSTRAINTS, (3, 7)): Constraint.PIN,
        (Table.PROPERTIES, "range"): (2, None),
    }
    return Edit("All", tuple(Change(table, key, None, row) for (table, key), row in rows.items()))


def tables(document: Document) -> dict[Table, dict[object, object]]:
    return {table: dict(document.rows(table)) for table in Table}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ProjectFile]:
    file = ProjectFile.create(tmp_path / "a.tsam", {"frame_count": 8})
    yield file
    file.close()


def document_of(changes: Sequence[Change]) -> Document:
    document = Document()
    document.apply(Edit("All", tuple(changes)))
    return document


def reopened(path: Path) -> Document:
    file, document = ProjectFile.open(path)
    file.close()
    return document


def test_every_kind_of_row_survives(project: ProjectFile) -> None:
    document = Document()
    document.subscribe(project.write)
    document.apply(rows_of_every_kind())
    project.close()
    assert tables(reopened(project.path)) == tables(document)


def test_prompts_keep_their_order_when_an_earlier_one_changes(project: ProjectFile) -> None:
    document = Document()
    document.subscribe(project.write)
    click = PointPrompt(1.0, 2.0)
    for frame, count in ((5, 1), (2, 1), (5, 2)):
        before = document.row(Table.PROMPTS, (1, frame))
        row = FramePrompts((click,) * count)
        document.apply(Edit("Click", (Change(Table.PROMPTS, (1, frame), before, row),)))
    assert list(document.of_object(Table.PROMPTS, 1)) == [5, 2]
    project.close()
    assert list(reopened(project.path).of_object(Table.PROMPTS, 1)) == [5, 2]


def test_memory_records_share_what_stayed_in_memory(project: ProjectFile) -> None:
    document = Document()
    document.subscribe(project.write)
    rows = rows_of_every_kind().changes
    record = next(change.after for change in rows if change.table is Table.MEMORY)
    later = [Change(Table.MEMORY, (3, frame), None, record) for frame in (1, 2)]
    document.apply(Edit("Track", tuple(later)))
    project.close()
    found = reopened(project.path)
    first, second = found.memory(3, 1), found.memory(3, 2)
    assert first is not None
    assert second is not None
    assert first.survivors[0] is second.survivors[0]
    assert first.averaged[0] is second.averaged[0]


def test_undo_is_saved_too(project: ProjectFile) -> None:
    document = Document()
    document.subscribe(project.write)
    edit = rows_of_every_kind()
    document.apply(edit)
    document.apply(edit.inverse())
    project.close()
    assert tables(reopened(project.path)) == tables(Document())


def test_closing_leaves_one_file(project: ProjectFile) -> None:
    project.write(rows_of_every_kind().changes)
    project.close()
    assert [path.name for path in project.path.parent.iterdir()] == ["a.tsam"]


def test_save_as_continues_on_the_copy(project: ProjectFile, tmp_path: Path) -> None:
    first = project.path
    document = Document()
    document.subscribe(project.write)
    document.apply(edits.add_object(document, "one"))
    project.request_save_as(tmp_path / "b.tsam", {"frame_count": 8}, document).result()
    document.apply(edits.add_object(document, "two"))
    project.close()
    assert project.path == tmp_path / "b.tsam"
    assert [o.name for o in reopened(first).objects] == ["one"]
    assert [o.name for o in reopened(project.path).objects] == ["one", "two"]


def test_save_as_to_a_bad_place_keeps_the_project(project: ProjectFile, tmp_path: Path) -> None:
    document = Document()
    document.subscribe(project.write)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ProjectError, match="cannot be saved"):
        project.request_save_as(tmp_path / "file" / "b.tsam", {}, document).result()
    document.apply(edits.add_object(document, "one"))
    project.close()
    assert [o.name for o in reopened(project.path).objects] == ["one"]


def test_a_second_program_reads_and_writes_nothing(project: ProjectFile) -> None:
    document = Document()
    document.subscribe(project.write)
    document.apply(edits.add_object(document, "one"))
    project.flush()
    second, seen = ProjectFile.open(project.path)
    assert "open in another program" in second.read_only
    assert [o.name for o in seen.objects] == ["one"]
    with pytest.raises(ProjectError, match=r"read-only: .* open in another program"):
        second.write(())
    document.apply(edits.add_object(document, "two"))
    project.flush()  # readers do not keep the writer from writing
    second.request_save_as(project.path.with_name("copy.tsam"), second.source, seen).result()
    assert second.read_only == ""
    second.close()
    assert [o.name for o in reopened(second.path).objects] == ["one"]
    third, seen = ProjectFile.open(project.path)
    assert [o.name for o in seen.objects] == ["one", "two"]
    with pytest.raises(ProjectError, match="open in another program"):
        third.request_save_as(project.path, third.source, seen).result()
    third.close()


def test_text_is_not_a_project(tmp_path: Path) -> None:
    path = tmp_path / "a.tsam"
    path.write_text("hello")
    with pytest.raises(ProjectError, match="is not a project file"):
        ProjectFile.open(path)


def test_another_database_is_not_a_project(tmp_path: Path) -> None:
    path = tmp_path / "a.tsam"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE notes (text)")
    other.close()
    with pytest.raises(ProjectError, match="is not a project file"):
        ProjectFile.open(path)


def test_missing_project_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"none\.tsam does not exist"):
        ProjectFile.open(tmp_path / "none.tsam")


def change_on_disk(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()


def test_newer_version_is_refused(project: ProjectFile) -> None:
    project.close()
    change_on_disk(project.path, "PRAGMA user_version = 99")
    with pytest.raises(ProjectError, match=r"newer version .*format 99"):
        ProjectFile.open(project.path)


def test_a_project_of_version_1_opens_and_keeps_what_version_2_adds(
    project: ProjectFile,
) -> None:
    old = rows_of_every_kind().changes
    project.write([c for c in old if not getattr(c.after, "strokes", getattr(c.after, "base", 0))])
    project.close()
    for table, column in ADDED_COLUMNS:
        change_on_disk(project.path, f"ALTER TABLE {table} DROP COLUMN {column}")
    for table in ("view", "history_steps", "history_rows"):
        change_on_disk(project.path, f"DROP TABLE {table}")
    change_on_disk(project.path, "PRAGMA user_version = 1")
    file, document = ProjectFile.open(project.path)
    assert document.mask(3, 0) == FrameMask(blob(2), Origin.TRACKED, 0.625, True)
    assert document.prompts(3, 2) == FramePrompts(mask=blob(1))
    file.write(old)
    file.close()
    assert tables(reopened(project.path)) == tables(document_of(old))


def test_damaged_row_is_named(project: ProjectFile) -> None:
    project.write(rows_of_every_kind().changes)
    project.close()
    change_on_disk(project.path, "UPDATE masks SET runs = x'00000000' WHERE frame = 1")
    with pytest.raises(ProjectError, match=r"damaged: the entry \(3, 1\) of its table masks"):
        ProjectFile.open(project.path)


def test_a_long_key_is_cut_in_the_sentence(project: ProjectFile) -> None:
    project.close()
    connection = sqlite3.connect(project.path, isolation_level=None)
    connection.execute(
        "INSERT INTO constraints (object_id, frame, kind) VALUES (?, 1, 'pin')", ("[" * 9000,)
    )
    connection.close()
    with pytest.raises(ProjectError, match="of its table constraints cannot be read") as refused:
        ProjectFile.open(project.path)
    assert len(refused.value.sentence) < 200 + len(str(project.path))


def test_a_schema_that_is_no_text_is_damage(project: ProjectFile) -> None:
    project.close()
    content = project.path.read_bytes()
    place = content.rindex(b"CREATE TABLE objects")
    project.path.write_bytes(content[:place] + b"CREATE \xff\xfe\xff" + content[place + 10 :])
    with pytest.raises(ProjectError, match="is damaged"):
        ProjectFile.open(project.path)


def test_text_that_is_not_utf_8_is_damage(project: ProjectFile) -> None:
    project.close()
    connection = sqlite3.connect(project.path, isolation_level=None)
    connection.execute("INSERT INTO objects (object_id, name) VALUES (9, CAST(x'ff62' AS TEXT))")
    connection.close()
    with pytest.raises(ProjectError, match="is damaged: it holds undecodable text"):
        ProjectFile.open(project.path)


def test_truncated_file_is_an_error_not_a_crash(project: ProjectFile) -> None:
    project.write(rows_of_every_kind().changes)
    project.close()
    content = project.path.read_bytes()
    project.path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ProjectError, match="damaged"):
        ProjectFile.open(project.path)


def test_a_failed_write_is_reported_and_made_up_for(project: ProjectFile) -> None:
    connection = project._connection
    connection.execute("PRAGMA query_only = ON")
    document = Document()
    document.subscribe(project.write)
    document.apply(edits.add_object(document, "one"))
    with pytest.raises(ProjectError, match="cannot be saved"):
        project.flush()
    connection.execute("PRAGMA query_only = OFF")
    project.close()
    assert [o.name for o in reopened(project.path).objects] == ["one"]


def test_whatever_fails_a_write_the_next_one_is_saved(
    project: ProjectFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overflow(*_: object) -> None:
        raise RuntimeError("too large")

    document = Document()
    document.subscribe(project.write)
    with monkeypatch.context() as broken:
        broken.setattr(database, "write_change", overflow)
        document.apply(edits.add_object(document, "one"))
        with pytest.raises(ProjectError, match="cannot be saved: too large"):
            project.flush()
    project.close()
    assert [o.name for o in reopened(project.path).objects] == ["one"]


WRITER = """
import sys
from pathlib import Path
from app.core import edits
from app.core.document import Document
from app.storage.project_file import ProjectFile

file = ProjectFile.create(Path(sys.argv[1]), {})
document = Document()
document.subscribe(file.write)
for number in range(100_000):
    document.apply(edits.add_object(document, str(number)))
    if number % 10 == 9:
        file.flush()
        print(number + 1, flush=True)
"""


FORGETFUL = """
import sys
from pathlib import Path
from app.core import edits
from app.core.document import Document
from app.storage.project_file import ProjectFile

file = ProjectFile.create(Path(sys.argv[1]), {})
document = Document()
document.subscribe(file.write)
for number in range(100):
    document.apply(edits.add_object(document, str(number)))
raise SystemExit("forgot to close")
"""


def test_a_program_that_ends_without_closing_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.tsam"
    command = [sys.executable, "-c", FORGETFUL, str(path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stderr.strip() == "forgot to close"
    assert len(reopened(path).objects) == 100


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_kill_loses_nothing_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.tsam"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        saved = [int(writer.stdout.readline()) for _ in range(5)][-1]
        os.kill(writer.pid, signal.SIGKILL)
        saved = max([saved, *(int(line) for line in writer.stdout if line.strip())])
    names = [o.name for o in reopened(path).objects]
    assert len(names) >= saved
    assert names == [str(number) for number in range(len(names))]
