"""Read damaged project rows, media and other files under a limit of memory and time.

``python -m tests.helpers.fuzzing KIND CASES SEED FOLDER`` prints what was neither read nor
refused in a sentence, as one JSON list; it needs no test runner, so that a crash is noticed.
KIND is ``rows`` (of projects), ``media``, or one of `tests.helpers.fuzzing_files`.
"""

import contextlib
import json
import random
import resource
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType

import numpy as np
from PIL import Image

from app.core import edits
from app.core.cancel import CancelToken
from app.core.document import Table
from app.core.errors import AppError
from app.core.masks import RleMask
from app.core.memory import Constraint
from app.jobs.verify import verify_index
from app.media.source import open_source
from app.session import Session
from app.tracking.backend import Direction
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.fuzzing_files import Case, file_cases
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import numbered_frame, write_numbered_clip

MEMORY_BYTES = 2 << 30
CASE_S = 20
MAX_SENTENCE = 1000  # characters
ODD_BYTES = (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff")
ODD_VALUES = (
    None, -1, 0, 1, 2**31, 2**53, 2**62, -1e308, 1e308, float("inf"), "", "x", "[]", "{}", "null",
    "[[]]", "[1e999]", "[" * 5000, '"' + "9" * 400, b"", b"\0", b"\xff" * 9, b"\x01\0\0\0" * 7,
    "100000", 100_000, "[1, 2]", '[0, "x"]', '["a", null]', "tracked", "pin",
)  # fmt: skip


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change, delete, repeat or cut off bytes."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        place, length = chance.randrange(len(changed) or 1), chance.randint(1, 64)
        kind = chance.randrange(5)
        if kind == 0 and changed:
            changed[place] = chance.randrange(256)
        elif kind == 1:
            del changed[place : place + length]
        elif kind == 2:
            changed[place:place] = changed[place : place + length]
        elif kind == 3:
            changed[place : place + 4] = chance.choice(ODD_BYTES)
        elif chance.random() < 0.2:
            del changed[place:]
    return bytes(changed)


def project_with_rows(folder: Path) -> Path:
    """Make a small project with rows in every table."""
    clip = write_numbered_clip(folder / "clip.mp4", 4)
    session = Session.open(clip, FakeBackend, folder / "seed.tsam")
    driver = SessionDriver(session)
    driver.click_object(0)

    driver.track(Direction.FORWARD, 0)
    driver.draw(1, 2, RleMask.encode(np.eye(*session.size_hw, dtype=bool)))
    driver.paint(1, 1, RleMask.encode(np.eye(*session.size_hw, dtype=bool)))
    driver.constrain(1, 3, Constraint.PIN)
    session.execute(edits.set_range(session.document, 0, 3))
    session.execute(edits.set_exclusive(session.document, True))
    session.history.undo()
    session.close()
    return folder / "seed.tsam"


def damage_rows(project: Path, chance: random.Random) -> str:
    """Change values of a project by SQL; returns what was changed."""
    connection = sqlite3.connect(project, isolation_level=None)
    changes = []
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%'"
        )
    ]
    for _ in range(chance.randint(1, 3)):
        table = chance.choice(tables)
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        column, value = chance.choice(columns), chance.choice(ODD_VALUES)
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        rows = connection.execute(f"SELECT {columns[0]}, {column} FROM {table}").fetchall()
        if not count:
            continue
        first, old = chance.choice(rows)
        if isinstance(old, bytes) and chance.random() < 0.5:
            value = mutated(old, chance)
        elif isinstance(old, str) and chance.random() < 0.5:
            value = mutated(old.encode(), chance).decode("utf-8", "ignore")
        changes.append(f"{table}.{column} = {value!r:.60}")
        with contextlib.suppress(sqlite3.Error, OverflowError):
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE {columns[0]} IS ?", (value, first)
            )
    connection.close()
    return "; ".join(changes)


def use_project(project: Path) -> None:
    """Open a project, look at everything in it, undo and redo everything, and save it."""
    session = Session.open(project, FakeBackend)
    try:
        document, history = session.document, session.history
        for row in document.rows(Table.MASKS).values():
            assert row.mask.decode().shape == session.size_hw
        for frame in range(session.num_frames):
            list(document.masks_on(frame))
        assert len(document.frame_range) == 2
        while history.undo_label is not None:
            history.undo()
        while history.redo_label is not None:
            history.redo()
        session.flush()
    finally:
        session.abandon()


