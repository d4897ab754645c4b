"""What the program makes of a command line without a command."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import main
from app.core.settings import ModelSettings

Opened = list[tuple[Path | None, ModelSettings | None]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    calls: Opened = []

    def run(path: Path | None, model: ModelSettings | None, crash: str) -> int:
        assert not crash
        calls.append((path, model))
        return 0

    monkeypatch.setattr("app.ui.application.run", run)
    return calls


def test_the_window_opens_with_the_model_of_last_time_by_default(
    opened: Opened, tmp_path: Path
) -> None:
    assert main([]) == 0
    assert main([str(tmp_path)]) == 0
    assert opened == [(None, None), (tmp_path, None)]


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (lambda file: ["--model", "edgetam"], lambda file: ModelSettings("edgetam")),
        (lambda file: ["--checkpoint", str(file)], lambda file: ModelSettings(checkpoint=file)),
        (
            lambda file: ["--device", "cpu", "--size", "256"],
            lambda file: ModelSettings(device="cpu", input_size=256),
        ),
    ],
)
def test_the_window_takes_the_model_options_of_track(
    opened: Opened,
    tmp_path: Path,
    words: Callable[[Path], list[str]],
    settings: Callable[[Path], ModelSettings],
) -> None:
    file = tmp_path / "w.safetensors"
    file.touch()
    assert main([str(tmp_path), *words(file)]) == 0
    assert opened == [(tmp_path, settings(file))]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["--model", "sam9"], 2, "There is no model 'sam9'"),
        (["--checkpoint", "gone.pt"], 1, "There is no weights file at gone.pt"),
        (["--size", "0"], 2, "whole number greater than 0"),
    ],
)
def test_a_model_that_cannot_be_is_refused_before_the_window_opens(
    opened: Opened,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
    sentence: str,
) -> None:
    assert main(words) == status
    assert sentence in capsys.readouterr().err
    assert opened == []


WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, ("PASSIVE", "1000")),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, ("ACTIVE", None)),
        ({"GOMP_SPINCOUNT": "7"}, ("PASSIVE", "7")),
    ],
)
def test_threads_wait_with_a_short_spin_unless_the_environment_says_otherwise(
    before: dict[str, str], after: tuple[str | None, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in WAITING:
        monkeypatch.setenv(name, before.get(name, ""))  # so that it is restored afterwards
        if name not in before:
            monkeypatch.delenv(name)

    main(["weights", "--json"])

    assert tuple(map(os.environ.get, WAITING)) == after


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["prepare", "a.mp4", "--threads", "1"], "--threads 1. See `tinysam2 prepare --help`."),
        (["weights", "list", "--all"], "--all. See `tinysam2 weights list --help`."),
        (["a.mp4", "--color"], "--color. See `tinysam2 --help`."),
    ],
)
def test_unknown_arguments_point_to_the_help_of_their_command(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == f"tinysam2: Unknown arguments: {sentence}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="its pipes report a closed end otherwise")
@pytest.mark.parametrize("words", [["weights", "list"], ["weights", "--help"], ["--version"]])
def test_output_that_nobody_reads_any_more_ends_the_program_quietly(words: list[str]) -> None:
    """As by ``tinysam2 weights list | head -1``."""
    command = [sys.executable, "-m", "app.cli", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_BUFFERED
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == b""
    assert program.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("words", ["weights list", "--help"])
def test_output_that_cannot_be_written_is_an_error_of_one_line(words: str) -> None:
    ended = _shell(f"{words} > /dev/full")
    assert ended.stderr.count("\n") == 1
    assert "No space left on device" in ended.stderr
    assert ended.returncode == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the syntax is that of a POSIX shell")
@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("check gone 2> /dev/full", 2),
        ("check gone 2>&-", 2),
        ("check gone >&- 2>&-", 2),
        ("weights list >&-", 0),
    ],
)
def test_the_exit_status_is_the_same_where_messages_cannot_be_written(
    words: str, status: int
) -> None:
    if "/dev/full" in words and not Path("/dev/full").exists():
        pytest.skip("Linux has a disk that is always full")
    ended = _shell(words)
    assert ended.stderr == ""
    assert ended.returncode == status


@pytest.mark.skipif(sys.platform == "win32", reason="the syntax is that of a POSIX shell")
def test_no_other_file_takes_the_place_of_a_closed_output(tmp_path: Path) -> None:
    """What libraries print must not become part of a video or a project."""
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys\nfrom app.cli import main\nmain(['--version'])\n"
        "sys.exit(os.open(os.devnull, os.O_RDONLY))\n"
    )
    ended = subprocess.run(
        f"exec '{sys.executable}' '{program}' >&- 2>&-",
        shell=True,
        env=_BUFFERED | {"PYTHONPATH": os.getcwd()},
        check=False,
    )
    assert ended.returncode > 2


_BUFFERED = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}


def _shell(words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        f"'{sys.executable}' -m app.cli {words}",
        shell=True,
        env=_BUFFERED,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_display_no_window_is_tried(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert main([]) == 1
    assert capsys.readouterr().err.startswith("tinysam2: There is no display to open the window")
    assert not opened
