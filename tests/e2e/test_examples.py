"""The examples run as they are, on the sample clip."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.helpers.sources import ROOT
from tinysam2 import open_frames

pytestmark = pytest.mark.slow


def run_example(name: str, folder: Path, *arguments: str) -> str:
    """Run an example; what it prints on stderr is shown if the test fails."""
    return subprocess.run(
        [sys.executable, ROOT / "examples" / name, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def fox(frame: int) -> np.ndarray:
    labels = cv2.imread(
        str(ROOT / "resources" / "sample" / "masks" / f"{frame:05}.png"), cv2.IMREAD_GRAYSCALE
    )
    palette = np.unique(labels)
    return labels == palette[1]


def test_video_with_the_object_colored(tmp_path: Path) -> None:
    output = run_example("track_video.py", tmp_path)
    assert "frame 71:" in output
    with av.open(str(tmp_path / "out" / "track_video.mp4")) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 72
    assert shown[0].shape == (360, 640, 3)
    source = open_frames(ROOT / "resources" / "sample" / "sample.mp4")[0]
    change = np.abs(shown[0].astype(int) - source).sum(2)
    assert change[fox(0)].mean() > 5 * change[~fox(0)].mean()


def test_masks_of_the_object(tmp_path: Path) -> None:
    run_example("track_video.py", tmp_path, "--frames", "4", "--out", "masks")
    masks = sorted((tmp_path / "masks").iterdir())
    assert [path.name for path in masks] == [f"0000{i}.png" for i in range(4)]
    found, truth = cv2.imread(str(masks[3]), cv2.IMREAD_GRAYSCALE) > 0, fox(3)
    assert (found & truth).sum() / (found | truth).sum() > 0.7


def test_what_two_policies_remember(tmp_path: Path) -> None:
    output = run_example("compare_policies.py", tmp_path)
    assert output.startswith("quality ")
    out = tmp_path / "out" / "compare_policies"
    with (out / "memory.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == [str(i) for i in range(48)] * 2
    banks = {name: [r["bank"] for r in rows if r["policy"] == name] for name in ("quality", "fifo")}
    assert all(bank.split()[0] == "0" for bank in banks["quality"] + banks["fifo"])
    assert banks["fifo"][-1].split()[-1] == "47"  # first in, first out: the newest is always held
    assert banks["quality"] != banks["fifo"]
    chart = cv2.imread(str(out / "memory.png"))
    assert chart.shape == (48 * 6 + 80, 2 * (48 * 6 + 80), 3)
    assert len(np.unique(chart.reshape(-1, 3), axis=0)) > 2
