"""Kill programs at random moments of their work on a project, then look at what is left.

``python -m tests.helpers.killing MOMENTS SEED FOLDER`` prints one JSON object.  Each moment forks a
worker that repeats one kind of work and reports what it has committed, kills it, opens every
project in another process, and does the same work once more, undisturbed.
"""

import json
import os
import random
import select
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import IO

import numpy as np

from app.cli import main
from app.core.cancel import CancelToken
from app.core.document import Table
from app.core.masks import RleMask
from app.export.registry import export
from app.export.selection import Existing, ExportOptions
from app.jobs.import_masks import ImportPlan, ImportRequest, import_job, plan_job
from app.session import Session
from app.tracking import model_catalog
from app.tracking.backend import Direction
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import write_numbered_clip

FRAMES = 12
Report = Callable[[Path, int], None]


def create(folder: Path, report: Report, turn: int) -> None:
    project = folder / f"created{turn}.tsam"
    session = Session.open(folder / "clip.mp4", FakeBackend, project)
    report(project, 0)
    session.close()


def open_main(folder: Path) -> Session:
    return Session.open(folder / "clip.mp4", FakeBackend, folder / "main.tsam")


def edit(folder: Path, report: Report, turn: int) -> None:
    session = open_main(folder)
    driver = SessionDriver(session)
    for _ in range(8):
        driver.add_object()
        session.flush()
        report(session.project_path, count_rows(session))
        session.history.undo()
        session.history.redo()
    session.close()


def track(folder: Path, report: Report, turn: int) -> None:
    session = open_main(folder)
    driver = SessionDriver(session)
    object_id = driver.click_object(0)
    for step in driver.track_job(Direction.FORWARD, 0, [object_id])(CancelToken()):
        session.apply(step)
        session.flush()
        report(session.project_path, count_rows(session))
    session.close()


def save_as(folder: Path, report: Report, turn: int) -> None:
    session = open_main(folder)
    SessionDriver(session).add_object()
    session.save_as(folder / f"copy{turn % 3}.tsam")
    report(session.project_path, count_rows(session))
    session.close()


def migrate(folder: Path, report: Report, turn: int) -> None:
    project = folder / "old.tsam"
    partial = folder / "old.part"
    shutil.copy(folder / "version2.seed", partial)
    os.replace(partial, project)
    session = Session.open(project, FakeBackend)
    report(project, count_rows(session))
    session.close()


def export_masks(folder: Path, report: Report, turn: int) -> None:
    session = open_main(folder)
    driver = SessionDriver(session)
    if not session.document.rows(Table.MASKS):
        driver.draw(driver.add_object(), 0, RleMask.encode(np.ones(session.size_hw, bool)))
    options = ExportOptions(existing=Existing.REPLACE)
    export(session.document, session.source, "coco", folder / "out", options=options)
    session.flush()
    report(session.project_path, count_rows(session))
    session.close()


def import_masks(folder: Path, report: Report, turn: int) -> None:
    session = open_main(folder)
    plan = None
    for found in plan_job(session.document, session.source, ImportRequest(folder / "seed.json"))(
        CancelToken()
    ):
        plan = found
    assert isinstance(plan, ImportPlan)
    for step in import_job(plan, session.source, session.history.new_key())(CancelToken()):
        session.apply(step)
        session.flush()
        report(session.project_path, count_rows(session))
    session.close()


def track_headless(folder: Path, report: Report, turn: int) -> None:
    """Track on the command line; what an earlier run was killed at is resumed."""
    model_catalog.load_model = lambda settings: FakeBackend()
    clip, prompts = str(folder / "clip.mp4"), str(folder / "prompts.json")
    words = ["--out", str(folder / "tracked"), "--no-check", "--resume", "--overwrite"]
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as printed:
        status = main(["track", clip, "--prompts", prompts, *words])
    assert status == 0, printed.getvalue()
    report(folder / "main.tsam", 0)


WORK = (create, edit, track, save_as, migrate, export_masks, import_masks, track_headless)


def count_rows(session: Session) -> int:
    """Count the rows of a document, which the work only adds to."""
    return sum(len(session.document.rows(table)) for table in Table)


