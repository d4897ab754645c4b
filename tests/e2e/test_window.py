"""The program as it is started: argv in, project file and exit status out."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.document import Table
from app.session import Session
from tests.helpers.sources import ROOT
from tests.helpers.window import WindowDriver, small_clip

pytestmark = pytest.mark.gui


def test_a_session_of_work_survives_the_program(start: Callable[..., int], tmp_path: Path) -> None:
    clip = small_clip(tmp_path, 20)

    def annotate(user: WindowDriver) -> None:
        user.click_and_wait(20, 20)
        user.press("T")
        user.wait_until_idle()
        user.press("Ctrl+Z")
        user.press("Ctrl+Y")

    assert start(clip, annotate) == 0
    session = Session.open(clip)
    try:
        frames = sorted(frame for _, frame in session.document.rows(Table.MASKS))
        assert frames == list(range(20))
    finally:
        session.close()
    found: list[list[int]] = []
    assert start(clip, lambda user: found.append(user.mask_frames())) == 0
    assert found == [list(range(20))]


def test_the_window_is_there_before_torch(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from app.ui.window.main_window import MainWindow\n"
        "from PySide6.QtWidgets import QApplication\n"
        "application = QApplication([])\n"
        "window = MainWindow()\n"
        "window.show()\n"
        "window.grab()\n"
        "print('torch' in sys.modules)\n"
        "window.close()\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == ["False"]


def test_stalls_of_the_window_are_written_on_request(
    start: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats = tmp_path / "beats.json"
    monkeypatch.setenv("TINYSAM2_GUI_HEARTBEAT", str(beats))
    assert start(small_clip(tmp_path, 4), lambda user: user.click_and_wait(20, 20)) == 0
    assert json.loads(beats.read_text("utf-8"))["longest_ms"] > 0
