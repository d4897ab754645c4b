"""A disk that is full, read-only or gone: one sentence, the work intact, nothing left behind.

Every kind of work that writes to a disk meets every failure: creating, editing, tracking, saving
under another name, migrating, exporting and importing.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.core.cancel import CancelToken
from app.core.errors import AppError
from app.core.masks import RleMask
from app.export.registry import export
from app.jobs.import_masks import ImportRequest, import_job, plan_job
from app.session import Session
from app.tracking.backend import Direction
from tests.helpers.disks import fill, mounted
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.killing import as_version_2
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import write_numbered_clip

FRAMES = 6


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "home"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 1 MB."""
    with mounted(tmp_path / "disk") as mount:
        (mount / "work").mkdir()
        yield mount / "work"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_numbered_clip(tmp_path / "clip.mp4", FRAMES)


def becomes_full(disk: Path) -> None:
    fill(disk.parent)


def becomes_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk.parent], check=True)


def is_removed(disk: Path) -> None:
    shutil.rmtree(disk)
    disk.write_text("")  # nothing can be made in its place


Failure = Callable[[Path], None]


def noise(session: Session, seed: int = 0) -> RleMask:
    return RleMask.encode(np.random.default_rng(seed).random(session.size_hw) > 0.5)


def edit(session: Session, tmp_path: Path) -> None:
    for frame in range(FRAMES):
        SessionDriver(session).draw(1, frame, noise(session, frame))


def track(session: Session, tmp_path: Path) -> None:
    driver = SessionDriver(session)
    driver.click_object(0)
    driver.track(Direction.FORWARD, 0)


def import_masks(session: Session, tmp_path: Path) -> None:
    other = Session.open(tmp_path / "clip.mp4", FakeBackend, tmp_path / "other.tsam")
    SessionDriver(other).add_object("imported")
    edit(other, tmp_path)
    report = export(other.document, other.source, "coco", tmp_path / "masks")
    other.close()
    request = ImportRequest(report.paths[0])
    plan = list(plan_job(session.document, session.source, request)(CancelToken()))[-1]
    key = session.history.new_key()
    for step in import_job(plan, session.source, key)(CancelToken()):
        session.apply(step)


# A disk with an open project cannot become read-only; `test_survival.py` opens one that is.
@pytest.mark.parametrize("fails", [becomes_full, is_removed])
@pytest.mark.parametrize("work", [edit, track, import_masks])
def test_work_that_cannot_be_saved_is_kept_and_saved_elsewhere(
    clip: Path, disk: Path, tmp_path: Path, work: Callable[[Session, Path], None], fails: Failure
) -> None:
    session = Session.open(clip, FakeBackend, disk / "p.tsam")
    SessionDriver(session).add_object("a")
    session.flush()
    fails(disk)
    for _ in range(9):  # some changes fit into what the file has left
        try:
            work(session, tmp_path)
            session.flush()
        except AppError as error:
            sentence = str(error)
            break
    else:
        pytest.fail("nothing was reported")
    assert "\n" not in sentence
    with pytest.raises(AppError, match=r"p\.tsam"):
        session.close()
    done = rows_of(session)
    session.save_as(tmp_path / "elsewhere.tsam")
    session.close()
    again = Session.open(tmp_path / "elsewhere.tsam", FakeBackend)
    assert rows_of(again) == done
    again.close()


def rows_of(session: Session) -> dict[tuple[int, int], RleMask]:
    return {
        (tracked.object_id, frame): row.mask
        for frame in range(session.num_frames)
        for tracked, row in session.document.masks_on(frame)
    }


def create(session: Session, disk: Path) -> None:
    Session.open(session.source.path, FakeBackend, disk / "new.tsam").close()


def save_as(session: Session, disk: Path) -> None:
    session.save_as(disk / "copy.tsam")


def export_coco(session: Session, disk: Path) -> None:
    export(session.document, session.source, "coco", disk / "out")


def export_davis(session: Session, disk: Path) -> None:
    export(session.document, session.source, "davis", disk / "out")


@pytest.mark.parametrize("fails", [becomes_full, becomes_read_only, is_removed])
@pytest.mark.parametrize("work", [create, save_as, export_coco, export_davis])
def test_what_cannot_be_written_leaves_nothing(
    clip: Path, disk: Path, tmp_path: Path, work: Callable[[Session, Path], None], fails: Failure
) -> None:
    session = Session.open(clip, FakeBackend, tmp_path / "p.tsam")
    SessionDriver(session).add_object("a")
    edit(session, tmp_path)
    fails(disk)
    before = set(disk.parent.rglob("*"))
    with pytest.raises(AppError) as refused:
        work(session, disk)
    assert str(disk) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert set(disk.parent.rglob("*")) == before
    SessionDriver(session).add_object("b")  # where it was
    session.close()
    again = Session.open(tmp_path / "p.tsam", FakeBackend)
    assert [o.name for o in again.document.objects] == ["a", "b"]
    again.close()


@pytest.mark.parametrize("fails", [becomes_full, becomes_read_only])
def test_an_older_project_that_cannot_be_migrated_stays_as_it_is(
    clip: Path, disk: Path, fails: Failure
) -> None:
    path = disk / "old.tsam"
    session = Session.open(clip, FakeBackend, path)
    SessionDriver(session).add_object("a")
    edit(session, disk)
    masks = rows_of(session)
    session.close()
    as_version_2(path)
    before = path.read_bytes()
    fails(disk)
    session = Session.open(path, FakeBackend)
    assert session.read_only
    assert rows_of(session) == masks
    session.close()
    assert path.read_bytes() == before
    assert [file.name for file in disk.iterdir()] == ["old.tsam"]