def prepare(folder: Path) -> None:
    """Write the video, a project of version 2 and masks to import."""
    clip = write_numbered_clip(folder / "clip.mp4", FRAMES, bframes=0)
    session = Session.open(clip, FakeBackend, folder / "seed.tsam")
    driver = SessionDriver(session)
    driver.click_object(0)
    driver.track(Direction.FORWARD, 0)
    report = export(session.document, session.source, "coco", folder / "seeds")
    shutil.copy(report.paths[0], folder / "seed.json")
    shutil.rmtree(folder / "seeds")
    session.close()
    as_version_2(folder / "seed.tsam")
    prompts = {"objects": [{"id": 1, "prompts": [{"frame": 0, "points": [[20, 20, 1]]}]}]}
    (folder / "prompts.json").write_text(json.dumps(prompts))
    (folder / "seed.tsam").rename(folder / "version2.seed")


def as_version_2(project: Path) -> None:
    """Turn a project into one of schema 2, which knew fewer tables and columns."""
    old = sqlite3.connect(project, isolation_level=None)
    for table in ("view", "history_steps", "history_rows"):
        old.execute(f"DROP TABLE {table}")
    for column in ("stated_origin", "base_stated_origin"):
        old.execute(f"ALTER TABLE masks DROP COLUMN {column}")
    old.execute("DELETE FROM source WHERE name IN ('project_id', 'content_sha256', 'frame_table')")
    old.execute("PRAGMA user_version = 2")
    old.close()


def forked(work: Callable[[IO[str]], None]) -> tuple[int, int]:
    """Run a function in a child; returns its process id and a pipe of what it writes."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            with os.fdopen(writing, "w", buffering=1) as pipe:
                work(pipe)
            status = 0
        except BaseException as error:  # noqa: BLE001 - reported to the parent
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(status)
    os.close(writing)
    return child, reading


def killed_after(folder: Path, work: Callable[..., None], delay_s: float) -> dict[str, int]:
    """Kill a worker ``delay_s`` after its first report; returns what it had committed."""

    def repeat(pipe: IO[str]) -> None:
        def report(project: Path, rows: int) -> None:
            pipe.write(json.dumps([project.name, rows]) + "\n")

        for turn in range(100_000):
            work(folder, report, turn)

    child, reading = forked(repeat)
    select.select([reading], [], [], 20)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        lines = [line for line in pipe.read().split("\n")[:-1] if line]
    committed: dict[str, int] = {}
    for name, rows in map(json.loads, lines):
        committed[name] = max(rows, committed.get(name, 0)) if name != "old.tsam" else rows
    return committed


def inspect(folder: Path, work: Callable[..., None], committed: dict[str, int]) -> list[str]:
    """Return what is wrong after a kill, found by a process of its own."""

    def look(pipe: IO[str]) -> None:
        for project in sorted(folder.glob("[!.]*.tsam")):
            try:
                session = Session.open(project, FakeBackend)
                rows = count_rows(session)
                session.close()
                if rows < committed.get(project.name, 0):
                    pipe.write(f"lost: {project.name} {rows} of {committed[project.name]}\n")
            except Exception as error:  # noqa: BLE001 - each is a finding
                pipe.write(f"unopenable: {project.name}: {error}\n")
        work(folder, lambda project, rows: None, 1)
        # The user's state folder has snapshots and a fixed number of lock files.
        kept = {"clip.mp4", "version2.seed", "seed.json", "prompts.json", "out", "tracked", "home"}
        for file in folder.glob("*"):
            if file.name.startswith(".") or (file.suffix != ".tsam" and file.name not in kept):
                pipe.write(f"left: {file.name}\n")
        is_tracked = work is track_headless
        for file in (*folder.glob("out/*"), *(folder.glob("tracked/*") if is_tracked else ())):
            if file.name.startswith(".") or file.suffix == ".tsam":
                pipe.write(f"left: {file.parent.name}/{file.name}\n")

    child, reading = forked(look)
    with os.fdopen(reading) as pipe:
        found = [line for line in pipe.read().split("\n") if line]
    _, status = os.waitpid(child, 0)
    return found if status == 0 else [*found, f"the next start failed with status {status}"]


def run(moments: int, seed: int, folder: Path) -> None:
    """Run the moments and print the findings."""
    chance = random.Random(seed)
    prepared, _ = forked(lambda pipe: prepare(folder))
    os.waitpid(prepared, 0)
    findings, commits = [], 0
    for moment in range(moments):
        work = WORK[moment % len(WORK)]
        committed = killed_after(folder, work, chance.random() * 0.6)
        commits += len(committed)
        findings += [f"{work.__name__}: {each}" for each in inspect(folder, work, committed)]
        for project in folder.glob("created*.tsam"):
            project.unlink()
        if moment % 21 == 20:
            (folder / "main.tsam").unlink(missing_ok=True)
    print(json.dumps({"moments": moments, "projects checked": commits, "findings": findings}))


if __name__ == "__main__":
    run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
