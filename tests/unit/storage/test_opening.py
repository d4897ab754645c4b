import shutil
from pathlib import Path

import pytest

from app.core import edits
from app.core.errors import ProjectError, SourceError
from app.session import Session
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.synthetic_video import write_numbered_clip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "videos").mkdir()
    return write_numbered_clip(tmp_path / "videos" / "clip.mp4", 6)


def opened(path: Path) -> Session:
    return Session.open(path, FakeBackend)


def with_object(path: Path) -> Path:
    session = opened(path)
    session.execute(edits.add_object(session.document, "ball"))
    session.close()
    return session.project_path


def names(path: Path) -> list[str]:
    session = opened(path)
    session.close()
    return [o.name for o in session.document.objects]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_same_video_resumes_its_project(clip: Path, home: Path) -> None:
    assert with_object(clip).is_relative_to(home)
    assert names(clip) == ["ball"]


def test_a_moved_video_resumes_its_project(clip: Path, tmp_path: Path) -> None:
    project = with_object(clip)
    moved = clip.rename(tmp_path / "clip.mp4")
    assert names(moved) == ["ball"]
    assert names(project) == ["ball"]


def test_another_video_of_the_same_name_starts_afresh(clip: Path) -> None:
    with_object(clip)
    write_numbered_clip(clip, 7)
    assert names(clip) == []


def test_project_and_video_may_move_together(clip: Path, tmp_path: Path) -> None:
    session = opened(clip)
    session.execute(edits.add_object(session.document, "ball"))
    session.save_as(clip.parent / "mine.tsam")
    session.close()
    shutil.move(clip.parent, tmp_path / "elsewhere")
    assert names(tmp_path / "elsewhere" / "mine.tsam") == ["ball"]


def test_a_missing_video_is_named(clip: Path) -> None:
    project = with_object(clip)
    clip.unlink()
    with pytest.raises(ProjectError, match=r"clip\.mp4 any more"):
        opened(project)


def test_another_video_in_its_place_is_refused(clip: Path) -> None:
    project = with_object(clip)
    write_numbered_clip(clip, 9)
    with pytest.raises(ProjectError, match=r"has 9 frames .* knows 6 frames"):
        opened(project)


def test_text_named_as_a_video_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("not a video")
    with pytest.raises(SourceError, match=r"notes\.mp4 cannot be opened as a video"):
        opened(path)


def test_a_failed_opening_leaves_no_project(tmp_path: Path, home: Path) -> None:
    with pytest.raises(SourceError):
        opened(tmp_path / "none.mp4")
    assert not home.exists()
