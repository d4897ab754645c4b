"""Tracking jobs: the queue, what they track, and the play head."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from app.core.prompts import PointPrompt
from app.ui.panels.jobs_panel import JobRow
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.session_driver import SessionDriver
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui
FRAMES = 12


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return small_clip(tmp_path, FRAMES)


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def user(qtbot: QtBot, clip: Path, backend: FakeBackend) -> Iterator[WindowDriver]:
    with open_window(qtbot, clip, backend) as driver:
        driver.click_and_wait(20, 20)
        driver.press("N")
        driver.click_and_wait(60, 40)
        yield driver


def track(user: WindowDriver, object_id: int, key: str = "T") -> None:
    user.workspace.view.active_object = object_id
    user.press(key)


def rows(user: WindowDriver) -> list[JobRow]:
    """The rows of the jobs panel, from top to bottom."""
    found = user.window.jobs.findChildren(JobRow)
    layout = found[0].parentWidget().layout()
    assert layout is not None
    return sorted(found, key=layout.indexOf)


def texts(row: JobRow) -> list[str]:
    return [label.text() for label in row.findChildren(QLabel)]


def release(user: WindowDriver, backend: FakeBackend) -> None:
    """Let the job that waits at a frame continue, and all jobs end."""
    backend.wait_at = None
    user.wait_until_idle()


def row_of(user: WindowDriver, text: str) -> JobRow:
    [row] = [row for row in rows(user) if text in texts(row)[0]]
    return row


def labels(user: WindowDriver) -> list[str]:
    return [progress.label for progress in user.window.model_jobs.running]


def status_text(user: WindowDriver) -> str:
    return " ".join(label.text() for label in user.window.status.findChildren(QLabel))


def test_a_second_job_waits_and_the_status_bar_says_so(
    user: WindowDriver, backend: FakeBackend
) -> None:
    backend.wait_at = 1
    track(user, 1)
    track(user, 2)
    assert labels(user) == [
        "Track object 1, frames 0 to 11, forward",
        "Track object 2, frames 0 to 11, forward",
    ]
    assert "Queued: Track object 2, frames 0 to 11, forward." in status_text(user)
    assert "waiting for 1 job" in texts(rows(user)[1])
    release(user, backend)
    assert user.mask_frames(1) == user.mask_frames(2) == list(range(FRAMES))


def test_the_same_job_is_not_queued_twice(user: WindowDriver, backend: FakeBackend) -> None:
    backend.wait_at = 1
    for _ in range(4):
        track(user, 1)
    assert labels(user) == ["Track object 1, frames 0 to 11, forward"] * 2
    release(user, backend)


@pytest.mark.parametrize(
    ("keys", "side"), [("Shift+T", "before"), ("Ctrl+,", "before"), ("T", "after")]
)
def test_where_no_frame_follows_nothing_is_queued(user: WindowDriver, keys: str, side: str) -> None:
    frame = 0 if side == "before" else FRAMES - 1
    if frame:
        track(user, 1)
        user.wait_until_idle()
    user.workspace.view.frame = frame
    track(user, 1, keys)
    assert labels(user) == []
    assert f"There is no frame to track {side} frame {frame}." in status_text(user)


def test_waiting_jobs_are_reordered_and_canceled_one_by_one(
    user: WindowDriver, backend: FakeBackend
) -> None:
    backend.wait_at = 1
    for object_id, key in ((1, "T"), (2, "T"), (1, "Ctrl+T"), (2, "Ctrl+T")):
        track(user, object_id, key)
    assert not row_of(user, "object 2, frames 0 to 11, forward").up.isEnabled()
    assert not row_of(user, "object 2, frames 0 to 11, both ways").down.isEnabled()
    row_of(user, "object 2, frames 0 to 11, both ways").up.click()
    row_of(user, "object 2, frames 0 to 11, forward").down.click()
    expected = [
        "Track object 1, frames 0 to 11, forward",
        "Track object 2, frames 0 to 11, both ways",
        "Track object 2, frames 0 to 11, forward",
        "Track object 1, frames 0 to 11, both ways",
    ]
    assert labels(user) == expected
    assert [texts(row)[0] for row in rows(user)] == expected
    row_of(user, "object 2, frames 0 to 11, forward").cancel.click()
    assert len(labels(user)) == 3
    user.wait(lambda: len(backend.requests) == 1)
    row_of(user, "object 1, frames 0 to 11, forward").cancel.click()
    release(user, backend)
    asked = [(r.objects[0].object_id, r.direction.value) for r in backend.requests]
    assert asked == [(1, "forward"), (2, "both"), (1, "both")]
    assert user.mask_frames(2) == list(range(FRAMES))


def test_a_queued_job_uses_the_document_as_it_is_when_the_job_starts(
    user: WindowDriver, backend: FakeBackend
) -> None:
    backend.wait_at = 1
    track(user, 1)
    track(user, 2)
    SessionDriver(user.workspace.session).add_point(2, 0, 30, 30)
    release(user, backend)
    assert backend.requests[1].objects[0].prompts[0].points[-1] == PointPrompt(30, 30, True)


def test_a_queued_job_without_its_object_fails_with_a_message(
    user: WindowDriver, backend: FakeBackend
) -> None:
    backend.wait_at = 1
    track(user, 1)
    track(user, 2)
    SessionDriver(user.workspace.session).remove_object(2)
    release(user, backend)
    assert "There is nothing to track" in status_text(user)
    assert user.mask_frames(1) == list(range(FRAMES))
    backend.wait_at = 1
    track(user, 1)  # the queue still works
    assert len(labels(user)) == 1
    release(user, backend)


def test_stop_cancels_the_running_and_the_waiting_jobs(
    user: WindowDriver, backend: FakeBackend
) -> None:
    backend.wait_at = FRAMES // 2
    track(user, 1)
    track(user, 2)
    user.wait(lambda: len(user.mask_frames(1)) == FRAMES // 2)
    user.press("Esc")
    user.wait_until_idle()
    assert user.mask_frames(2) == [0]
    assert user.mask_frames(1) == list(range(FRAMES // 2))


def test_tracking_leaves_the_displayed_frame(user: WindowDriver) -> None:
    track(user, 1)
    user.wait_until_idle()
    assert user.workspace.view.frame == 0


def test_following_and_the_tracked_objects_are_remembered(
    user: WindowDriver, backend: FakeBackend, tmp_path: Path
) -> None:
    assert not user.window.action_set["Follow tracking"].isChecked()
    user.do("Follow tracking")
    user.do("Track all objects")
    (tmp_path / "other").mkdir()
    user.open(small_clip(tmp_path / "other", 8))
    user.window.refresh_actions()
    assert user.window.action_set["Follow tracking"].isChecked()
    assert user.window.action_set["Track all objects"].isChecked()
    user.click_and_wait(20, 20)
    backend.wait_at = 1
    user.press("T")
    assert labels(user) == ["Track all objects, frames 0 to 7, forward"]
    release(user, backend)
    assert user.workspace.view.frame == 7


def test_opening_another_video_ends_running_and_waiting_jobs(
    user: WindowDriver, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.wait_at, backend.ignores_cancel = 3, True  # the job ends after its workspace is gone
    track(user, 1)
    track(user, 2)
    user.wait(lambda: len(user.mask_frames(1)) == 3)
    (tmp_path / "other").mkdir()
    tracking = user.workspace.tracking
    user.open(small_clip(tmp_path / "other", 8))
    user.wait(lambda: not isValid(tracking))
    assert labels(user) == ["Track object 1, frames 0 to 11, forward"]
    release(user, backend)
    assert user.document.objects == []


def test_holding_the_key_of_one_frame_tracks_frame_after_frame(
    user: WindowDriver, backend: FakeBackend
) -> None:
    backend.wait_at = 1
    for _ in range(5):
        user.press("Ctrl+.")
    assert len(labels(user)) == 1
    release(user, backend)
    assert user.workspace.view.frame == 1
    user.press("Ctrl+.")
    user.wait_until_idle()
    assert user.workspace.view.frame == 2
    assert [request.start for request in backend.requests] == [0, 1]


def test_the_menu_tells_which_objects_are_tracked(user: WindowDriver) -> None:
    action = user.window.action_set["Track forward"]
    user.wait(lambda: action.text() == "Track forward (object 2)")
    user.rename(2, "cat & dog")
    user.wait(lambda: action.text() == "Track forward (cat && dog)")
    user.do("Track all objects")
    assert action.text() == "Track forward (all objects)"
    assert action.iconText() == "Forward"
