"""What `tinysam2 bench --gui` prints, and what it leaves alone."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.storage.home import home_folder
from app.tracking import model_catalog
from app.tracking.backend import TrackerBackend
from app.ui.benchmark.measurement import BenchmarkPlan, Measurement
from tests.helpers.fake_backend import FakeBackend

VALUES_MS = tuple(float(value) for value in range(1, 101))


@pytest.fixture
def homes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replace the measurements; returns the home folders that they found."""
    found = []

    def measure(video: Path, backend: TrackerBackend, plan: BenchmarkPlan) -> Iterator[Measurement]:
        assert home_folder().is_dir()
        found.append(home_folder())
        yield Measurement("seek", "seek to a random frame", VALUES_MS)
        yield Measurement("track", "track a frame, mean", (float(plan.tracked),))

    monkeypatch.setattr("app.ui.benchmark.window_benchmark.measure_window", measure)
    monkeypatch.setattr(model_catalog, "load_model", lambda settings: FakeBackend())
    return found


def test_figures_are_printed_as_json(homes: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    before = home_folder()
    assert main(["bench", "--gui", "--json", "--frames", "7"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["video"] == "sample.mp4"
    assert found["model"]["name"] == "fake"
    assert found["machine"]["cores"] == os.cpu_count()
    assert found["machine"]["cpu"]
    assert found["window"]["seek"] == {
        "median_ms": 50.5,
        "p95_ms": 95.05,
        "worst_ms": 100.0,
        "count": 100,
    }
    assert found["window"]["track"]["median_ms"] == 7
    assert home_folder() == before


def test_figures_are_printed_as_a_table(
    homes: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--gui"]) == 0
    machine, video, _, seek, track = capsys.readouterr().out.splitlines()
    assert f"{os.cpu_count()} cores" in machine
    assert video.startswith("sample.mp4, fake at 64 px on cpu")
    assert seek.split() == [*["seek", "to", "a", "random", "frame"], "50.5", "95.0", "100.0", "100"]
    assert track.split() == [*["track", "a", "frame,", "mean"], "60.0", "1"]


def test_the_engine_is_prepared_before_the_window_is_measured(
    homes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = FakeBackend()
    backend.is_prepared = False
    monkeypatch.setattr(model_catalog, "load_model", lambda settings: backend)
    seen: list[bool] = []

    def measure(video: Path, given: FakeBackend, plan: BenchmarkPlan) -> Iterator[Measurement]:
        seen.append(given.is_prepared)
        yield Measurement("seek", "seek to a random frame", VALUES_MS)

    monkeypatch.setattr("app.ui.benchmark.window_benchmark.measure_window", measure)
    assert main(["bench", "--gui"]) == 0
    assert seen == [True]


def test_settings_and_projects_of_the_user_stay(homes: list[Path]) -> None:
    main(["bench", "--gui"])
    [used] = homes
    assert used != home_folder()
    assert not used.exists()


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["--frames", "1"], 2, "--frames must be at least 2, got 1."),
        (
            ["--compare", "--size 576", "--size 704", "--turns", "0"],
            2,
            "--turns must be at least 1, got 0.",
        ),
        (
            ["--turns", "3"],
            2,
            "--turns is for --compare. Leave it out, or compare two settings.",
        ),
        (["--objects", "0"], 2, "--objects must be at least 1, got 0."),
        (["--long", "1"], 2, "--long must be at least 2, got 1."),
        (
            ["--compare", "--size 576", "--sizes 1024"],
            2,
            "--compare: unrecognized arguments: --sizes 1024. See `tinysam2 bench --help`.",
        ),
        (["--gui", "nothing.mp4"], 1, "nothing.mp4 does not exist."),
    ],
)
def test_wrong_requests_are_one_sentence(
    words: list[str], status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *words]) == status
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"tinysam2: {sentence}\n")
