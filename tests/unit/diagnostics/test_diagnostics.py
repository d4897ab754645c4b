import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.diagnostics import log
from app.diagnostics.crash import earlier_crash, runs_folder
from app.diagnostics.log import log_path, program_log
from app.diagnostics.report import diagnostics, without_folders
from tests.helpers.sources import ROOT


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    log._recent.clear()


@pytest.mark.parametrize(("is_debug", "is_there"), [(False, False), (True, True)])
def test_debug_logs_everything(is_debug: bool, is_there: bool) -> None:
    with program_log(is_debug):
        logging.getLogger("app.some").info("worth knowing")
        logging.getLogger("app.some").debug("a detail")
        logging.getLogger("other").debug("of others")
    text = log_path().read_text()
    assert "worth knowing" in text
    assert ("a detail" in text) == is_there
    assert "of others" not in text


def test_the_log_is_limited_in_size(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LOG_BYTES", 1000)
    with program_log(is_debug=False):
        for number in range(200):
            logging.getLogger("app").info("line %d %s", number, "x" * 50)
    files = sorted(home.glob("annotator.log*"))
    assert len(files) == 1 + log.KEPT_FILES
    assert max(file.stat().st_size for file in files) <= 1000
    assert "line 199 " in log_path().read_text()


def test_a_home_that_cannot_be_written_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "file" / "home"))
    assert main(["export", "no.tsam", "--out", "out"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_unexpected_error_of_a_command_is_logged_with_its_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("in the middle")

    monkeypatch.setattr("app.cli.export.Session.open", broken)
    assert main(["export", "no.tsam", "--out", "out"]) == 1
    assert "unexpected ZeroDivisionError" in capsys.readouterr().err
    assert "in broken" in log_path().read_text()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot open /home/ann/My Videos/case 7/dog.mp4: gone", "cannot open …/dog.mp4: gone"),
        ('File "/home/ann/a b/x.py", line 3, in run', 'File "…/x.py", line 3, in run'),
        (r"open C:\Users\Ann Lee\secret\dog.mp4.", "open …/dog.mp4."),
        (r"open \\server\ann\dog.mp4", "open …/dog.mp4"),
        ("s3://bucket/ann/dog.mp4 is slow", "s3:…/dog.mp4 is slow"),
        ("8/s, 3/4 frames and/or N/A", "8/s, 3/4 frames and/or N/A"),
        (f"{Path.home()}/dog.mp4", "…/dog.mp4"),
    ],
)
def test_names_of_files_stay_and_their_folders_go(text: str, shown: str) -> None:
    assert without_folders(text) == shown


def test_diagnostics_have_what_a_report_needs() -> None:
    with program_log(is_debug=False):
        logging.getLogger("app").warning("the file /home/ann/private/dog.mp4 is odd")
    text = diagnostics("tinysam2 · 576 px · cpu")
    assert "model: tinysam2 · 576 px · cpu" in text
    for part in ("Python: 3.", "torch 2.", "processor: ", "the file …/dog.mp4 is odd"):
        assert part in text
    assert "ann" not in text.replace("annotator", "").replace("TinySAM 2 annotator", "")


CRASH = """
import os, signal
from app.diagnostics.crash import crash_guard
from app.diagnostics.log import program_log
with program_log(False), crash_guard():
    os.kill(os.getpid(), getattr(signal, {name!r}))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize(("name", "is_crash"), [("SIGSEGV", True), ("SIGKILL", False)])
def test_a_crash_is_logged_and_reported_at_the_next_start(name: str, is_crash: bool) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONFAULTHANDLER"}
    code = CRASH.format(name=name)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
    with program_log(is_debug=False):
        sentence = earlier_crash()
    assert (str(log_path()) in sentence) == is_crash
    if is_crash:
        assert "Segmentation fault" in log_path().read_text()
    assert list(runs_folder().iterdir()) == []
    assert earlier_crash() == ""


def test_a_command_reports_an_earlier_crash_once(capsys: pytest.CaptureFixture[str]) -> None:
    runs_folder().mkdir(parents=True)
    for number in (999998, 999999):
        (runs_folder() / f"{number}.txt").write_text(f"trace {number}")
    main(["export", "no.tsam", "--out", "out"])
    first = capsys.readouterr().err
    main(["export", "no.tsam", "--out", "out"])
    assert first.count(str(log_path())) == 1
    assert str(log_path()) not in capsys.readouterr().err
    assert all(f"trace {number}" in log_path().read_text() for number in (999998, 999999))


def test_a_program_that_runs_has_not_crashed(home: Path) -> None:
    code = CRASH.replace("os.kill", "print(flush=True); input(); os.kill").format(name="SIGTERM")
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (trace,) = runs_folder().glob("*.txt")
        trace.write_text("an old trace")
        assert earlier_crash() == ""
        assert trace.exists()
        process.kill()
