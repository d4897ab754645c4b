import argparse
from pathlib import Path

import pytest

from app.cli.export_options import chosen_formats
from app.cli.options import (
    add_model_options,
    check_writable,
    chosen_frames,
    model_settings,
)
from app.cli.progress import Progress
from app.core.errors import ExportError, ModelError, UsageError
from app.core.settings import ModelSettings


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        (None, range(10)),
        ("2:5", range(2, 6)),
        ("3:", range(3, 10)),
        (":0", range(1)),
        ("9:9", range(9, 10)),
    ],
)
def test_ranges_include_both_ends(text: str | None, frames: range) -> None:
    assert chosen_frames(text, 10) == frames


@pytest.mark.parametrize("text", ["5", "a:b", "1.5:2", "5:2", "0:10", "-1:3"])
def test_wrong_ranges_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--range"):
        chosen_frames(text, 10)


def test_formats_are_checked() -> None:
    assert chosen_formats("davis, coco") == ["davis", "coco"]
    with pytest.raises(UsageError, match=r"no export format 'avi'\. Choose from davis"):
        chosen_formats("davis,avi")


def test_checking_a_folder_leaves_no_trace(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "deep")
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        check_writable(tmp_path / "file" / "out")


def test_progress_is_printed_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("tracking")
    for done in range(1, 4):
        progress.update(done, 3)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("tracking: 3/3 frames")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    "words", [["--model", "sam9"], ["--model", "edgetam", "--checkpoint", "x"]]
)
def test_models_and_weights_that_are_not_there_are_refused(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    add_model_options(parser)
    with pytest.raises((UsageError, ModelError), match=r"no model 'sam9'|no weights file at x"):
        model_settings(parser.parse_args(words))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of the clock that progress reads."""
    now = [100.0]
    monkeypatch.setattr("app.cli.progress.time.monotonic", lambda: now[0])
    return now


def test_slow_work_has_a_speed_too(capsys: pytest.CaptureFixture[str], now: list[float]) -> None:
    progress = Progress("tracking")
    now[0] += 40
    progress.update(2, 3)
    assert capsys.readouterr().err == "tracking: 2/3 frames, 0.05/s, 0:20 left\n"


def test_the_remaining_time_forgets_how_long_the_first_steps_took(
    capsys: pytest.CaptureFixture[str], now: list[float]
) -> None:
    progress = Progress("tracking")
    now[0] += 60  # loading, and the first frame
    progress.update(1, 101)
    for done in range(2, 50):
        now[0] += 1
        progress.update(done, 101)
    assert capsys.readouterr().err.splitlines()[-1] == "tracking: 46/101 frames, 1.0/s, 0:55 left"
    now[0] += 12
    progress.update(101, 101)
    assert capsys.readouterr().err == "tracking: 101/101 frames, 0.8/s\n"


def test_options_of_settings_choose_the_same_model(tmp_path: Path) -> None:
    weights = tmp_path / "own.safetensors"
    weights.touch()
    parser = argparse.ArgumentParser()
    add_model_options(parser)
    for settings in (
        ModelSettings(),
        ModelSettings("edgetam", weights, "cpu", 512, engine="openvino"),
    ):
        assert model_settings(parser.parse_args(settings.options())) == settings
