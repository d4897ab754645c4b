from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from tests.unit.tinysam2.training.labeling.bright import (
    DOUBTFUL,
    SURE,
    BrightPredictor,
    class_boxes,
    row,
    write_image,
    write_index,
)
from tinysam2.datasets.registry import DataRow, read_data
from tinysam2.training.labeling import labeler

BOX = (10, 10, 39, 39)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = []
    for i, gray in enumerate((SURE, DOUBTFUL)):
        write_image(tmp_path / f"data/images/{i}", (BOX, gray))
        rows.append(row("image", f"images/{i}", class_boxes(BOX), dataset=f"set{i}"))
    write_index(tmp_path / "data", *rows)
    monkeypatch.setattr(labeler, "load_image_model", lambda *_, **__: None)
    monkeypatch.setattr(labeler, "FramePredictor", BrightPredictor)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def label(*words: str) -> int:
    return main(["label", "data", "--out", "labels", "--workers", "0", *words])


def test_labels_are_written_and_summed_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert label() == 0
    message = capsys.readouterr().out
    assert message == "labels: 1 stills and 0 clips of 0 frames; 1 masks kept, 1 refused\n"
    assert label() == 0
    output = capsys.readouterr()
    assert output.out == message
    assert "2 were labeled before" in output.err
    (still,) = read_data((DataRow(folder / "labels", "index"),))[0].stills
    assert np.count_nonzero(still.labels() == 1) == 900


def test_datasets_criteria_and_limits_are_chosen(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert label("--datasets", "set1", "--min-iou", "0.5") == 0
    assert "1 masks kept, 0 refused" in capsys.readouterr().out
    assert label("--min-iou", "0.5") == 0  # more of the same
    assert "2 masks kept, 0 refused" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--limit", "0"), 2, "--limit must be at least 1"),
        (("--min-box-iou", "1.5"), 2, "--min-box-iou must be from 0 to 1"),
        (("--workers", "-1"), 2, "Workers must be at least 0"),
        (("--tracker", "nothing"), 2, "--tracker nothing is no file"),
        (("--datasets", "set7"), 1, "has no dataset 'set7'"),
        (("--method", "tracking"), 1, "holds nothing to label by tracking"),
    ],
)
def test_wrong_options_are_refused(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    assert label(*words) == status
    assert message in capsys.readouterr().err
    assert not (folder / "labels").exists()
