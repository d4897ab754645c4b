"""The network is prepared in another process while the window works; then its engine is used."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.ui.controllers import engine_preparation
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui

PROGRAM = """
import pathlib, sys, time
folder = pathlib.Path({folder!r})
with (folder / "started.txt").open("a") as file:
    file.write(" ".join(sys.argv[1:]) + chr(10))
while not (folder / "go.txt").exists():
    time.sleep(0.01)
sys.exit(int((folder / "go.txt").read_text()))
"""


@pytest.fixture
def backend() -> FakeBackend:
    backend = FakeBackend()
    backend.is_prepared = False
    return backend


@pytest.fixture
def user(
    qtbot: QtBot, tmp_path: Path, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WindowDriver]:
    program = (sys.executable, "-c", PROGRAM.format(folder=str(tmp_path)))
    monkeypatch.setattr(engine_preparation, "this_program", lambda: program)
    with open_window(qtbot, small_clip(tmp_path, 12), backend) as driver:
        driver.wait(lambda: bool(started(tmp_path)))
        yield driver


def started(folder: Path) -> list[str]:
    path = folder / "started.txt"
    return path.read_text().splitlines() if path.exists() else []


def texts(user: WindowDriver) -> str:
    status = user.window.status
    return f"{status._hint.text()} {status._model.text()}"


def test_the_window_works_meanwhile_and_uses_the_engine_afterwards(
    user: WindowDriver, backend: FakeBackend, tmp_path: Path
) -> None:
    [command] = started(tmp_path)
    assert command.startswith(f"prepare {user.workspace.session.source.path} --watched")
    assert "--model tinysam2" in command
    assert "--engine auto" in command
    assert "Preparing the network for this computer" in texts(user)
    assert "preparing…" in texts(user)
    user.click_and_wait(20, 20)
    user.go(5)
    user.wait(lambda: backend.encoded[-1] == 5)
    assert len(started(tmp_path)) == 1, "it is not started again for every frame"
    backend.is_prepared = True
    encoded = len(backend.encoded)
    (tmp_path / "go.txt").write_text("0")
    user.wait(lambda: "preparing…" not in texts(user))
    assert "The network is prepared" in texts(user)
    user.wait(lambda: len(backend.encoded) > encoded)


def test_a_failure_leaves_the_window_as_it_is(user: WindowDriver, tmp_path: Path) -> None:
    (tmp_path / "go.txt").write_text("1")
    user.wait(lambda: "preparing…" not in texts(user))
    assert "is prepared" not in texts(user)
    user.click_and_wait(20, 20)
    user.go(5)
    user.wait_until_idle()
    assert len(started(tmp_path)) == 1


def test_the_process_ends_with_the_window(user: WindowDriver) -> None:
    process = user.workspace.preparation._process
    assert process is not None
    ended: list[int] = []
    process.finished.connect(lambda status, _kind: ended.append(status))
    user.close()
    user.wait(lambda: bool(ended))


def test_a_program_that_cannot_be_started_is_no_reason_to_stop(
    user: WindowDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    preparation = user.workspace.preparation
    monkeypatch.setattr(engine_preparation, "this_program", lambda: ("no such program",))
    settings = user.window.model.settings
    preparation._started_for = None
    preparation.start(settings)
    user.wait(lambda: preparation._process is None)
    user.click_and_wait(20, 20)
