"""What every test gets: no screen, its own home, fixed seeds, a check for threads left running."""

import os
import random
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QStandardPaths, QThread
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

if "--headed" not in sys.argv:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"  # Qt reads it when the application starts
os.environ |= {"LANGUAGE": "", "LC_ALL": "C.UTF-8"}  # the window follows the system's language
os.environ.setdefault("OMP_NUM_THREADS", "1")  # toy networks: more threads only wait for each other

ROOT = Path(__file__).resolve().parent.parent
THREAD_GRACE_S = 2.0

_home = tempfile.TemporaryDirectory(prefix="tinysam2-tests-", ignore_cleanup_errors=True)
os.environ["TINYSAM2_HOME"] = _home.name
os.environ["TINYSAM2_ENGINE"] = "torch"  # measuring another engine would take seconds
_qt_threads: weakref.WeakSet[QThread] = weakref.WeakSet()
_patch = pytest.MonkeyPatch()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--headed", action="store_true", help="show the windows on the real screen")


def pytest_configure() -> None:
    QStandardPaths.setTestModeEnabled(True)
    start = QThread.start

    def start_and_remember(thread: QThread, *priority: QThread.Priority) -> None:
        _qt_threads.add(thread)
        start(thread, *priority)

    _patch.setattr(QThread, "start", start_and_remember)


def pytest_unconfigure() -> None:
    _patch.undo()
    _home.cleanup()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu"):
        torch = pytest.importorskip("torch")
        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@pytest.fixture(autouse=True)
def seeds() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - code under test may use libraries that draw from it
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    before = {*threading.enumerate(), *_running_qt_threads()}
    yield
    deadline = time.monotonic() + THREAD_GRACE_S
    while leaked := _running_threads() - before:
        if time.monotonic() > deadline:
            pytest.fail(f"threads left running: {sorted(map(str, leaked))}")
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def own_theme() -> Iterator[None]:
    """Take back the theme that the real program gave the one application all tests share."""
    yield
    application = QApplication.instance()
    if isinstance(application, QApplication) and application.styleSheet():
        application.setStyleSheet("")
        application.setPalette(application.style().standardPalette())


@pytest.fixture
def shared_data() -> Path:
    """Sample videos and evaluation data that are too large for the repository."""
    folder = Path(os.environ.get("TINYSAM2_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no test data in {folder}; set TINYSAM2_TEST_DATA to a folder that has it")
    return folder


def _running_threads() -> set[object]:
    python_threads = {thread for thread in threading.enumerate() if not thread.daemon}
    return python_threads | _running_qt_threads()


def _running_qt_threads() -> set[object]:
    return {thread for thread in list(_qt_threads) if isValid(thread) and thread.isRunning()}
