"""The window responds while a slow disk is written to, and what waits for it follows afterwards."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from app.session import Session
from app.ui.dialogs.compare_dialog import CompareDialog
from app.ui.dialogs.comparison_window import ComparisonWindow
from app.ui.dialogs.export_dialog import ExportDialog, ExportResult
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.fake_catalog import FakeCatalog
from tests.helpers.session_driver import SessionDriver
from tests.helpers.window import WAIT_MS, WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set while the disk takes what is written to it."""
    is_ready = threading.Event()
    monkeypatch.setattr("app.storage.project_file.save_hourly", lambda *_: is_ready.wait(10))
    yield is_ready
    is_ready.set()


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowDriver]:
    with open_window(qtbot, small_clip(tmp_path, 5)) as user:
        yield user


def other_clip(folder: Path) -> Path:
    (folder / "b").mkdir()
    return small_clip(folder / "b", 4)


def status_message(user: WindowDriver) -> str:
    return " ".join(label.text() for label in user.window.status.findChildren(QLabel))


def names_in(project: Path) -> list[str]:
    session = Session.open(project, FakeBackend)
    session.close()
    return [tracked.name for tracked in session.document.objects]


def test_closing_waits_for_the_disk_without_blocking(
    user: WindowDriver, disk: threading.Event
) -> None:
    project = user.workspace.session.project_path
    SessionDriver(user.workspace.session).add_object("precious")
    user.window.close()
    user.window.close()  # a person may be impatient
    assert user.window.isVisible()
    with user.qtbot.waitSignal(user.window.closed, timeout=WAIT_MS):
        disk.set()
    assert not user.window.isVisible()
    assert names_in(project) == ["precious"]


def test_another_video_is_shown_once_the_disk_has_the_first_project(
    user: WindowDriver, disk: threading.Event, tmp_path: Path
) -> None:
    first = user.workspace.session
    SessionDriver(first).add_object("precious")
    with user.qtbot.waitSignal(user.window.opener.opened, timeout=WAIT_MS):
        user.window.open_path(other_clip(tmp_path))
    assert user.workspace.session is first
    disk.set()
    user.wait(lambda: user.workspace.session is not first)
    assert user.workspace.session.num_frames == 4


def test_save_confirms_when_everything_is_on_disk(
    user: WindowDriver, disk: threading.Event
) -> None:
    SessionDriver(user.workspace.session).add_object("precious")
    user.do("Save")
    assert "Saved in" not in status_message(user)
    disk.set()
    user.wait(lambda: "Saved in" in status_message(user))


def test_edits_made_while_a_copy_is_saved_are_in_the_copy(
    user: WindowDriver, disk: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "copy.tsam"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    session = user.workspace.session
    first = session.project_path
    SessionDriver(session).add_object("before")
    user.do("Save as…")
    SessionDriver(session).add_object("meanwhile")
    assert session.project_path == first
    disk.set()
    user.wait(lambda: session.project_path == target)
    user.wait(lambda: "copy.tsam" in user.window.windowTitle())
    user.close()
    assert names_in(target) == ["before", "meanwhile"]
    assert names_in(first) == ["before"]


def test_dialogs_of_a_session_close_with_it(user: WindowDriver, tmp_path: Path) -> None:
    user.click_and_wait(20, 20)
    workspace = user.workspace
    user.window.models.catalog = FakeCatalog()
    user.do("Compare policies…")
    user.wait(lambda: bool(user.window.findChildren(CompareDialog)))
    [comparing] = user.window.findChildren(CompareDialog)
    dialogs: list[QDialog | None] = [
        comparing,
        user.window.exporting.ask(workspace.session),
        workspace.policies.start(workspace.view.active_object or 0, range(5), comparing.variants),
    ]
    kinds = [CompareDialog, ExportDialog, ComparisonWindow]
    assert [type(each) for each in dialogs] == kinds
    user.open(other_clip(tmp_path))
    user.wait(lambda: not any(user.window.findChildren(kind) for kind in kinds))


def test_the_report_of_an_export_lets_the_user_work_on(user: WindowDriver, tmp_path: Path) -> None:
    user.window.exporting.exported.emit(ExportResult(tmp_path, (), ()))
    [report] = [each for each in user.window.findChildren(QDialog) if each.isVisible()]
    assert report.windowModality() is Qt.WindowModality.NonModal
    user.click_and_wait(20, 20)
    assert report.isVisible()