def media_seeds(folder: Path) -> list[Path]:
    """Write a small file of each kind of media."""
    seeds = [
        write_numbered_clip(folder / "a.mp4", 6, bframes=0),
        write_numbered_clip(folder / "b.mkv", 6),
        write_numbered_clip(folder / "c.webm", 4, codec="libvpx-vp9", bframes=0),
        write_numbered_clip(folder / "d.ts", 6),
        write_numbered_clip(folder / "e.avi", 4, codec="mpeg4", bframes=0),
    ]
    images = [Image.fromarray(numbered_frame(n)) for n in range(3)]
    for name in ("f.gif", "g.png", "h.webp", "i.tif"):
        images[0].save(folder / name, save_all=True, append_images=images[1:])
        seeds.append(folder / name)
    for name in ("j.jpg", "k.bmp"):
        images[0].save(folder / name)
        seeds.append(folder / name)
    deep = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96)
    Image.fromarray(deep).save(folder / "l.png")
    return [*seeds, folder / "l.png"]


def use_media(path: Path) -> None:
    """Open a source, read frames in and out of order, and verify it."""
    with open_source(path) as source:
        for frame in (0, len(source) - 1, len(source) // 2):
            with contextlib.suppress(AppError):
                assert source[frame].shape == (*source.size_hw, 3)
                source.bgra(frame)
        source.frame_table()
        for _ in verify_index(source, CancelToken()):
            pass


def row_cases(count: int, seed: int, folder: Path) -> Iterator[Case]:
    """Yield what was damaged of a project, and a function that uses it, one at a time."""
    chance = random.Random(seed)
    original = project_with_rows(folder)
    damaged = folder / "damaged.tsam"
    for number in range(count):
        for old in folder.glob("damaged*"):
            old.unlink()
        shutil.copy(original, damaged)
        if number % 4 == 3:
            damaged.write_bytes(mutated(original.read_bytes(), chance))
            what = f"bytes, case {number}"
        else:
            what = damage_rows(damaged, chance)
        yield what, partial(use_project, damaged)


def media_cases(count: int, seed: int, folder: Path) -> Iterator[Case]:
    """Yield which kind of media was damaged, and a function that reads it, one at a time."""
    chance = random.Random(seed)
    originals = [(seed_file, seed_file.read_bytes()) for seed_file in media_seeds(folder)]
    for number in range(count):
        original, content = originals[number % len(originals)]
        damaged = folder / f"damaged{original.suffix}"
        damaged.write_bytes(mutated(content, chance))
        yield f"{original.name}, case {number}", partial(use_media, damaged)


def cases(kind: str, count: int, seed: int, folder: Path) -> Iterator[Case]:
    """Yield what was damaged, and a function that reads it, one at a time."""
    if kind == "rows":
        return row_cases(count, seed, folder)
    if kind == "media":
        return media_cases(count, seed, folder)
    return file_cases(kind, count, seed, folder)


def limited(found: Iterator[Case]) -> Iterator[tuple[str, str, bool]]:
    """Use each case for at most `CASE_S`; yields what it is, what is wrong, and if it was refused.

    A case that is read, or refused in one sentence, is right.
    """

    def too_long(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"longer than {CASE_S} s")

    before = signal.signal(signal.SIGALRM, too_long)
    for what, use in found:
        wrong, is_refused = "", False
        signal.alarm(CASE_S)
        try:
            use()
        except AppError as error:
            is_refused = True
            if "\n" in str(error) or len(str(error)) > MAX_SENTENCE:
                wrong = f"no sentence: {error}"
        except BaseException:  # noqa: BLE001 - all that is not a sentence is a failure
            wrong = traceback.format_exc(limit=-4)
        finally:
            signal.alarm(0)
        yield what, wrong, is_refused
    signal.signal(signal.SIGALRM, before)


def main(kind: str, count: int, seed: int, folder: Path) -> None:
    """Run the cases and print the failures."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    failures, refused = [], 0
    for what, wrong, is_refused in limited(cases(kind, count, seed, folder)):
        refused += is_refused
        if wrong:
            failures.append(f"{what}: {wrong}")
    print(json.dumps({"cases": count, "refused": refused, "failures": failures}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
