from pathlib import Path

import pytest

from tests.unit.tinysam2.training.data_folder import make_data_folder
from tinysam2.checkpoints.native import save_checkpoint
from tinysam2.config import ModelConfig
from tinysam2.model.network import TinySam2
from tinysam2.training import throughput
from tinysam2.training.tracking.config import Phase

SMALL = ModelConfig(dim=96, memory_dim=32, mlp_dim=64, memory_layers=1, image_size=64)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Write a tiny recipe that starts from a tiny network and holds its data."""
    make_data_folder(tmp_path / "data")
    save_checkpoint(tmp_path / "start.safetensors", SMALL, TinySam2(SMALL).state_dict(), {})
    path = tmp_path / "recipe.toml"
    path.write_text(
        f"""
        stage = "tracking"
        data = "{tmp_path.as_posix()}/data"
        start = "{tmp_path.as_posix()}/start.safetensors"
        out = "{tmp_path.as_posix()}/out"
        held_side = 64
        synthetic = 1
        real = 1
        stills = 1
        workers = 0
        [[phases]]
        until = 1.0
        size = 64
        length = 4
        """
    )
    return path


def test_clips_a_second_are_printed_for_each_phase_and_nothing_is_written(
    recipe: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "REFERENCE", Phase(1.0, 64, length=3))
    throughput.main([str(recipe), "--seconds", "0.01"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"64 px, {length} frames, 2 clips and 1 stills a step" for length in (3, 4)
    ]
    for line in lines:
        made, learned = (float(part.split()[0]) for part in line.split(": ")[1].split(", "))
        assert made > learned > 0
    assert not (recipe.parent / "out").exists()


def test_what_cannot_be_measured_is_reported(
    recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        throughput.main([str(recipe), "--data", "nowhere"])
    assert "nowhere" in capsys.readouterr().err
