"""A project's frames keep their numbers and images, whatever a later reading of the video finds."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.core.cancel import CancelToken
from app.core.errors import ProjectError, SourceError, VideoNotFoundError
from app.core.masks import RleMask
from app.jobs.verify import verify_job
from app.media import index as media_index
from app.media.source import open_source
from app.media.video import VideoSource
from app.session import Session
from app.storage.home import automatic_project_of_version_1
from app.storage.opening import open_any
from app.storage.source_link import describe_source, open_linked_source
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.session_driver import SessionDriver
from tests.helpers.sources import ROOT
from tests.helpers.synthetic_video import read_number, remux, write_numbered_clip

CASES = ROOT.parent / "shared" / "cases"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def damaged(plain_video: Path, tmp_path: Path) -> Path:
    """It announces more frames than can be decoded."""
    whole = remux(plain_video, tmp_path / "whole.mp4", after=["-movflags", "+faststart"])
    content = whole.read_bytes()
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content[: len(content) * 7 // 10])
    return path


def opened(path: Path) -> Session:
    return Session.open(path, FakeBackend)


def verify(session: Session) -> None:
    for step in verify_job(session.source)(CancelToken()):
        session.apply(step)


def annotate(session: Session, frame: int) -> None:
    driver = SessionDriver(session)
    driver.draw(driver.add_object("x"), frame, RleMask.encode(np.ones(session.size_hw, bool)))


def case(name: str) -> Path:
    if not CASES.is_dir():
        pytest.skip("needs the folder of cases")
    return CASES / name


def check_frames_stay(video: Path) -> None:
    session = opened(video)
    announced = session.num_frames
    verify(session)
    count = session.num_frames
    assert count < announced
    annotate(session, count - 1)
    image, time_s = session.source[count - 1].copy(), session.source.timestamp_s(count - 1)
    session.close()

    session = opened(video)
    try:
        assert session.num_frames == count
        verify(session)
        assert session.num_frames == count
        np.testing.assert_array_equal(session.source[count - 1], image)
        assert session.source.timestamp_s(count - 1) == time_s
        assert SessionDriver(session).masked_frames(1) == [count - 1]
    finally:
        session.close()


def test_a_damaged_video_keeps_the_frames_of_its_first_opening(damaged: Path) -> None:
    check_frames_stay(damaged)


def test_the_damaged_video_of_the_cases_keeps_its_frames() -> None:
    check_frames_stay(case("damaged.mp4"))


def test_frames_that_are_annotated_are_not_renumbered(damaged: Path) -> None:
    session = opened(damaged)
    announced = session.num_frames
    annotate(session, 3)
    verify(session)
    assert session.num_frames == announced
    session.close()
    session = opened(damaged)
    assert session.num_frames == announced
    session.close()


def test_another_reading_of_the_times_changes_nothing(
    plain_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(plain_video)
    annotate(session, 50)
    session.close()

    def fails(path: Path) -> None:
        raise AssertionError("the stored table was not used")

    monkeypatch.setattr(media_index, "read_index", fails)
    monkeypatch.setattr("app.media.video.read_index", fails)
    session = opened(plain_video)
    assert read_number(session.source[50]) == 50
    assert len(session.source) == 100
    session.close()


def test_images_added_to_a_folder_do_not_move_its_frames(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in (10, 20, 30):
        Image.new("RGB", (8, 6), (number, 0, 0)).save(folder / f"{number}.png")
    project = tmp_path / "p.tsam"
    source, _, file = open_any(folder, project)
    source.close()
    file.close()
    Image.new("RGB", (8, 6), (15, 0, 0)).save(folder / "15.png")
    source, _, file = open_any(project, None)
    assert [int(image[0, 0, 0]) for image in source] == [10, 20, 30]
    source.close()
    file.close()
    (folder / "20.png").unlink()
    with pytest.raises(SourceError, match=r"20\.png is missing"):
        open_any(project, None)


def test_an_image_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in (1, 2):
        Image.new("RGB", (8, 6), (number, 0, 0)).save(folder / f"{number}.png", compress_level=0)
    project = tmp_path / "p.tsam"
    source, _, file = open_any(folder, project)
    source.close()
    file.close()
    Image.new("RGB", (8, 6), (77, 0, 0)).save(folder / "2.png", compress_level=0)
    with pytest.raises(VideoNotFoundError, match="is not the video of"):
        open_any(project, None)


@pytest.fixture
def linked(tmp_path: Path) -> tuple[Path, Path]:
    """A video and its project, in two folders."""
    folder = tmp_path / "videos"
    folder.mkdir()
    clip = write_numbered_clip(folder / "clip.mp4", 6)
    project = tmp_path / "projects" / "p.tsam"
    source, _, file = open_any(clip, project)
    source.close()
    file.close()
    return clip, project


def renamed(clip: Path, project: Path) -> Path:
    return clip.rename(clip.with_name("another name.mp4"))


def renamed_and_replaced(clip: Path, project: Path) -> Path:
    moved = clip.rename(clip.with_name("first.mp4"))
    write_numbered_clip(clip, 9)
    return moved


def put_beside_the_project(clip: Path, project: Path) -> Path:
    return Path(shutil.move(clip, project.with_name("moved.mp4")))


@pytest.mark.parametrize("change", [renamed, renamed_and_replaced, put_beside_the_project])
def test_a_renamed_video_is_found_by_its_content(
    linked: tuple[Path, Path], change: Callable[[Path, Path], Path]
) -> None:
    clip, project = linked
    moved = change(clip, project)
    for _ in range(2):
        source, _, file = open_any(project, None)
        assert source.path == moved
        source.close()
        file.close()


def test_a_video_of_the_same_length_is_not_taken_for_it(linked: tuple[Path, Path]) -> None:
    clip, project = linked
    content = bytearray(clip.read_bytes())
    content[len(content) // 2] ^= 1
    clip.write_bytes(content)
    with pytest.raises(VideoNotFoundError, match="is not the video of"):
        open_any(project, None)


def test_a_link_with_a_long_value_is_one_short_sentence(linked: tuple[Path, Path]) -> None:
    clip, project = linked
    link = {**describe_source(open_source(clip), project), "frame_count": "9" * 5000}
    link["content_sha256"] = "of another video"
    with pytest.raises(VideoNotFoundError, match="is not the video of") as caught:
        open_linked_source(link, project, clip)
    assert len(str(caught.value)) < 500


def test_a_mask_of_another_size_than_the_frames_is_damage(linked: tuple[Path, Path]) -> None:
    project = linked[1]
    session = Session.open(project, FakeBackend)
    annotate(session, 0)
    driver = SessionDriver(session)
    driver.draw(1, 1, RleMask.encode(np.ones((1, 1), bool)))
    session.close()
    with pytest.raises(ProjectError, match="object 1 on frame 1 is not 96 x 64"):
        open_any(project, None)


def test_the_project_of_a_name_that_is_too_long_for_more_is_created(tmp_path: Path) -> None:
    clip = write_numbered_clip(tmp_path / f"{'x' * 246}.mp4", 3)
    session = opened(clip)
    annotate(session, 1)
    session.close()
    session = opened(clip)
    assert SessionDriver(session).masked_frames(1) == [1]
    session.close()


def test_a_path_that_is_not_utf_8_is_opened_and_found_again(tmp_path: Path) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 3)
    moved = clip.rename(tmp_path / "na\udce4chster.mp4")
    for _ in range(2):
        session = opened(moved)
        assert read_number(session.source[2]) == 2
        project = session.project_path
        session.close()
    source, _, file = open_any(project, None)
    assert source.path == moved
    source.close()
    file.close()


def test_the_project_that_version_1_made_is_found(tmp_path: Path) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 3)
    with open_source(clip) as source:
        assert isinstance(source, VideoSource)
        older = automatic_project_of_version_1(source)
    session = Session.open(clip, FakeBackend, older)
    annotate(session, 1)
    session.close()
    session = opened(clip)
    assert session.project_path == older
    assert SessionDriver(session).masked_frames(1) == [1]
    session.close()
