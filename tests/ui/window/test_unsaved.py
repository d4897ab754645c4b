"""The window does not close over changes that cannot be saved; what is read-only shows it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from app.core.errors import ProjectError
from app.session import Session
from app.storage.snapshots import snapshots_root
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.session_driver import SessionDriver
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui


def visible_boxes(user: WindowDriver) -> list[QMessageBox]:
    return [box for box in user.window.findChildren(QMessageBox) if box.isVisible()]


def shown(user: WindowDriver) -> QMessageBox:
    """Wait for a message box and return it."""
    user.wait(lambda: len(visible_boxes(user)) == 1)
    return visible_boxes(user)[0]


def click(box: QMessageBox, text: str) -> None:
    next(button for button in box.buttons() if button.text() == text).click()


@pytest.fixture
def unsaved(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowDriver]:
    """A window whose project file was deleted, so that a new object cannot be saved."""
    with open_window(qtbot, small_clip(tmp_path, 5)) as user:
        user.workspace.session.project_path.unlink()
        with suppress(ProjectError):
            SessionDriver(user.workspace.session).add_object("precious")
        user.window.close()
        assert user.window.isVisible()
        yield user


def names_in(project: Path) -> list[str]:
    session = Session.open(project, FakeBackend)
    session.close()
    return [tracked.name for tracked in session.document.objects]


def test_the_window_stays_and_the_work_is_saved_elsewhere(
    unsaved: WindowDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = shown(unsaved)
    assert "was moved, deleted or replaced" in box.text()
    target = tmp_path / "elsewhere.tsam"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    click(box, "Save elsewhere…")
    unsaved.wait(lambda: unsaved.workspace.session.project_path == target)
    with unsaved.qtbot.waitSignal(unsaved.window.closed):
        unsaved.window.close()
    assert names_in(target) == ["precious"]


def test_trying_again_asks_again_while_the_cause_remains(unsaved: WindowDriver) -> None:
    box = shown(unsaved)
    click(box, "Try again")
    unsaved.wait(lambda: visible_boxes(unsaved) not in ([], [box]))
    assert unsaved.window.isVisible()
    with unsaved.qtbot.waitSignal(unsaved.window.closed):
        click(shown(unsaved), "Close without saving")
    assert not unsaved.window.isVisible()


def test_canceling_leaves_the_window_as_it_was(unsaved: WindowDriver) -> None:
    click(shown(unsaved), "Cancel")
    assert unsaved.window.isVisible()
    assert [o.name for o in unsaved.document.objects] == ["precious"]
    unsaved.window.close()
    with unsaved.qtbot.waitSignal(unsaved.window.closed):
        click(shown(unsaved), "Close without saving")


def test_another_video_does_not_take_the_place_of_unsaved_work(
    unsaved: WindowDriver, tmp_path: Path
) -> None:
    click(shown(unsaved), "Cancel")
    (tmp_path / "b").mkdir()
    with unsaved.qtbot.waitSignal(unsaved.window.opener.opened):
        unsaved.window.open_path(small_clip(tmp_path / "b", 4))
    assert [o.name for o in unsaved.document.objects] == ["precious"]
    with unsaved.qtbot.waitSignal(unsaved.window.opener.opened):
        click(shown(unsaved), "Close without saving")
    unsaved.wait(lambda: unsaved.workspace.session.num_frames == 4)


def test_what_was_given_up_for_a_video_that_does_not_open_is_asked_about_again(
    unsaved: WindowDriver, tmp_path: Path
) -> None:
    click(shown(unsaved), "Cancel")
    (tmp_path / "b").mkdir()
    other = small_clip(tmp_path / "b", 4)
    with unsaved.qtbot.waitSignal(unsaved.window.opener.opened):
        unsaved.window.open_path(other)
    box = shown(unsaved)
    other.write_bytes(b"")
    click(box, "Close without saving")
    unsaved.wait(lambda: any(b is not box for b in unsaved.window.findChildren(QMessageBox)))
    for report in unsaved.window.findChildren(QMessageBox):
        report.close()
    unsaved.window.close()
    assert unsaved.window.isVisible()
    assert [o.name for o in unsaved.document.objects] == ["precious"]
    with unsaved.qtbot.waitSignal(unsaved.window.closed):
        click(shown(unsaved), "Close without saving")


def test_undo_changes_nothing_of_a_read_only_project(qtbot: QtBot, tmp_path: Path) -> None:
    clip = small_clip(tmp_path, 5)
    other = Session.open(clip, FakeBackend)
    SessionDriver(other).add_object("theirs")
    other.flush()
    with open_window(qtbot, clip) as user:
        assert user.history.undo_label == "Add theirs"
        with pytest.raises(ProjectError, match="read-only"):
            user.workspace.session.undo()
        assert [o.name for o in user.document.objects] == ["theirs"]
        assert user.history.undo_label == "Add theirs"
    other.close()


def test_a_project_open_elsewhere_is_read_only_and_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    clip = small_clip(tmp_path, 5)
    other = Session.open(clip, FakeBackend)
    SessionDriver(other).add_object("theirs")
    other.flush()
    with open_window(qtbot, clip) as user:
        assert "open in another program" in shown(user).text()
        assert "(read-only)" in user.window.windowTitle()
        assert [o.name for o in user.document.objects] == ["theirs"]
    other.close()


def test_a_snapshot_is_opened_from_the_menu(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = small_clip(tmp_path, 5)
    with open_window(qtbot, clip) as user:
        SessionDriver(user.workspace.session).add_object("a")
        user.workspace.session.flush()
        [snapshot] = user.workspace.session.snapshots_folder.glob("*.tsam")
        assert snapshot.is_relative_to(snapshots_root())
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(snapshot), ""))
        with qtbot.waitSignal(user.window.opener.opened):
            user.do("Open snapshot…")
        assert "is a snapshot" in shown(user).text()
        assert user.document.objects == []
