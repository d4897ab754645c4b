"""What an intent does when it meets something in its way, and whose keys are whose."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QMessageBox, QTableView, QToolButton
from pytestqt.qtbot import QtBot

from app.core.errors import ModelError
from app.tracking.backend import TrackerBackend
from app.ui.window.main_window import MainWindow
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return small_clip(tmp_path, 12)


@pytest.fixture
def user(qtbot: QtBot, clip: Path) -> Iterator[WindowDriver]:
    with open_window(qtbot, clip) as driver:
        driver.click_and_wait(20, 20)
        yield driver


def status_message(user: WindowDriver) -> str:
    status = user.window.status
    shown = (*status.findChildren(QLabel), *status.findChildren(QToolButton))
    return " ".join(widget.text() for widget in shown)


def test_a_locked_object_is_not_changed_and_the_status_bar_says_why(user: WindowDriver) -> None:
    user.press("L")
    before = user.document.prompts(1, 0)
    user.workspace.controller.add_point(30, 30, True)
    assert "object 1 is locked" in status_message(user)
    assert user.document.prompts(1, 0) == before


def test_tracking_without_prompts_shows_why(user: WindowDriver) -> None:
    user.do("New object")
    user.press("T")
    assert not user.window.model_jobs.running
    assert "nothing to track" in status_message(user)


def test_a_second_tracking_job_is_refused_while_one_runs(qtbot: QtBot, clip: Path) -> None:
    with open_window(qtbot, clip, FakeBackend(slow_s=0.05)) as user:
        user.click_and_wait(20, 20)
        user.press("T")
        user.press("Shift+T")
        assert len(user.window.model_jobs.running) == 1
        assert "Esc stops it" in status_message(user)


def test_deleting_removes_the_newest_point_then_all(user: WindowDriver) -> None:
    user.workspace.controller.add_point(50, 40, True)
    user.press("Delete")
    assert [(p.x, p.y) for p in user.document.prompts(1, 0).points] == [
        (pytest.approx(20, abs=1), pytest.approx(20, abs=1))
    ]
    user.press("Delete")
    assert user.document.prompts(1, 0).is_empty
    assert user.document.mask(1, 0) is None


def test_the_undo_action_names_the_step(user: WindowDriver) -> None:
    user.press("H")
    user.window.refresh_actions()
    assert user.window.action_set["Undo"].text() == "Undo change is visible of object 1"
    user.press("Ctrl+Z")
    assert user.document.object(1).is_visible


def test_in_and_out_frames_never_cross(user: WindowDriver) -> None:
    user.workspace.navigator.go(5)
    user.press("O")
    user.workspace.navigator.go(8)
    user.press("I")
    assert user.document.frame_range == (8, None)
    user.press("Ctrl+Shift+X")
    assert user.document.frame_range == (None, None)


def test_up_and_down_keys_go_to_the_focused_list(user: WindowDriver) -> None:
    user.press("N")
    user.workspace.objects.setFocus()
    assert isinstance(user.window.focusWidget(), QTableView)
    user.press("Up")
    assert user.workspace.view.active_object == 1
    user.press("Right")
    assert user.workspace.view.frame == 1
    user.press("T")
    assert user.window.model_jobs.running


def test_a_model_that_cannot_be_loaded_is_reported_on_first_use(qtbot: QtBot, clip: Path) -> None:
    def load() -> TrackerBackend:
        raise ModelError("There are no weights.", "Run `tinysam2 weights get`.")

    with open_window(qtbot, clip, load=load) as user:
        user.wait(lambda: "No model" in status_message(user))
        assert not user.window.findChildren(QMessageBox)
        user.click(20, 20)
        user.wait(lambda: bool(user.window.findChildren(QMessageBox)))
        [box] = user.window.findChildren(QMessageBox)
        assert box.text() == "There are no weights."
        assert len(user.document.prompts(1, 0).points) == 1


def test_a_window_can_be_closed_while_the_model_loads(qtbot: QtBot, clip: Path) -> None:
    loading = threading.Event()

    def load() -> TrackerBackend:
        loading.set()
        threading.Event().wait(0.3)
        return FakeBackend()

    with open_window(qtbot, clip, load=load) as user:
        user.wait(loading.is_set)
        user.wait(lambda: "Loading model" in status_message(user))
    assert not user.window.isVisible()


def test_a_window_can_be_closed_while_a_video_opens(qtbot: QtBot, clip: Path) -> None:
    window = MainWindow(load_backend=lambda settings: FakeBackend())
    window.open_path(clip)
    window.close()
    window.deleteLater()
