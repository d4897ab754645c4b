"""The comparison with an implementation of others, with a fake one and a toy network."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.synthetic_video import write_numbered_clip
from tests.unit.tinysam2.toys import toy_model
from tools.reference_bench import __main__ as program
from tools.reference_bench import ours

FAKE = """
import time
from pathlib import Path


class Predictor:
    def __init__(self, config, overrides):
        self.asked = config, overrides

    def init_state(self, video_path):
        return sorted(Path(video_path).iterdir())

    def add_new_points_or_box(self, state, frame_idx, obj_id, points, labels):
        assert points.tolist() == [[48.0, 32.0]] and labels.tolist() == [1]

    def propagate_in_video(self, state):
        for _ in state:
            time.sleep(0.5)
            yield None


def build_sam2_video_predictor(config, device, apply_postprocessing, hydra_overrides_extra):
    assert config == "configs/toy.yaml" and hydra_overrides_extra == ["++model.image_size=128"]
    return Predictor(config, hydra_overrides_extra)
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / "clone" / "sam2"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "build_sam.py").write_text(FAKE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path / "clone"
    for name in ("sam2", "sam2.build_sam"):
        sys.modules.pop(name, None)


def test_both_take_turns_on_the_same_frames(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(program, "WARM_UP_FRAMES", 1)
    monkeypatch.setattr(ours, "random_model", lambda name, device: toy_model())
    clip = write_numbered_clip(tmp_path / "clip.mp4", 3)
    words = ["--reference", str(repository), "--config", "configs/toy.yaml", "--model", "toy"]
    words += ["--engine", "torch", "--precision", "float32"]
    sizes = ["--size", "128", "--frames", "2", "--turns", "2"]
    monkeypatch.setattr(sys, "argv", ["reference_bench", str(clip), *words, *sizes])
    program.main()
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    elapsed, processor = found["elapsed"], found["processor"]
    assert [len(turns) for turns in elapsed["turns_ms"].values()] == [2, 2]
    assert all(turn_ms >= 500 for turn_ms in elapsed["turns_ms"]["reference"])
    assert all(turn_ms < 250 for turn_ms in processor["turns_ms"]["reference"])  # it only waits
    order = [line.split(":")[0] for line in printed.err.splitlines()]
    assert order == ["reference", "ours", "ours", "reference"]
    ratio = elapsed["reference_over_ours"]
    assert ratio["least"] <= ratio["median"] <= ratio["most"]
