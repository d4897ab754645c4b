"""A project shows again what it showed; a moved video is located."""

import shutil
import threading
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.session import Session
from app.tracking.backend import TrackerBackend
from tests.helpers.fake_backend import FakeBackend, SlowLoader
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import write_numbered_clip
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui
FRAMES = 20


def test_frame_object_and_zoom_are_restored(qtbot: QtBot, tmp_path: Path) -> None:
    clip = small_clip(tmp_path, FRAMES)
    (tmp_path / "b").mkdir()
    other = small_clip(tmp_path / "b", 5)
    with open_window(qtbot, clip) as user:
        for name in ("dog", "ball"):
            SessionDriver(user.workspace.session).add_object(name)
        user.workspace.view.active_object = 2
        user.go(13)
        user.workspace.canvas.zoom_pan.center_on((60.0, 20.0), 9.0)
        user.open(other)
        assert user.workspace.view.frame == 0
        assert user.workspace.canvas.zoom_pan.is_fitted
        user.open(clip)
        view, viewport = user.workspace.view, user.workspace.canvas.viewport
        assert (view.frame, view.active_object) == (13, 2)
        assert viewport.scale == pytest.approx(9.0)
        assert viewport.center_xy == pytest.approx((60.0, 20.0), abs=0.5)
        assert "13 / 19" in user.window.status._frame.text()


def test_the_view_survives_a_crash(qtbot: QtBot, tmp_path: Path) -> None:
    with open_window(qtbot, small_clip(tmp_path, FRAMES)) as user:
        user.go(7)
        session = user.workspace.session
        user.wait(lambda: session.view.get("frame") == 7)  # stored without closing


def boxes(user: WindowDriver) -> list[QMessageBox]:
    return [box for box in user.window.findChildren(QMessageBox) if box.isVisible()]


def locate(user: WindowDriver) -> None:
    [box] = boxes(user)
    [button] = [b for b in box.findChildren(QPushButton) if b.text() == "Locate video…"]
    button.click()


def test_a_moved_video_is_located_and_another_one_refused(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = small_clip(tmp_path, FRAMES)
    with open_window(qtbot, clip) as user:
        SessionDriver(user.workspace.session).add_object("dog")
        project = tmp_path / "mine.tsam"
        user.workspace.session.save_as(project)
        (tmp_path / "b").mkdir()
        user.open(small_clip(tmp_path / "b", 5))
        moved = clip.rename(tmp_path / "b" / "renamed.mp4")
        wrong = write_numbered_clip(tmp_path / "b" / "wrong.mp4", 9)
        user.window.open_path(project)
        user.wait(lambda: bool(boxes(user)))
        chosen = str(wrong)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (chosen, ""))
        locate(user)
        user.wait(lambda: any("is not the video of" in box.text() for box in boxes(user)))
        chosen = str(moved)
        locate(user)
        user.wait(lambda: user.workspace.session.project_path == project)
        assert user.workspace.session.source.path == moved
        assert [each.name for each in user.document.objects] == ["dog"]
        user.open(small_clip(tmp_path / "b", 5))
        user.open(project)  # its new place is known


def test_a_project_is_writable_again_when_the_user_goes_back_to_it(
    qtbot: QtBot, tmp_path: Path
) -> None:
    clip = small_clip(tmp_path, FRAMES)
    others = [write_numbered_clip(tmp_path / f"{number}.mp4", 5) for number in range(2)]
    is_loading, can_load = threading.Event(), threading.Event()

    def load() -> TrackerBackend:
        is_loading.set()
        assert can_load.wait(10)
        return FakeBackend()

    with open_window(qtbot, clip, load=load) as user:
        user.wait(is_loading.is_set)
        for path in others:  # the first project is to be closed after the model is loaded
            user.open(path)
        user.window.open_path(clip)
        qtbot.wait(300)
        assert user.workspace.session.source.path == others[1]
        can_load.set()
        user.wait(lambda: user.workspace.session.source.path == clip)
        assert not user.workspace.session.read_only
        assert not boxes(user)


def test_a_window_that_is_closed_leaves_no_project_open(qtbot: QtBot, tmp_path: Path) -> None:
    clip = small_clip(tmp_path, FRAMES)
    load = SlowLoader(1.0)
    with open_window(qtbot, clip, load=load) as user:
        project = tmp_path / "mine.tsam"
        user.workspace.session.save_as(project)
        user.wait(load.has_started.is_set)
        user.open(write_numbered_clip(tmp_path / "other.mp4", 5))
        user.window.open_path(project)  # it waits for the model
        qtbot.wait(200)
    with closing(Session.open(project)) as session:
        assert not session.read_only


def test_the_open_project_is_found_by_every_path_to_it(qtbot: QtBot, tmp_path: Path) -> None:
    clip = small_clip(tmp_path, FRAMES)
    (tmp_path / "copies").mkdir()
    copy = Path(shutil.copy(clip, tmp_path / "copies"))
    with open_window(qtbot, clip) as user:
        session = user.workspace.session
        for path in (session.project_path, copy):
            user.window.status.clear_message()
            user.window.open_path(path)
            user.wait(lambda: "is already open." in user.window.status._hint.text())
            assert user.workspace.session is session
        assert not session.read_only
        assert not boxes(user)
