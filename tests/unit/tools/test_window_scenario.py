"""How a scenario sees the window: texts and frames on the screen, the project on disk."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.core.masks import RleMask
from app.session import Session
from tests.helpers.fake_backend import FakeBackend, disk
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import SIZE_HW
from tests.helpers.window import small_clip
from tools.window_scenario.checks import ScenarioError
from tools.window_scenario.frame_locator import displayed_frame, locate
from tools.window_scenario.project import read_project
from tools.window_scenario.screen_text import find_text

STROKE = disk(SIZE_HW, (60, 40), 4)


def test_an_open_project_is_read_as_it_is_on_disk(tmp_path: Path) -> None:
    session = Session.open(small_clip(tmp_path, 4), FakeBackend, tmp_path / "a.tsam")
    try:
        driver = SessionDriver(session)
        driver.click_object()
        driver.paint(1, 0, STROKE)
        session.store_view({"frame": 3.0})
        session.flush()
        project = read_project(session.project_path)
        own = session.document.mask(1, 0)
        assert own is not None
        assert project.objects == [1]
        assert project.mask_frames(1) == [0]
        assert RleMask.encode(project.mask(1, 0)) == own.mask
        assert RleMask.encode(project.painted(1, 0)) == STROKE
        assert project.points(1, 0) == [(20, 20, True)]
        assert project.view == {"frame": 3.0}
        driver.remove_object(1)
        session.flush()
        assert not read_project(session.project_path).rows
    finally:
        session.close()


@pytest.mark.gui
def test_a_text_is_found_where_it_is(qtbot: QtBot) -> None:
    label = QLabel("Verify run")
    qtbot.addWidget(label)
    label.setContentsMargins(30, 20, 50, 10)
    image = label.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    screen = rows[:, : image.width(), :3].copy()
    [(x, y)] = find_text(screen, "Verify run")
    assert 30 < x < image.width() - 50
    assert 20 < y < image.height() - 10
    assert find_text(screen, "Verify sun") == []


def test_a_frame_is_found_and_distinguished() -> None:
    rng = np.random.default_rng(0)
    coarse = [rng.integers(0, 255, (36, 64, 3), dtype=np.uint8) for _ in range(3)]
    frames = dict(enumerate(cv2.resize(each, (640, 360)) for each in coarse))
    screen = np.full((500, 700, 3), 30, np.uint8)
    with pytest.raises(ScenarioError, match="not on the screen"):
        locate(screen, frames[1])
    size = round(640 * 0.61), round(360 * 0.61)
    screen[70 : 70 + size[1], 120 : 120 + size[0]] = cv2.resize(frames[1], size)
    placement = locate(screen, frames[1])
    assert placement.on_screen(0, 0) == pytest.approx((120, 70), abs=1)
    assert placement.on_screen(640, 360) == pytest.approx((120 + size[0], 70 + size[1]), abs=2)
    assert displayed_frame(screen, placement, frames) == 1
