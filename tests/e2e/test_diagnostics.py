"""What the window does for the report of a fault."""

from pathlib import Path

import pytest
from PySide6.QtCore import qWarning
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox

from app.diagnostics.crash import runs_folder
from app.diagnostics.log import log_path
from tests.e2e.conftest import Start
from tests.helpers.synthetic_video import write_numbered_clip
from tests.helpers.window import WindowDriver

pytestmark = pytest.mark.gui


def test_a_crash_of_the_run_before_is_reported_once_with_the_place_of_the_log(
    tmp_path: Path, start: Start
) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 4)
    runs_folder().mkdir(parents=True, exist_ok=True)
    (runs_folder() / "999999.txt").write_text("Fatal Python error: Segmentation fault")
    shown: list[str] = []
    buttons: list[str] = []

    def look(user: WindowDriver) -> None:
        user.wait(lambda: True)
        boxes = user.window.findChildren(QMessageBox)
        shown.append("".join(box.text() for box in boxes))
        buttons.extend(button.text() for box in boxes for button in box.buttons())

    assert start(clip, look) == 0
    assert start(clip, look) == 0
    assert str(log_path()) in shown[0]
    assert shown[1] == ""
    assert sorted(text.replace("&", "") for text in buttons) == ["OK", "Open log"]
    assert "Segmentation fault" in log_path().read_text()


@pytest.mark.qt_log_ignore("a warning of Qt")
def test_diagnostics_are_copied_without_folders(tmp_path: Path, start: Start) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 4)
    copied: list[str] = []

    def copy(user: WindowDriver) -> None:
        qWarning(f"a warning of Qt about {clip}")
        user.window.action_set["Copy diagnostics"].trigger()
        copied.append(QGuiApplication.clipboard().text())

    assert start(clip, copy) == 0
    for part in ("TinySAM 2 annotator: ", "Qt: ", "processor: ", "model: ", "clip.mp4"):
        assert part in copied[0]
    assert str(tmp_path) not in copied[0]
    assert "a warning of Qt about" in log_path().read_text()
