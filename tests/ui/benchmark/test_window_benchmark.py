"""The benchmark measures the real window, and ends in a sentence where it cannot."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.errors import AppError, SourceError, UsageError
from app.storage.home import home_folder
from app.ui.benchmark import window_benchmark
from app.ui.benchmark.event_wait import EventWait
from app.ui.benchmark.long_document import long_document
from app.ui.benchmark.measurement import MEASUREMENTS, BenchmarkPlan
from app.ui.benchmark.start_up import start_up_ms
from app.ui.benchmark.window_benchmark import measure_window
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.synthetic_video import write_numbered_clip
from tests.helpers.window import small_clip

pytestmark = pytest.mark.gui

SLOW_S = 0.02
PLAN = BenchmarkPlan(starts=2, seeks=6, clicks=2, tracked=5, repaints=3, long_frames=2000)
COUNTS = {
    "start": 2,
    "open": 1,
    "seek": 6,
    "seek_shown": 6,
    "first_click": 2,
    "click": 2,
    "track": 1,
    "gap": 1,
    "gap_cpu": 1,
    "use_gap": 1,
    "use_gap_cpu": 1,
    "canvas": 3,
    "timeline": 3,
}


@pytest.fixture(autouse=True)
def home(qtbot: QtBot) -> Iterator[None]:
    yield
    shutil.rmtree(home_folder(), ignore_errors=True)


@pytest.fixture
def quick_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_benchmark, "start_up_ms", lambda: 1.0)


@pytest.mark.usefixtures("quick_start")
def test_everything_is_measured_as_often_as_planned(tmp_path: Path) -> None:
    backend, interval_s = FakeBackend(SLOW_S), sys.getswitchinterval()
    measured = list(measure_window(small_clip(tmp_path, 12), backend, PLAN))
    found = {each.name: each.values_ms for each in measured}
    assert {name: len(values) for name, values in found.items()} == COUNTS
    assert len(found) == MEASUREMENTS
    assert all(value >= 0 for values in found.values() for value in values)
    for name in ("open", "seek", "canvas", "timeline"):
        assert min(found[name]) > 0
    for name in ("first_click", "click", "track"):  # no faster than the model
        assert min(found[name]) >= 1000 * SLOW_S
    assert [list(request.frames) for request in backend.requests] == [list(range(5))] * 2
    assert sys.getswitchinterval() == interval_s
    assert "geometry" in (home_folder() / "window.ini").read_text()  # nothing is written later
    assert not [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]


@pytest.mark.usefixtures("quick_start")
def test_what_cannot_be_measured_is_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    with pytest.raises(SourceError, match=r"broken\.mp4"):
        list(measure_window(broken, FakeBackend(), PLAN))
    single = write_numbered_clip(tmp_path / "single.mp4", 1)
    with pytest.raises(UsageError, match="one frame"):
        list(measure_window(single, FakeBackend(), PLAN))
    failing = FakeBackend(fail_at=3)
    with pytest.raises(AppError, match="the fake tracker was set to fail"):
        list(measure_window(small_clip(tmp_path, 12), failing, PLAN))


def test_starting_the_program_is_measured_in_a_process_of_its_own() -> None:
    assert start_up_ms() > 0


def test_a_window_that_does_not_respond_ends_the_wait(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ui.benchmark.event_wait.TIMEOUT_S", 0)
    application = QApplication.instance()
    assert application is not None
    with pytest.raises(AppError, match="did not respond"):
        EventWait().until(application.aboutToQuit, lambda: None)


def test_every_object_of_the_long_document_is_on_every_frame() -> None:
    document = long_document(500)
    assert [len(list(document.masks_on(frame))) for frame in (0, 250, 499, 500)] == [3, 3, 3, 0]
