import gc
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.core.cancel import CancelToken
from app.core.errors import SourceError
from app.jobs.predict import preload_job
from app.jobs.verify import IndexStatus, VerifyResult, VerifyStep
from app.media.video import VideoSource
from app.session import Session
from app.tracking.backend import Direction
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import SIZE_HW, write_numbered_clip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs the list of open files")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 12)
    with closing(Session.open(clip, FakeBackend, tmp_path / "clip.tsam")) as session:
        yield session


def times_open(path: Path) -> int:
    """Return how often this process has a file open."""
    descriptors = Path("/proc/self/fd").iterdir()
    return sum(os.path.realpath(each) == str(path.resolve()) for each in descriptors)


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Leave to the collector nothing that should be closed."""
    gc.disable()
    yield
    gc.enable()


def test_a_replaced_reader_for_clicks_is_closed(session: Session, no_collection: None) -> None:
    assert isinstance(session.source, VideoSource)
    counts = []
    for index in (None, session.source.index, session.source.index):
        session.use_backend(FakeBackend)
        if index is not None:
            result = VerifyResult(IndexStatus.ADOPTED, len(index), index=index)
            session.apply(VerifyStep(1, 1, result))
        list(preload_job(session.jobs, 3)(CancelToken()))
        counts.append(times_open(session.source.path))
    assert counts == [2, 2, 2]  # the session's own and the one for clicks


def test_a_reader_that_nobody_closed_is_closed_when_it_is_dropped(
    session: Session, no_collection: None
) -> None:
    source = session.source
    before = times_open(source.path)
    assert source.clone()[3].shape == (*SIZE_HW, 3)
    assert times_open(source.path) == before


def test_a_run_names_the_video_that_is_away_and_works_when_it_is_back(session: Session) -> None:
    driver, video = SessionDriver(session), session.source.path
    object_id = driver.click_object()
    away = video.rename(video.with_name("away.mp4"))
    with pytest.raises(SourceError, match=r"clip\.mp4 does not exist"):
        driver.track(Direction.FORWARD, 0)
    away.rename(video)
    driver.track(Direction.FORWARD, 0)
    assert driver.masked_frames(object_id) == list(range(12))
