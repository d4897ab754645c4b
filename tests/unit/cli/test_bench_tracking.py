"""What `tinysam2 bench` measures of the tracker, with a toy network."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.cli import main
from app.cli.bench import comparison, long_video, tracking
from app.cli.bench.settings import BenchSettings
from app.cli.bench.stages import HOOKS, STAGES, StageRecorder
from app.cli.bench.tracking import WARM_UP_FRAMES, TrackingFigures
from app.media.source import open_source
from app.tracking.tinysam2_backend import TinySam2Backend
from tests.helpers.synthetic_video import write_numbered_clip
from tests.unit.tinysam2.toys import TOY, toy_model
from tinysam2.devices import processor_threads


@pytest.fixture(autouse=True)
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[BenchSettings]:
    """Use a toy network; returns the settings that asked for it."""
    found = []

    def load(settings: BenchSettings) -> TinySam2Backend:
        found.append(settings)
        size = settings.model.input_size or 128
        return TinySam2Backend(toy_model(), "toy", TOY.memory, size)

    for module in (tracking, comparison, long_video):
        monkeypatch.setattr(module, "load_backend", load)
    return found


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_numbered_clip(tmp_path / "clip.mp4", WARM_UP_FRAMES + 6)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["bench", *words, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_every_stage_of_a_frame_is_measured(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, str(clip), "--objects", "2", "--threads", "1", "--frames", "5")
    assert tuple(found["stages"]) == STAGES
    # Frames are read ahead, on a busy machine two during one, so that medians of reading may be 0.
    spent = {stage: each["worst_ms"] for stage, each in found["stages"].items()}
    assert all(each["count"] == 5 for each in found["stages"].values())
    assert all(spent[stage] > 0 for stage in STAGES)
    assert found["setting"]["objects"] == 2
    assert found["setting"]["threads"] == 1
    assert found["setting"]["precision"] == "float32"
    assert found["tokens"]["attended"] > 0
    assert found["memory"]["peak_rss_mb"] > 50
    assert found["frames_per_s"] > 0


@pytest.mark.parametrize("threads", [1, 2])
def test_stages_take_no_longer_than_the_frame(clip: Path, threads: int) -> None:
    with processor_threads(threads):
        found = tracking.measure(clip, tracking.load_backend(_setting()), objects=1, frames=4)
    # Of later frames, by a worker thread, which encodes them, too, if there are two threads.
    ahead = ("decode", "preprocess", "encode")[: threads + 1]
    tracked = [values for stage, values in found.stage_ms.items() if stage not in ahead]
    for index, frame_ms in enumerate(found.frame_ms):
        assert sum(values[index] for values in tracked) <= frame_ms


def _setting() -> BenchSettings:
    from app.core.settings import ModelSettings

    return BenchSettings(ModelSettings(), 1, None, False)


def test_a_short_video_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_numbered_clip(tmp_path / "short.mp4", WARM_UP_FRAMES)
    assert main(["bench", str(clip)]) == 2
    assert f"short.mp4 has {WARM_UP_FRAMES} frames." in capsys.readouterr().err


def test_a_stage_inside_another_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 3.0, 7.0])
    time = SimpleNamespace(perf_counter=lambda: next(clock))  # others may ask the real one
    monkeypatch.setattr("app.cli.bench.stages.time", time)
    recorder = StageRecorder()
    inner = recorder.timed("encode", lambda: "features")
    outer = recorder.timed("decode masks", lambda: inner())
    assert outer() == "features"
    spent = recorder.take()
    assert spent["encode"] == 2000
    assert spent["decode masks"] == 5000
    assert sum(recorder.take().values()) == 0


def test_nothing_is_wrapped_afterwards() -> None:
    before = [getattr(hook.target(), hook.function) for hook in HOOKS]
    with StageRecorder():
        assert all(
            getattr(hook.target(), hook.function) is not function
            for hook, function in zip(HOOKS, before, strict=True)
        )
    assert [getattr(hook.target(), hook.function) for hook in HOOKS] == before


def test_settings_take_turns_and_their_ratio_has_a_spread(
    clip: Path,
    loaded: list[BenchSettings],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    order: list[int] = []

    def measure(_: Path, backend: TinySam2Backend, objects: int, frames: int) -> TrackingFigures:
        order.append(backend.description.input_size)
        value = {64: [10.0, 12.0, 10.0], 128: [20.0, 20.0, 40.0]}[order[-1]]
        value_ms = value[order.count(order[-1]) - 1]
        return TrackingFigures(
            0.0, [value_ms] * frames, {stage: [1.0] * frames for stage in STAGES}
        )

    monkeypatch.setattr(comparison, "measure", measure)
    compared = ("--compare", "--size 64", "--size 128 --threads 1")
    found = printed(capsys, str(clip), *compared, "--turns", "3", "--objects", "2")
    assert order == [64, 128, 128, 64, 64, 128]
    assert [each.objects for each in loaded] == [2, 2]
    assert found["B"]["setting"]["threads"] == 1
    assert found["A"]["turns_ms"] == [10, 12, 10]
    assert found["a_over_b"] == {"median": 0.5, "least": 0.25, "most": 0.6}


def test_a_long_video_is_tracked_and_its_project_opened_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = long_video.write_video
    monkeypatch.setattr(
        long_video, "write_video", lambda path, frames: small(path, frames, (54, 96))
    )
    monkeypatch.setattr(long_video, "SETTLED_FRAME", 10)
    found = printed(capsys, "--long", "30")
    assert found["frames"] == 30
    assert [frame for frame, _ in found["rss_mb"]] == list(range(1, 31))
    assert found["rss_growth_mb_per_1000_frames"] is not None
    assert found["project_mb"] > 0
    assert found["reopen_s"] > 0


def test_the_synthetic_video_moves(tmp_path: Path) -> None:
    long_video.write_video(tmp_path / "long.mp4", 12, (108, 192))
    with open_source(tmp_path / "long.mp4") as source:
        assert len(source) == 12
        assert source.size_hw == (108, 192)
        first, last = source[0].astype(int), source[11].astype(int)
    assert first[54, 96, 0] > 180 > first[5, 5, 0]  # the disk is where the click goes
    assert abs(first - last).mean() > 5
